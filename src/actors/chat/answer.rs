//! Answers that cannot be forgotten: one that is dropped unanswered says so to its socket.
//!
//! A command carries its answer from the moment it is made, so it is answered wherever it ends: in
//! the mailbox of a chat that died, too.

use serde_json::value::RawValue;

use super::announce::Outgoing;
use super::requests::ChatCommand;
use crate::actors::fanout::{Delivery, Fanout, SocketRef};
use crate::actors::request::{Answer, ReplyTo};
use crate::error::{ErrorCode, Failure};
use crate::id::ConnectionId;
use crate::trace::{self, TraceContext};
use crate::wire::frame::{self, SendAck};
use crate::wire::message::SentView;

/// Where the answer of one command goes.
#[derive(Debug)]
pub struct CommandAnswer<T> {
    place: Option<Place<T>>,
    /// Where in a trace the command was made, if it is traced.
    trace: Option<Box<TraceContext>>,
}

#[derive(Debug)]
enum Place<T> {
    /// A caller that waits (REST).
    Caller(ReplyTo<T>),
    /// A socket: answers are frames.
    Socket {
        socket: SocketRef,
        /// The frame's `id`, echoed.
        frame_id: Option<String>,
        fanout: Fanout,
    },
}

/// A send is acked from the commit itself, in rev order. `duplicate`: it had been sent before, the
/// ids are the first ones.
pub type SendAnswer = CommandAnswer<SentView>;

/// What only callers hear the end of; a socket is told of errors alone.
pub type MarkAnswer = CommandAnswer<()>;

impl<T> CommandAnswer<T> {
    pub fn caller(reply: ReplyTo<T>) -> Self {
        Self::at(Place::Caller(reply))
    }

    pub fn socket(socket: SocketRef, frame_id: Option<String>, fanout: Fanout) -> Self {
        Self::at(Place::Socket {
            socket,
            frame_id,
            fanout,
        })
    }

    fn at(place: Place<T>) -> Self {
        Self {
            place: Some(place),
            trace: trace::current().map(Box::new),
        }
    }

    /// Where in a trace the command was made, if it is traced.
    pub fn trace(&self) -> Option<TraceContext> {
        self.trace.as_deref().copied()
    }

    /// The connection it came by, which gets no frame beside its answer.
    pub fn connection(&self) -> Option<ConnectionId> {
        match &self.place {
            Some(Place::Socket { socket, .. }) => Some(socket.connection),
            _ => None,
        }
    }

    /// The `id` of the frame it came in.
    pub fn frame_id(&self) -> Option<&str> {
        match &self.place {
            Some(Place::Socket { frame_id, .. }) => frame_id.as_deref(),
            _ => None,
        }
    }

    /// The socket that is to be answered, if it is one.
    pub fn origin(&self) -> Option<SocketRef> {
        match &self.place {
            Some(Place::Socket { socket, .. }) => Some(*socket),
            _ => None,
        }
    }

    /// Whether it is answered otherwise, or nobody waits any more.
    pub fn is_abandoned(&self) -> bool {
        match &self.place {
            Some(Place::Caller(reply)) => reply.is_abandoned(),
            Some(Place::Socket { .. }) => false,
            None => true,
        }
    }

    /// It is answered otherwise: by a frame of another node.
    pub fn leave_to_others(mut self) {
        self.place = None;
    }

    /// Answers a caller who waits.
    pub fn answer(mut self, outcome: Answer<T>) {
        match (self.place.take(), outcome) {
            (Some(Place::Caller(reply)), outcome) => reply.answer(outcome),
            (place @ Some(Place::Socket { .. }), Err(failure)) => {
                self.place = place;
                self.refuse(&failure);
            }
            // A socket is told by a frame.
            (_, _) => {}
        }
    }

    pub fn refuse(mut self, failure: &Failure) {
        match self.place.take() {
            Some(Place::Caller(reply)) => reply.answer(Err(failure.clone())),
            Some(Place::Socket {
                socket,
                frame_id,
                fanout,
            }) => fanout.answer(socket, frame::error(frame_id.as_deref(), failure)),
            None => {}
        }
    }
}

impl CommandAnswer<SentView> {
    /// Acks: a waiting caller at once, a socket through `outgoing`, in rev order with the frames.
    /// `encoded` is the message as [`MessageView::encoded`](crate::wire::message::MessageView::encoded)
    /// gives it.
    pub fn ack(mut self, sent: SentView, encoded: &RawValue, outgoing: &mut Outgoing) {
        match self.place.take() {
            Some(Place::Caller(reply)) => reply.answer(Ok(sent)),
            Some(Place::Socket {
                socket, frame_id, ..
            }) => {
                let delivery = Delivery::Answer {
                    connection: socket.connection,
                    frame: SendAck::frame(frame_id.as_deref(), &sent, encoded).traced(self.trace()),
                    is_ack: true,
                };
                outgoing.push((Some(socket), delivery));
            }
            None => {}
        }
    }
}

impl CommandAnswer<()> {
    /// It is done.
    pub fn done(mut self) {
        if let Some(Place::Caller(reply)) = self.place.take() {
            reply.answer(Ok(()));
        }
    }
}

impl<T> Drop for CommandAnswer<T> {
    /// A chat that died (a panic) leaves its senders not knowing; REST callers see a closed reply.
    fn drop(&mut self) {
        if let Some(Place::Socket {
            socket,
            frame_id,
            fanout,
        }) = self.place.take()
        {
            let failure = Failure::new(
                ErrorCode::OutcomeUnknown,
                "it may or may not have happened; say it again, a message with the same clientMessageId",
            );
            fanout.answer(socket, frame::error(frame_id.as_deref(), &failure));
        }
    }
}

impl ChatCommand {
    /// Where in a trace it was made, if that is traced and known.
    pub fn trace(&self) -> Option<TraceContext> {
        match self {
            Self::Send(send) => send.reply.trace(),
            _ => None,
        }
    }

    /// The socket that waits for its answer, if it is one; of receipts and typing none does.
    pub fn socket(&self) -> Option<SocketRef> {
        match self {
            Self::Send(send) => send.reply.origin(),
            _ => None,
        }
    }

    /// Answers a command that cannot be carried out.
    pub fn refuse(self, failure: &Failure) {
        match self {
            Self::Send(send) => send.reply.refuse(failure),
            Self::Acknowledge(marks) => {
                for mark in marks {
                    mark.reply.refuse(failure);
                }
            }
            Self::Typing(typing) => typing.reply.refuse(failure),
            Self::Edit(_, reply) => reply.answer(Err(failure.clone())),
            Self::Delete(_, reply)
            | Self::React(_, reply)
            | Self::Erase(_, reply)
            | Self::AddMembers(_, reply)
            | Self::RemoveMember(_, reply)
            | Self::SetRole(_, reply)
            | Self::UpdateChat(_, reply)
            | Self::SetTimer(_, reply)
            | Self::Refresh(reply) => reply.answer(Err(failure.clone())),
        }
    }
}
