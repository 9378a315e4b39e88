//! What clients may say (contract, "Client → server"): one frame in, one [`ClientFrame`] out.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde_json::value::RawValue;

use super::fields::Fields;
use crate::actors::request::Answer;
use crate::domain::message::{CLIENT_ID_CHARS, Draft, draft};
use crate::domain::receipts::ReceiptKind;
use crate::error::Failure;
use crate::id::{ChatId, MessageId, UserId};
use crate::wire::sync::SyncRequest;

/// Longest `id` of a frame, in characters.
const FRAME_ID_CHARS: usize = 64;
/// Most people in one `presence.subscribe`.
const SUBSCRIBED_AT_ONCE: usize = 200;

/// A frame with the `id` to echo.
#[derive(Debug)]
pub struct Spoken {
    pub id: Option<String>,
    pub frame: ClientFrame,
}

#[derive(Debug)]
pub enum ClientFrame {
    Send {
        chat_id: ChatId,
        client_message_id: Option<String>,
        draft: Draft,
    },
    Acknowledge {
        chat_id: ChatId,
        kind: ReceiptKind,
        seq: u64,
    },
    Typing {
        chat_id: ChatId,
        started: bool,
    },
    Subscribe(Vec<UserId>),
    Unsubscribe(Vec<UserId>),
    Sync(SyncRequest),
    State {
        foreground: bool,
    },
    Renew {
        token: String,
    },
    Ping,
}

/// A frame that was refused, with the `id` to echo when that much could be read.
#[derive(Debug)]
pub struct Misspoken {
    pub id: Option<String>,
    pub failure: Failure,
}

/// Reads one frame.
pub fn parse(text: &str) -> Result<Spoken, Misspoken> {
    let mut id = None;
    match parse_with(text, &mut id) {
        Ok(frame) => Ok(Spoken { id, frame }),
        Err(failure) => Err(Misspoken { id, failure }),
    }
}

fn parse_with(text: &str, id: &mut Option<String>) -> Answer<ClientFrame> {
    let mut fields = Fields::parse(text)?;
    let given: Option<String> = fields.optional("id", "id", "a string")?;
    if given
        .as_ref()
        .is_some_and(|id| is_longer(id, FRAME_ID_CHARS))
    {
        return Err(fields.refuse("id", "must have at most 64 characters"));
    }
    *id = given;
    let kind: Cow<'_, str> = fields.required("type", "type", "a string")?;
    let frame = match kind.as_ref() {
        "message.send" => send(&mut fields)?,
        "message.ack" => acknowledge(&mut fields, ReceiptKind::Delivered)?,
        "message.read" => acknowledge(&mut fields, ReceiptKind::Read)?,
        "typing.start" => typing(&mut fields, true)?,
        "typing.stop" => typing(&mut fields, false)?,
        "presence.subscribe" => ClientFrame::Subscribe(people(&mut fields)?),
        "presence.unsubscribe" => ClientFrame::Unsubscribe(people(&mut fields)?),
        "sync" => sync(&mut fields)?,
        "client.state" => ClientFrame::State {
            foreground: fields.required("foreground", "foreground", "true or false")?,
        },
        "auth" => ClientFrame::Renew {
            token: fields.required("token", "token", "a string")?,
        },
        "ping" => ClientFrame::Ping,
        _ => return Err(fields.refuse("type", "is not a frame clients send")),
    };
    fields.finish()?;
    Ok(frame)
}

fn send(fields: &mut Fields<'_>) -> Answer<ClientFrame> {
    let chat_id = chat(fields)?;
    let client_message_id: Option<String> =
        fields.optional("clientMessageId", "client_message_id", "a string")?;
    if let Some(id) = &client_message_id
        && (id.is_empty() || is_longer(id, CLIENT_ID_CHARS))
    {
        return Err(fields.refuse("clientMessageId", "must have 1 to 64 characters"));
    }
    let mut message = fields.object("message")?;
    let kind: Cow<'_, str> = message.required("type", "type", "a string")?;
    let content: Option<String> = message.optional("content", "content", "a string")?;
    let payload: Option<&RawValue> = message.optional("payload", "payload", "an object")?;
    let reply_to: Option<MessageId> = message.optional("replyToId", "reply_to_id", "a UUID")?;
    message.finish()?;
    Ok(ClientFrame::Send {
        chat_id,
        client_message_id,
        draft: draft::parse(&kind, content, payload, reply_to)
            .map_err(|failure| failure.within("message"))?,
    })
}

fn acknowledge(fields: &mut Fields<'_>, kind: ReceiptKind) -> Answer<ClientFrame> {
    let chat_id = chat(fields)?;
    let seq: u64 = fields.required("seq", "seq", "a whole number from 1")?;
    if seq == 0 {
        return Err(fields.refuse("seq", "must be a whole number from 1"));
    }
    Ok(ClientFrame::Acknowledge { chat_id, kind, seq })
}

fn typing(fields: &mut Fields<'_>, started: bool) -> Answer<ClientFrame> {
    let chat_id = chat(fields)?;
    Ok(ClientFrame::Typing { chat_id, started })
}

fn people(fields: &mut Fields<'_>) -> Answer<Vec<UserId>> {
    let user_ids: Vec<UserId> = fields.required("userIds", "user_ids", "a list of UUIDs")?;
    if user_ids.len() > SUBSCRIBED_AT_ONCE {
        return Err(fields.refuse("userIds", "must have at most 200 entries"));
    }
    Ok(user_ids)
}

fn sync(fields: &mut Fields<'_>) -> Answer<ClientFrame> {
    let chats: Option<BTreeMap<ChatId, u64>> =
        fields.optional("chats", "chats", "a map from chat ids to revs")?;
    let me: Option<u64> = fields.optional("me", "me", "a whole number")?;
    let request = SyncRequest {
        chats: chats.unwrap_or_default(),
        me: me.unwrap_or_default(),
        acks: fields.optional("acks", "acks", "a string")?,
        only: fields.optional("only", "only", "a list of UUIDs")?,
    };
    request.check()?;
    Ok(ClientFrame::Sync(request))
}

fn chat(fields: &mut Fields<'_>) -> Answer<ChatId> {
    fields.required("chatId", "chat_id", "a UUID")
}

fn is_longer(text: &str, most: usize) -> bool {
    text.len() > most && text.chars().count() > most
}
