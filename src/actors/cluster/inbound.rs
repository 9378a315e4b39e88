//! What other nodes send: frames for sockets here, commands for chats here, answers, and who is
//! where. One task per subject, each in order.

use std::panic::{AssertUnwindSafe, catch_unwind};

use async_nats::{Message, StatusCode, Subscriber};
use futures_util::StreamExt;
use prost::Message as _;
use tokio::time::Instant;

use super::Cluster;
use super::asking;
use super::bus::{Bus, BusError};
use super::commands::{self, Replies};
use super::deliveries;
use super::directory::{Followed, PAGE};
use super::failed;
use super::lateness::{Lateness, Marked};
use super::peers::{Outgoing, Peer};
use super::proto::{self, Malformed, answer};
use super::retrying::Back;
use super::travelling::Travelling;
use crate::actors::chat::requests::ToChat;
use crate::actors::request::{Answer, wait};
use crate::error::{ErrorCode, Failure};
use crate::id::{ChatId, NodeId, UserId};
use crate::trace::{self, TraceContext};

/// A command is passed on so often; then its sender is told to try again.
const HOPS: u32 = 4;

/// What is done with a message of one subject.
type Take = fn(&Cluster, Message);
/// The same where messages are marked.
type TakeMarked = fn(&Cluster, Message, Marked);

/// Listens to everything that this node is sent.
pub async fn listen(cluster: &Cluster) -> Result<(), BusError> {
    let (bus, me) = (cluster.bus(), cluster.me());
    let marked: [(String, TakeMarked); 3] = [
        (bus.deliveries(me), take_deliveries),
        (bus.commands(me), take_command),
        (bus.answers(me), take_answer),
    ];
    for (subject, take) in marked {
        let messages = bus.subscribe(Bus::with_marks(&subject)).await?;
        actix::spawn(read_marked(cluster.clone(), messages, take));
    }
    let each: [(String, Take); 6] = [
        (bus.bounced(me), take_bounced),
        (bus.replies(me), take_reply),
        (bus.place_list(me), answer_place_list),
        (bus.places(), take_places),
        (bus.arrivals(me), take_arrival),
        (bus.presence(), take_presence),
    ];
    for (subject, take) in each {
        let messages = bus.subscribe(subject).await?;
        actix::spawn(read(cluster.clone(), messages, take));
    }
    Ok(())
}

async fn read_marked(cluster: Cluster, mut messages: Subscriber, take: TakeMarked) {
    let mut lateness = Lateness::new(Instant::now());
    while let Some(message) = messages.next().await {
        let marked = lateness.read(&message.subject, Instant::now());
        guarded(|| take(&cluster, message, marked));
    }
}

async fn read(cluster: Cluster, mut messages: Subscriber, take: Take) {
    while let Some(message) = messages.next().await {
        guarded(|| take(&cluster, message));
    }
}

/// A panic is one message's, not the end of all that comes here.
fn guarded(take: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(take)).is_err() {
        metrics::counter!("troupe_bus_panics_total").increment(1);
        tracing::error!("taking what another node sent panicked");
    }
}

fn take_deliveries(cluster: &Cluster, message: Message, marked: Marked) {
    if marked.is_late {
        return frames_lost(cluster, marked);
    }
    let Ok(message) = proto::Deliveries::decode(message.payload) else {
        proto::skipped("deliver");
        return cluster.fanout().lost();
    };
    if message.lost {
        frames_lost(cluster, marked);
    }
    let mut deliveries = deliveries::decode(message);
    // A send that was repeated may be answered twice; its socket hears it once.
    deliveries.retain(|(socket, _)| match socket {
        Some(socket) if socket.call != 0 => cluster.answered(socket.call),
        _ => true,
    });
    cluster.fanout().deliver_here(deliveries);
}

/// Heads tell what is missing; answers are had by asking again.
fn frames_lost(cluster: &Cluster, marked: Marked) {
    cluster.fanout().lost();
    if let Some(sender) = marked.sender {
        cluster.doubt(sender);
    }
}

fn take_command(cluster: &Cluster, message: Message, marked: Marked) {
    match Travelling::decode(message.payload) {
        // A send was repeated; of anything else whoever waits is told that nothing is known.
        Ok(travelling) if marked.is_replaced && travelling.call() != 0 => {}
        Ok(travelling) => do_or_pass(cluster, travelling, marked.sender),
        Err(_) => proto::skipped("chat"),
    }
}

/// Does a command that came from another node, or passes it on to who owns the chat as this one sees it.
/// Where that is the sender itself, it knows better: of two who see it otherwise one learned it sooner.
pub fn do_or_pass(cluster: &Cluster, travelling: Travelling, sender: Option<NodeId>) {
    let Ok(chat_id) = travelling.chat_id() else {
        return proto::skipped("chat");
    };
    let Some(mut travelling) = cluster.keep_behind(chat_id, travelling) else {
        return;
    };
    let hops = &mut travelling.command.hops;
    let owner = cluster.owner(chat_id);
    let owner = owner.filter(|owner| *hops < HOPS && sender != Some(owner.node()));
    // One of a kind that is not known here cannot wait here.
    let is_known = travelling.command.what.is_some();
    let detained = owner.is_some() && is_known && cluster.is_resident(chat_id);
    if let Some(owner) = owner.filter(|_| !detained) {
        *hops += 1;
        return pass(cluster, &owner, travelling);
    }
    do_here(cluster, chat_id, travelling, detained);
}

/// Does a command that travelled, or was to, on this node.
pub fn do_here(cluster: &Cluster, chat_id: ChatId, travelling: Travelling, detained: bool) {
    let (command, came_as) = travelling.into_parts();
    let Ok(from) = proto::id::<NodeId>(&command.from) else {
        return proto::skipped("chat");
    };
    let (call, is_own) = (command.call, from == cluster.me());
    if is_own && call != 0 && !cluster.calls().is_waiting(call) {
        // It was answered, and a copy comes back.
        return;
    }
    let span = trace::child(
        TraceContext::parse(&command.traceparent),
        || tracing::debug_span!(parent: None, "chat.command", chat.id = %chat_id, node.id = %cluster.me()),
    );
    let decoded = command.what.ok_or(Malformed);
    let decode = |what| span.in_scope(|| commands::decode(what, cluster.fanout()));
    let Ok((command, replies)) = decoded.and_then(decode) else {
        proto::skipped("chat");
        let refused = Failure::new(ErrorCode::Internal, "this node does not know that command");
        return send_answer(cluster, from, call, Err(refused));
    };
    // It gets another number, which stands deeper in it as well.
    let is_own_sockets = command.socket().is_some_and(|it| it.node == cluster.me());
    cluster.tell_here(ToChat {
        chat_id,
        command,
        detained,
        came_as: came_as.filter(|_| !is_own_sockets),
    });
    if !is_own {
        return answer_later(cluster, from, call, replies);
    }
    if replies.is_empty() {
        // The answer is a frame, and crosses no node any more.
        cluster.answered(call);
        return;
    }
    // It is before whatever goes to the chat here from now on.
    cluster.finish(Some(chat_id), call);
    let cluster = cluster.clone();
    actix::spawn(async move {
        let outcome = outcome(replies).await;
        cluster.answer(call, outcome);
    });
}

/// Passes on a command of another node, whose view of the owners and this one's differ for a moment.
pub fn pass(cluster: &Cluster, owner: &Peer, travelling: Travelling) {
    metrics::counter!("troupe_chat_not_owner_total").increment(1);
    let (call, from) = (travelling.call(), proto::id(&travelling.command.from));
    let outgoing = Outgoing::of(cluster.bus().commands(owner.node()), travelling.encode());
    let number = cluster.calls().pass(owner.node(), travelling);
    if owner.send(outgoing.answered_as(number)) {
        return;
    }
    cluster.calls().take_passed(number);
    if let Ok(from) = from {
        let away = Failure::unavailable("this chat is moving, try again");
        send_answer(cluster, from, call, Err(away));
    }
}

fn answer_later(cluster: &Cluster, to: NodeId, call: u64, replies: Replies) {
    if call == 0 || replies.is_empty() {
        return;
    }
    let cluster = cluster.clone();
    actix::spawn(async move {
        let outcome = outcome(replies).await;
        send_answer(&cluster, to, call, outcome);
    });
}

/// Waits for every answer; the first that failed counts.
pub async fn outcome(replies: Replies) -> Answer<Vec<u8>> {
    let mut body = Vec::new();
    if let Some(sent) = replies.sent {
        let view = wait(sent).await?;
        body = serde_json::to_vec(&view).map_err(|_| Failure::internal())?;
    }
    for done in replies.done {
        wait(done).await?;
    }
    Ok(body)
}

fn send_answer(cluster: &Cluster, to: NodeId, call: u64, outcome: Answer<Vec<u8>>) {
    if call == 0 {
        return;
    }
    if to == cluster.me() {
        return cluster.answer(call, outcome);
    }
    let Some(peer) = cluster.peers().find(to) else {
        return;
    };
    let answer = proto::Answer {
        call,
        outcome: Some(match outcome {
            Ok(json) => answer::Outcome::Done(json),
            Err(failure) => answer::Outcome::Failed(failed::encode(&failure)),
        }),
    };
    let subject = cluster.bus().answers(to);
    if !peer.send(Outgoing::new(subject, &answer)) {
        tracing::warn!("an answer to another node was not sent");
    }
}

/// Late or not, an answer is one.
fn take_answer(cluster: &Cluster, message: Message, _: Marked) {
    let Ok(answer) = proto::Answer::decode(message.payload) else {
        return proto::skipped("answer");
    };
    let outcome = match answer.outcome {
        Some(answer::Outcome::Done(json)) => Ok(json),
        Some(answer::Outcome::Failed(failed)) => Err(failed::decode(failed)),
        None => return proto::skipped("answer"),
    };
    cluster.answer(answer.call, outcome);
}

/// Nobody listens where a command was sent.
fn take_bounced(cluster: &Cluster, message: Message) {
    let mut marks = message.subject.rsplit('.');
    let call = marks.next().and_then(|mark| mark.parse().ok());
    let node = marks.next().and_then(|mark| mark.parse().ok());
    match (node, call) {
        (Some(node), Some(call)) if message.status == Some(StatusCode::NO_RESPONDERS) => {
            cluster.send_again(node, call, Back::NobodyThere);
        }
        _ => proto::skipped("bounced"),
    }
}

/// A part of the answer to a request, or that nobody listens where it was sent.
fn take_reply(cluster: &Cluster, message: Message) {
    let call = message.subject.rsplit('.').next().map(str::parse);
    let Some(Ok(call)) = call else {
        return proto::skipped("reply");
    };
    if message.status == Some(StatusCode::NO_RESPONDERS) {
        return cluster.asked().refuse(call, asking::nobody());
    }
    match proto::GroupAnswer::decode(message.payload) {
        Ok(answer) => cluster.asked().take(call, answer),
        Err(_) => proto::skipped("reply"),
    }
}

fn take_places(cluster: &Cluster, message: Message) {
    let Ok(places) = proto::Places::decode(message.payload) else {
        return proto::skipped("places");
    };
    let changes: Result<Vec<(UserId, bool)>, Malformed> = places
        .places
        .iter()
        .map(|place| Ok((proto::id(&place.user_id)?, place.present)))
        .collect();
    let (Ok(node), Ok(changes)) = (proto::id::<NodeId>(&places.node), changes) else {
        return proto::skipped("places");
    };
    // A node that is not known yet is asked for its list once it is.
    let Some(peer) = cluster.peers().find(node) else {
        return;
    };
    let followed = cluster
        .directory()
        .follow(node, peer.bit, places.first, &changes);
    if followed == Followed::Missed {
        cluster.ask_places(node);
    }
}

fn take_arrival(cluster: &Cluster, message: Message) {
    let Some(reply) = message.reply else { return };
    let Ok(arrival) = proto::Arrival::decode(message.payload) else {
        return proto::skipped("arrive");
    };
    let who = proto::id::<UserId>(&arrival.user_id);
    let (Ok(user), Ok(node)) = (who, proto::id::<NodeId>(&arrival.node)) else {
        return proto::skipped("arrive");
    };
    if let Some(peer) = cluster.peers().find(node) {
        cluster.directory().arrives(user, peer.bit);
    }
    let bus = cluster.bus().clone();
    actix::spawn(async move {
        // Who does not hear it in time goes on.
        let _ = bus.publish(reply.to_string(), &proto::Arrived {}).await;
    });
}

/// Answers a page of everyone who is here.
fn answer_place_list(cluster: &Cluster, message: Message) {
    let Some(reply) = message.reply else { return };
    let Ok(asked) = proto::PlaceListRequest::decode(message.payload) else {
        return proto::skipped("places");
    };
    let Ok(after) = proto::optional_id::<UserId>(&asked.after) else {
        return proto::skipped("places");
    };
    // The number first: whoever comes meanwhile is told of again.
    let number = cluster.directory().told();
    let mut users = cluster.fanout().users_here();
    users.retain(|user| after.is_none_or(|after| *user > after));
    users.sort_unstable();
    let more = users.len() > PAGE;
    users.truncate(PAGE);
    let list = proto::PlaceList {
        number,
        user_ids: users.iter().map(|user| proto::bytes(user.0)).collect(),
        more,
    };
    let bus = cluster.bus().clone();
    actix::spawn(async move {
        if let Err(error) = bus.publish(reply.to_string(), &list).await {
            tracing::warn!(cause = %error, "a list of who is here was not sent");
        }
    });
}

fn take_presence(cluster: &Cluster, message: Message) {
    let presence = proto::Presence::decode(message.payload);
    match presence.map(|presence| presence.read()) {
        Ok(Ok((node, changed))) if node != cluster.me() => {
            cluster.0.fanout.announcer().announce(changed)
        }
        Ok(Ok(_)) => {}
        _ => proto::skipped("presence"),
    }
}
