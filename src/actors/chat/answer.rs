//! Answers that cannot be forgotten: one that is dropped unanswered says so to its socket.

use super::announce::Outgoing;
use super::requests::{AcknowledgeReply, ChatCommand, SendReply};
use crate::actors::fanout::{ChatMark, Delivery, Fanout};
use crate::error::{ErrorCode, Failure};
use crate::id::ConnectionId;
use crate::wire::frame::{self, SendAck};
use crate::wire::message::SentView;

/// Where the ack of one send goes.
#[derive(Debug)]
pub struct SendAnswer {
    reply: Option<SendReply>,
    fanout: Fanout,
}

impl SendAnswer {
    pub fn new(reply: SendReply, fanout: Fanout) -> Self {
        Self {
            reply: Some(reply),
            fanout,
        }
    }

    /// The connection that sent it, which gets no `message.new`.
    pub fn connection(&self) -> Option<ConnectionId> {
        match &self.reply {
            Some(SendReply::Socket { socket, .. }) => Some(socket.connection),
            _ => None,
        }
    }

    /// Acks: a waiting caller at once, a socket through `outgoing`, in rev order with the frames.
    pub fn ack(mut self, sent: SentView, outgoing: &mut Outgoing) {
        match self.reply.take() {
            Some(SendReply::Caller(reply)) => reply.answer(Ok(sent)),
            Some(SendReply::Socket { socket, frame_id }) => {
                let delivery = Delivery::Answer {
                    connection: socket.connection,
                    frame: SendAck::frame(frame_id.as_deref(), &sent),
                    mark: Some(ChatMark {
                        chat_id: sent.chat_id,
                        seq: sent.seq,
                        rev: sent.rev,
                    }),
                };
                outgoing.push((Some(socket), delivery));
            }
            None => {}
        }
    }

    pub fn refuse(mut self, failure: Failure) {
        match self.reply.take() {
            Some(SendReply::Caller(reply)) => reply.answer(Err(failure)),
            Some(SendReply::Socket { socket, frame_id }) => self
                .fanout
                .answer(socket, frame::error(frame_id.as_deref(), &failure)),
            None => {}
        }
    }
}

impl Drop for SendAnswer {
    /// A chat that died (a panic) leaves its senders not knowing; REST callers see a closed reply.
    fn drop(&mut self) {
        if let Some(SendReply::Socket { socket, frame_id }) = self.reply.take() {
            let failure = Failure::new(
                ErrorCode::OutcomeUnknown,
                "it may or may not have happened; send it again with the same clientMessageId",
            );
            self.fanout
                .answer(socket, frame::error(frame_id.as_deref(), &failure));
        }
    }
}

impl ChatCommand {
    /// Answers a command that cannot be carried out.
    pub fn refuse(self, failure: &Failure, fanout: &Fanout) {
        match self {
            Self::Send(send) => SendAnswer::new(send.reply, fanout.clone()).refuse(failure.clone()),
            Self::Acknowledge(mark) => match mark.reply {
                AcknowledgeReply::Caller(reply) => reply.answer(Err(failure.clone())),
                AcknowledgeReply::Socket { socket, frame_id } => {
                    fanout.answer(socket, frame::error(frame_id.as_deref(), failure))
                }
            },
            Self::Typing(typing) => fanout.answer(
                typing.socket,
                frame::error(typing.frame_id.as_deref(), failure),
            ),
            Self::Edit(_, reply) => reply.answer(Err(failure.clone())),
            Self::Delete(_, reply)
            | Self::AddMembers(_, reply)
            | Self::RemoveMember(_, reply)
            | Self::SetRole(_, reply)
            | Self::UpdateChat(_, reply)
            | Self::SetTimer(_, reply)
            | Self::Refresh(reply) => reply.answer(Err(failure.clone())),
        }
    }
}
