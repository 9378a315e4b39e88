//! Commands for a chat that another node owns: out with a number for the answer, in with a reply
//! that goes back over the bus.

use serde_json::value::RawValue;
use tokio::sync::oneshot::Receiver;

use super::calls::Waiting;
use super::deliveries::{decoded_socket, encoded_socket};
use super::proto::command::What;
use super::proto::{self, Malformed};
use crate::actors::chat::requests::{
    Acknowledge, ChatCommand, CommandAnswer, EraseMember, SendMessage, Typing,
};
use crate::actors::fanout::{Fanout, SocketRef};
use crate::actors::request::{Answer, ReplyTo};
use crate::domain::message::{Draft, MessageKind};
use crate::domain::receipts::ReceiptKind;
use crate::wire::message::SentView;

/// A command as it travels, and who waits for its answer here.
pub struct Encoded {
    pub what: What,
    pub waiting: Option<Waiting>,
}

/// `call` numbers the answer.
pub fn encode(command: ChatCommand, call: u64) -> Encoded {
    match command {
        ChatCommand::Send(send) => encode_send(send, call),
        ChatCommand::Acknowledge(marks) => encode_marks(marks),
        ChatCommand::Typing(typing) => {
            let what = What::Typing(proto::Typing {
                user: proto::bytes(typing.user.0),
                started: typing.started,
                origin: origin(&typing.reply, 0),
            });
            typing.reply.leave_to_others();
            Encoded {
                what,
                waiting: None,
            }
        }
        ChatCommand::Edit(change, reply) => done(What::Edit(change.into()), reply),
        ChatCommand::Delete(change, reply) => done(What::Delete(change.into()), reply),
        ChatCommand::React(change, reply) => done(What::React(change.into()), reply),
        ChatCommand::AddMembers(change, reply) => done(What::AddMembers(change.into()), reply),
        ChatCommand::RemoveMember(change, reply) => done(What::RemoveMember(change.into()), reply),
        ChatCommand::SetRole(change, reply) => done(What::SetRole(change.into()), reply),
        ChatCommand::UpdateChat(change, reply) => done(What::UpdateChat(change.into()), reply),
        ChatCommand::SetTimer(change, reply) => done(What::SetTimer(change.into()), reply),
        ChatCommand::Erase(member, reply) => {
            let user = proto::bytes(member.user.0);
            done(What::EraseMember(proto::EraseMember { user }), reply)
        }
        ChatCommand::Refresh(reply) => done(What::Refresh(proto::Refresh {}), reply),
    }
}

fn done(what: What, reply: ReplyTo<()>) -> Encoded {
    Encoded {
        what,
        waiting: Some(Waiting::Done(reply)),
    }
}

/// The socket a command came by, which is answered by a frame that names `call`; of a caller nothing.
fn origin<T>(answer: &CommandAnswer<T>, call: u64) -> Option<proto::Origin> {
    let socket = answer.origin()?;
    Some(proto::Origin {
        socket: Some(encoded_socket(&SocketRef { call, ..socket })),
        frame_id: answer.frame_id().map(str::to_owned),
    })
}

fn encode_send(send: SendMessage, call: u64) -> Encoded {
    let what = What::Send(proto::Send {
        sender: proto::bytes(send.sender.0),
        client_message_id: send.client_message_id,
        r#type: send.draft.kind.as_str().to_owned(),
        payload: send.draft.payload.get().to_owned(),
        content_hash: send.draft.content_hash.to_vec(),
        reply_to_id: send
            .draft
            .reply_to_id
            .map(|id| proto::bytes(id.0))
            .unwrap_or_default(),
        forwarded: send.forwarded,
        unnamed: !send.is_named,
        origin: origin(&send.reply, call),
    });
    Encoded {
        what,
        waiting: Some(Waiting::Send(send.reply)),
    }
}

/// Of a socket's receipts only errors are answered, so none of those is waited for.
fn encode_marks(marks: Vec<Acknowledge>) -> Encoded {
    let (mut encoded, mut callers) = (Vec::with_capacity(marks.len()), Vec::new());
    for mark in marks {
        let origin = origin(&mark.reply, 0);
        let is_caller = origin.is_none();
        encoded.push(proto::Acknowledge {
            user: proto::bytes(mark.user.0),
            read: mark.kind == ReceiptKind::Read,
            up_to_seq: mark.up_to_seq,
            connection: mark.from.map(|id| proto::bytes(id.0)).unwrap_or_default(),
            origin,
        });
        if is_caller {
            callers.push(mark.reply);
        } else {
            mark.reply.leave_to_others();
        }
    }
    Encoded {
        what: What::Acknowledgements(proto::Acknowledgements { marks: encoded }),
        waiting: (!callers.is_empty()).then_some(Waiting::Marks(callers)),
    }
}

/// Where the answer to a command that came over the bus will be, when it is no frame.
#[derive(Default)]
pub struct Replies {
    pub sent: Option<Receiver<Answer<SentView>>>,
    pub done: Vec<Receiver<Answer<()>>>,
}

/// A command that came over the bus. A socket's answer leaves as a frame, through `fanout`.
pub fn decode(what: What, fanout: &Fanout) -> Result<(ChatCommand, Replies), Malformed> {
    let mut replies = Replies::default();
    let command = match what {
        What::Send(send) => ChatCommand::Send(decode_send(send, fanout, &mut replies)?),
        What::Acknowledgements(all) => {
            let marks = all.marks.into_iter();
            let marks = marks.map(|mark| decode_mark(mark, fanout, &mut replies));
            ChatCommand::Acknowledge(marks.collect::<Result<_, _>>()?)
        }
        What::Typing(typing) => {
            let origin = typing.origin.ok_or(Malformed)?;
            ChatCommand::Typing(Typing {
                user: proto::id(&typing.user)?,
                started: typing.started,
                reply: by_frame(origin, fanout)?,
            })
        }
        What::Edit(change) => ChatCommand::Edit(change.try_into()?, replies.waits()),
        What::Delete(change) => ChatCommand::Delete(change.try_into()?, replies.waits()),
        What::React(change) => ChatCommand::React(change.try_into()?, replies.waits()),
        What::AddMembers(change) => ChatCommand::AddMembers(change.try_into()?, replies.waits()),
        What::RemoveMember(change) => {
            ChatCommand::RemoveMember(change.try_into()?, replies.waits())
        }
        What::SetRole(change) => ChatCommand::SetRole(change.try_into()?, replies.waits()),
        What::UpdateChat(change) => ChatCommand::UpdateChat(change.try_into()?, replies.waits()),
        What::SetTimer(change) => ChatCommand::SetTimer(change.try_into()?, replies.waits()),
        What::EraseMember(member) => {
            let user = proto::id(&member.user)?;
            ChatCommand::Erase(EraseMember { user }, replies.waits())
        }
        What::Refresh(_) => ChatCommand::Refresh(replies.waits()),
    };
    Ok((command, replies))
}

impl Replies {
    pub fn is_empty(&self) -> bool {
        self.sent.is_none() && self.done.is_empty()
    }

    fn waits(&mut self) -> ReplyTo<()> {
        let (reply, answered) = ReplyTo::channel();
        self.done.push(answered);
        reply
    }
}

fn by_frame<T>(origin: proto::Origin, fanout: &Fanout) -> Result<CommandAnswer<T>, Malformed> {
    let socket = decoded_socket(&origin.socket.ok_or(Malformed)?)?;
    Ok(CommandAnswer::socket(
        socket,
        origin.frame_id,
        fanout.clone(),
    ))
}

fn decode_send(
    send: proto::Send,
    fanout: &Fanout,
    replies: &mut Replies,
) -> Result<SendMessage, Malformed> {
    let draft = Draft {
        kind: MessageKind::from_client(&send.r#type).ok_or(Malformed)?,
        payload: RawValue::from_string(send.payload).map_err(|_| Malformed)?,
        reply_to_id: proto::optional_id(&send.reply_to_id)?,
        content_hash: send.content_hash.try_into().map_err(|_| Malformed)?,
    };
    let sender = proto::id(&send.sender)?;
    let reply = match send.origin {
        Some(origin) => by_frame(origin, fanout)?,
        None => {
            let (reply, answered) = ReplyTo::channel();
            replies.sent = Some(answered);
            CommandAnswer::caller(reply)
        }
    };
    Ok(SendMessage {
        sender,
        client_message_id: send.client_message_id,
        is_named: !send.unnamed,
        draft,
        forwarded: send.forwarded,
        reply,
    })
}

fn decode_mark(
    mark: proto::Acknowledge,
    fanout: &Fanout,
    replies: &mut Replies,
) -> Result<Acknowledge, Malformed> {
    let (user, from) = (
        proto::id(&mark.user)?,
        proto::optional_id(&mark.connection)?,
    );
    let reply = match mark.origin {
        Some(origin) => by_frame(origin, fanout)?,
        None => CommandAnswer::caller(replies.waits()),
    };
    Ok(Acknowledge {
        user,
        kind: if mark.read {
            ReceiptKind::Read
        } else {
            ReceiptKind::Delivered
        },
        up_to_seq: mark.up_to_seq,
        from,
        reply,
    })
}
