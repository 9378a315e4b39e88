//! Commands for chats of other nodes: sent to the owner, and again when nobody was there.

use std::time::Duration;

use super::calls::{Passed, Waiting};
use super::peers::{Outgoing, Peer};
use super::proto::{self, Malformed};
use super::{Cluster, calls, commands, inbound};
use crate::actors::chat::requests::ToChat;
use crate::actors::placement::Remote;
use crate::error::Failure;
use crate::id::{ChatId, NodeId};
use crate::trace;

/// How long after nobody took a command it is sent again.
const AGAIN: Duration = Duration::from_millis(100);

impl Remote for Cluster {
    fn carry(&self, message: ToChat) -> Option<ToChat> {
        if !self.has_chats() && !self.is_connected() {
            let away = "the other parts of this server cannot be reached now, try again";
            message.command.refuse(&Failure::unavailable(away));
            return None;
        }
        let Some(owner) = self.owner(message.chat_id) else {
            return Some(message);
        };
        // One that is passed on by a shard is made in no request any more.
        let trace = message.command.trace().or_else(trace::current);
        let elsewhere = message.command.socket().filter(|it| it.node != self.0.me);
        let (from, call) = match elsewhere {
            Some(socket) => (socket.node, socket.call),
            None => (self.0.me, self.0.calls.next()),
        };
        let encoded = commands::encode(message.command, call);
        let command = proto::Command {
            chat_id: proto::bytes(message.chat_id.0),
            from: proto::bytes(from.0),
            call: if encoded.waiting.is_some() { call } else { 0 },
            hops: 0,
            what: Some(encoded.what),
            traceparent: trace.map(|trace| trace.to_string()).unwrap_or_default(),
        };
        if elsewhere.is_some() {
            // It waited here. Its own node waits for the answer, by the number that it gave it.
            if let Some(Waiting::Send(answer)) = encoded.waiting {
                answer.leave_to_others();
            }
            inbound::pass(self, &owner, command);
            return None;
        }
        let outgoing = self.command_to(&owner, &command);
        if let Some(waiting) = encoded.waiting {
            self.0.calls.insert(owner.node(), command, waiting);
        }
        self.send_command(&owner, call, outgoing);
        None
    }

    fn owns(&self, chat_id: ChatId) -> bool {
        self.owner(chat_id).is_none()
    }
}

impl Cluster {
    fn command_to(&self, owner: &Peer, command: &proto::Command) -> Outgoing {
        let bounce = self.0.bus.bounce(self.0.me, command.call);
        Outgoing {
            bounce: (command.call != 0).then_some(bounce),
            ..Outgoing::new(self.0.bus.commands(owner.node()), command)
        }
    }

    fn send_command(&self, owner: &Peer, call: u64, outgoing: Outgoing) {
        if !owner.send(outgoing) {
            let full = Failure::unavailable("too much waits on the way to this chat, try again");
            self.0.calls.refuse(call, &full);
        }
    }

    /// Nobody took a command: its node is gone before it was counted out. It is counted out now,
    /// and the command goes to whoever owns the chat then, a moment later.
    pub(super) fn send_again(&self, call: u64) {
        if let Some(passed) = self.0.calls.take_passed(call) {
            return self.pass_again(passed);
        }
        let Some(bounced) = self.0.calls.bounced(call) else {
            return;
        };
        if bounced.is_late {
            let away = Failure::unavailable("the owner of this chat cannot be reached, try again");
            return self.0.calls.refuse(call, &away);
        }
        if let Some(node) = bounced.node {
            // Full means that enough was said of the same node.
            let _ = self.0.suspects.try_send(node);
        }
        let cluster = self.clone();
        actix::spawn(async move {
            tokio::time::sleep(AGAIN).await;
            cluster.send_now(call, bounced.command).await;
        });
    }

    /// The same with a command of another node, which this one passed on.
    fn pass_again(&self, passed: Passed) {
        // Full means that enough was said of the same node.
        let _ = self.0.suspects.try_send(passed.node);
        let cluster = self.clone();
        actix::spawn(async move {
            tokio::time::sleep(AGAIN).await;
            inbound::do_or_pass(&cluster, passed.command);
        });
    }

    /// A node is gone: the sends it had go to the next owners at once, in the order they were sent.
    pub(super) fn repeat_lost(&self, gone: NodeId) {
        let mut sends = self.0.calls.lost_with(gone);
        sends.sort_unstable();
        for call in sends {
            let Some(lost) = self.0.calls.bounced(call) else {
                continue;
            };
            if lost.is_late {
                self.0.calls.refuse(call, &calls::unknown());
                continue;
            }
            let cluster = self.clone();
            actix::spawn(async move { cluster.send_now(call, lost.command).await });
        }
    }

    async fn send_now(&self, call: u64, command: proto::Command) {
        let Ok(chat_id) = proto::id(&command.chat_id) else {
            return;
        };
        if let Some(owner) = self.owner(chat_id) {
            self.0.calls.redirect(call, owner.node());
            let outgoing = self.command_to(&owner, &command);
            return self.send_command(&owner, call, outgoing);
        }
        let decoded = command.what.ok_or(Malformed);
        let decoded = decoded.and_then(|what| commands::decode(what, &self.0.fanout));
        let Ok((command, replies)) = decoded else {
            return self.0.calls.refuse(call, &Failure::internal());
        };
        let is_frame = replies.is_empty();
        self.tell_here(ToChat { chat_id, command });
        if is_frame {
            return self.0.calls.answered(call);
        }
        let outcome = inbound::outcome(replies).await;
        self.0.calls.answer(call, outcome);
    }
}
