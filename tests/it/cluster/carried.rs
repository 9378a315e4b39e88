//! A command on its way to the owner of its chat, over the real NATS.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use actix::{Actor, Context, Handler};
use async_nats::Subscriber;
use bytes::Bytes;
use futures_util::StreamExt;
use prost::Message;
use serde_json::value::RawValue;
use tokio::time::timeout;
use troupe::actors::chat::requests::{ChatCommand, CommandAnswer, SendMessage, ToChat};
use troupe::actors::cluster::Cluster;
use troupe::actors::cluster::bus::Bus;
use troupe::actors::cluster::proto;
use troupe::actors::cluster::travelling::Travelling;
use troupe::actors::fanout::{Fanout, SocketRef};
use troupe::actors::group::Group;
use troupe::actors::placement::{ChatDoor, Remote};
use troupe::actors::request::ReplyTo;
use troupe::domain::message::{Draft, MessageKind};
use troupe::error::ErrorCode;
use troupe::id::{ChatId, ConnectionId, NodeId, UserId};
use uuid::Uuid;

use super::remote::bus::{node, settings};
use crate::support::{PATIENCE, eventually, eventually_some};

/// Stands where a shard of chats does, and keeps what comes.
#[derive(Clone, Default)]
struct Shard(Rc<RefCell<Vec<ToChat>>>);

impl Actor for Shard {
    type Context = Context<Self>;
}

impl Handler<ToChat> for Shard {
    type Result = ();

    fn handle(&mut self, message: ToChat, _: &mut Self::Context) {
        self.0.borrow_mut().push(message);
    }
}

fn socket(node: NodeId, call: u64) -> SocketRef {
    SocketRef {
        node,
        lane: 0,
        connection: ConnectionId::new(),
        call,
    }
}

fn sent_by(socket: SocketRef, chat_id: ChatId) -> ToChat {
    let payload = RawValue::from_string(r#"{"content":"hello"}"#.to_owned());
    let command = ChatCommand::Send(SendMessage {
        sender: UserId::new(),
        client_message_id: "c-1".to_owned(),
        is_named: true,
        draft: Draft {
            kind: MessageKind::Text,
            payload: payload.expect("JSON"),
            reply_to_id: None,
            content_hash: [9; 16],
        },
        forwarded: false,
        reply: CommandAnswer::socket(socket, None, Fanout::default()),
    });
    ToChat {
        chat_id,
        command,
        detained: false,
        came_as: None,
    }
}

/// A former owner has it from another node: that one waits for the answer, by its own number.
#[actix::test]
async fn a_send_that_waited_at_a_former_owner_is_answered_where_it_came_from() {
    let settings = settings();
    let shard = Shard::default();
    let door = ChatDoor::new(vec![shard.clone().start().recipient()]);
    let owner = node(&settings, &[Group::Chat], door, Vec::new()).await;
    let nobody = ChatDoor::new(Vec::new());
    let former = node(&settings, &[Group::Gateway], nobody, Vec::new()).await;
    let chat_id = ChatId::new();
    eventually("they see each other", async || !former.owns(chat_id)).await;
    let socket = socket(NodeId::new(), 4711);
    assert!(former.carry(sent_by(socket, chat_id)).is_none());
    eventually("it comes", async || !shard.0.borrow().is_empty()).await;
    let came = shard.0.borrow_mut().remove(0);
    assert_eq!(came.command.socket(), Some(socket));
    drop(owner);
}

/// The bytes of a field that no version has yet.
fn unknown() -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::string::encode(99, &"of a newer version".to_owned(), &mut bytes);
    bytes
}

/// Whether that is in a command which travelled.
fn holds_unknown(payload: &[u8]) -> bool {
    let unknown = unknown();
    payload.windows(unknown.len()).any(|part| part == unknown)
}

/// What commands for `node` go by, heard of by whoever has this bus. Another connection's messages may
/// overtake a subscription that the server has not read yet: it has once it answers behind it.
async fn overhear(bus: &Bus, node: NodeId) -> Subscriber {
    let subject = Bus::with_marks(&bus.commands(node));
    let heard = bus.subscribe(subject).await.expect("subscribed");
    let nobody = format!("nobody.{}", Uuid::new_v4());
    let answer = bus.client.request(nobody, Bytes::new()).await;
    answer.expect_err("nobody is there");
    heard
}

async fn next(heard: &mut Subscriber, what: &str) -> Bytes {
    let message = timeout(PATIENCE, heard.next()).await;
    message.expect(what).expect(what).payload
}

/// Two nodes with chats.
async fn two() -> [(Cluster, Shard); 2] {
    let settings = settings();
    let start = async || {
        let shard = Shard::default();
        let door = ChatDoor::new(vec![shard.clone().start().recipient()]);
        let cluster = node(&settings, &[Group::Chat], door, Vec::new()).await;
        (cluster, shard)
    };
    [start().await, start().await]
}

/// A chat that one owns as both see it.
async fn chat_of(owner: &Cluster, other: &Cluster) -> ChatId {
    let found = eventually_some("they see each other", async || {
        let chat_id = ChatId::new();
        (owner.owns(chat_id) && !other.owns(chat_id)).then_some(chat_id)
    });
    found.await
}

/// A newer version may say more than the node knows that passes it on, or a command of a new kind.
#[actix::test]
async fn what_a_former_owner_does_not_know_of_a_command_goes_on_with_it() {
    let [(owner, _), (former, former_shard)] = two().await;
    let chat_id = chat_of(&owner, &former).await;
    let (bus, sender) = (owner.bus(), NodeId::new());
    let mut passed = overhear(bus, owner.me()).await;
    let refresh = proto::Command {
        chat_id: proto::bytes(chat_id.0),
        from: proto::bytes(sender.0),
        call: 4711,
        what: Some(proto::command::What::Refresh(proto::Refresh {})),
        ..proto::Command::default()
    };
    let of_a_new_kind = proto::Command {
        what: None,
        ..refresh.clone()
    };
    let say = async |command: &proto::Command| {
        let to = bus.marked(bus.commands(former.me()), sender);
        let body = [command.encode_to_vec(), unknown()].concat();
        let sent = bus.client.publish(to, body.into()).await;
        sent.expect("sent");
    };
    for command in [&refresh, &of_a_new_kind] {
        say(command).await;
        let came = next(&mut passed, "passed on").await;
        assert!(holds_unknown(&came), "{came:?}");
        let came = proto::Command::decode(came).expect("readable");
        let expected = proto::Command {
            hops: 1,
            ..command.clone()
        };
        assert_eq!(came, expected);
    }

    // The chat's actor is still there, and goes first; one of a new kind cannot wait for that.
    former.arrived(chat_id);
    say(&of_a_new_kind).await;
    let came = next(&mut passed, "passed on").await;
    assert!(holds_unknown(&came), "{came:?}");
    say(&refresh).await;
    eventually("it waits", async || !former_shard.0.borrow().is_empty()).await;
    let waited = former_shard.0.borrow_mut().remove(0);
    former.left(chat_id);
    assert!(former.send_on(waited).is_none());
    let came = next(&mut passed, "sent on").await;
    assert!(holds_unknown(&came), "{came:?}");
    let came = proto::Command::decode(came).expect("readable");
    assert_eq!(came.from, proto::bytes(former.me().0));
    assert_ne!(came.call, 4711, "the former owner waits for the answer");
    assert_eq!(came.what, refresh.what);
}

/// Its answer names the number by which this node knows it now.
#[actix::test]
async fn a_send_of_ones_own_that_came_back_goes_out_under_its_new_number() {
    let [(owner, _), (here, own_shard)] = two().await;
    let chat_id = chat_of(&owner, &here).await;
    let bus = owner.bus();
    let mut sent = overhear(bus, owner.me()).await;
    let message = sent_by(socket(here.me(), 0), chat_id);
    assert!(here.carry(message).is_none());
    let first = next(&mut sent, "sent").await;
    // A third node has it by then, and passes it on to here, where the chat's actor still is.
    here.arrived(chat_id);
    let back = bus.marked(bus.commands(here.me()), NodeId::new());
    bus.client.publish(back, first.clone()).await.expect("sent");
    eventually("it is back", async || !own_shard.0.borrow().is_empty()).await;
    let back = own_shard.0.borrow_mut().remove(0);
    here.left(chat_id);
    assert!(here.send_on(back).is_none());
    let second = next(&mut sent, "sent again").await;
    let [first, second] =
        [first, second].map(|payload| proto::Command::decode(payload).expect("readable"));
    assert_ne!(second.call, first.call);
    let Some(proto::command::What::Send(send)) = second.what else {
        panic!("a send");
    };
    let socket = send.origin.and_then(|origin| origin.socket);
    assert_eq!(socket.expect("a socket").call, second.call);
}

/// What a node on the way sets counts, zeros too; what it does not know stays.
#[test]
fn what_is_set_on_the_way_overrides_what_came() {
    let came = proto::Command {
        from: vec![1; 16],
        call: 7,
        hops: 3,
        ..proto::Command::default()
    };
    let body = [came.encode_to_vec(), unknown()].concat();
    let mut travelling = Travelling::decode(body.into()).expect("readable");
    let set = proto::Command {
        from: vec![2; 16],
        ..proto::Command::default()
    };
    travelling.command = set.clone();
    let body = travelling.encode();
    assert!(holds_unknown(&body));
    assert_eq!(proto::Command::decode(body).expect("readable"), set);
}

/// Refused while there was nobody, a chat is not refused for good.
#[actix::test]
async fn what_comes_before_any_chats_are_served_does_not_bar_what_comes_after() {
    let settings = settings();
    let door = ChatDoor::new(Vec::new());
    let gateway = node(&settings, &[Group::Gateway], door.clone(), Vec::new()).await;
    door.reach_elsewhere(Arc::new(gateway.clone()));
    let chat_id = ChatId::new();
    let refused = door.ask(chat_id, ChatCommand::Refresh).await;
    let refused = refused.expect_err("there is nobody");
    assert_eq!(refused.code(), ErrorCode::Unavailable);
    let shard = Shard::default();
    let chats = ChatDoor::new(vec![shard.clone().start().recipient()]);
    let owner = node(&settings, &[Group::Chat], chats, Vec::new()).await;
    eventually("they see each other", async || !gateway.owns(chat_id)).await;
    let (reply, _answered) = ReplyTo::channel();
    door.tell(chat_id, ChatCommand::Refresh(reply));
    eventually("it comes", async || !shard.0.borrow().is_empty()).await;
    drop(owner);
}
