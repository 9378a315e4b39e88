//! Commands for chats of other nodes, on their way to the owner.

use super::calls::Waiting;
use super::peers::{Outgoing, Peer};
use super::proto;
use super::routes::Turn;
use super::travelling::Travelling;
use super::{Cluster, commands, inbound};
use crate::actors::chat::requests::{ChatCommand, ToChat};
use crate::actors::fanout::SocketRef;
use crate::actors::placement::Remote;
use crate::error::Failure;
use crate::id::{ChatId, NodeId};
use crate::trace;

impl Remote for Cluster {
    fn carry(&self, message: ToChat) -> Option<ToChat> {
        let owner = self.owner(message.chat_id);
        let detained = owner.is_some() && self.0.residents.is_here(message.chat_id);
        let message = if detained {
            Some(ToChat {
                detained,
                ..message
            })
        } else {
            self.send_to(owner, message)
        };
        message.inspect(|message| self.0.residents.comes(message.chat_id))
    }

    fn send_on(&self, message: ToChat) -> Option<ToChat> {
        self.send_to(self.owner(message.chat_id), message)
    }

    fn owns(&self, chat_id: ChatId) -> bool {
        self.owner(chat_id).is_none()
    }

    fn arrived(&self, chat_id: ChatId) {
        self.0.residents.arrived(chat_id);
    }

    fn left(&self, chat_id: ChatId) {
        self.0.residents.left(chat_id);
    }

    fn handled(&self, chat_id: ChatId) {
        self.0.residents.handled(chat_id);
    }
}

impl Cluster {
    fn send_to(&self, owner: Option<Peer>, mut message: ToChat) -> Option<ToChat> {
        message.detained = false;
        if !self.has_chats() && !self.is_connected() {
            let away = "the other parts of this server cannot be reached now, try again";
            message.command.refuse(&Failure::unavailable(away));
            return None;
        }
        if !matches!(message.command, ChatCommand::Send(_)) {
            return self.send_unordered(owner, message);
        }
        let elsewhere = message.command.socket().filter(|it| it.node != self.0.me);
        if let Some(socket) = elsewhere {
            return self.pass_to(owner, socket, message);
        }
        let _placing = self.0.placing.read();
        let node = owner.as_ref().map(Peer::node);
        let call = node.map_or(0, |_| self.0.calls.next());
        match self.0.routes.turn(node, call, message) {
            Turn::Now(message) => match owner {
                Some(owner) => {
                    self.send_as(&owner, call, message);
                    None
                }
                None => Some(message),
            },
            Turn::Waits => None,
            Turn::Full(message) => {
                message.command.refuse(&full());
                None
            }
        }
    }

    /// What is no send goes by its own way.
    fn send_unordered(&self, owner: Option<Peer>, message: ToChat) -> Option<ToChat> {
        let Some(owner) = owner else {
            return Some(message);
        };
        let call = self.0.calls.next();
        self.send_as(&owner, call, message);
        None
    }

    pub(super) fn send_as(&self, owner: &Peer, call: u64, message: ToChat) {
        let (command, waiting) = travelling(message, self.0.me, call);
        let outgoing = self.command_to(owner, &command);
        if let Some(waiting) = waiting {
            self.0.calls.insert(owner.node(), command, waiting);
        }
        self.send_command(owner, call, outgoing);
    }

    /// A send of another node's socket, which waited here: that node waits for its answer, by the
    /// number that it gave it.
    fn pass_to(&self, owner: Option<Peer>, socket: SocketRef, message: ToChat) -> Option<ToChat> {
        let Some(owner) = owner else {
            return Some(message);
        };
        let (command, waiting) = travelling(message, socket.node, socket.call);
        if let Some(Waiting::Send(answer)) = waiting {
            answer.leave_to_others();
        }
        inbound::pass(self, &owner, command);
        None
    }

    pub(super) fn command_to(&self, owner: &Peer, travelling: &Travelling) -> Outgoing {
        let subject = self.0.bus.commands(owner.node());
        Outgoing::of(subject, travelling.encode()).answered_as(travelling.call())
    }

    pub(super) fn send_command(&self, owner: &Peer, call: u64, outgoing: Outgoing) {
        if !owner.send(outgoing) {
            self.refuse(call, &full());
        }
    }
}

/// A command as it travels, and who waits here for the answer to `call`.
fn travelling(message: ToChat, from: NodeId, call: u64) -> (Travelling, Option<Waiting>) {
    // One that is passed on by a shard is made in no request any more.
    let trace = message.command.trace().or_else(trace::current);
    let encoded = commands::encode(message.command, call);
    let command = proto::Command {
        chat_id: proto::bytes(message.chat_id.0),
        from: proto::bytes(from.0),
        call: if encoded.waiting.is_some() { call } else { 0 },
        hops: 0,
        what: Some(encoded.what),
        traceparent: trace.map(|trace| trace.to_string()).unwrap_or_default(),
    };
    (
        Travelling::from(command).with(message.came_as),
        encoded.waiting,
    )
}

/// The way to a chat's owner takes no more.
fn full() -> Failure {
    Failure::unavailable("too much waits on the way to this chat, try again")
}
