//! WebSocket frames from the server, and how they become bytes.

use std::cell::RefCell;
use std::sync::Arc;

use bytes::{BufMut, Bytes, BytesMut};
use serde::Serialize;
use serde_json::value::RawValue;

use super::chat::ChatView;
use super::me::MeChanges;
use super::message::{DeliveryStatus, MessageView, SentView, StatusView};
use super::origin;
use super::user::PresenceView;
use crate::clock::Timestamp;
use crate::error::{Failure, FieldError};
use crate::id::{ChatId, MessageId, UserId};
use crate::trace::TraceContext;

/// Largest frame the server sends, in bytes of JSON.
pub const SERVER_FRAME_BYTES: usize = 256 * 1024;

/// What is dropped first when a peer reads too slowly (D11).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameClass {
    Presence,
    Typing,
    Receipt,
    /// Never dropped: a connection that cannot take it is closed with 4408.
    Message,
}

/// A ready WebSocket frame.
#[derive(Clone, Debug)]
pub struct Frame {
    pub bytes: Bytes,
    pub class: FrameClass,
    /// What it is told on behalf of, where that is traced.
    pub trace: Option<Arc<TraceContext>>,
    /// Addresses in it begin with the stand-in for this server (`wire/origin.rs`).
    pub has_stand_in: bool,
}

impl Frame {
    /// The same for a reader who found this server at an origin.
    #[must_use]
    pub fn at(self, origin: &str) -> Self {
        let put = origin::put_into(&self.bytes[header_bytes(&self.bytes)..], origin);
        Self {
            bytes: put.map_or(self.bytes, |json| with_header(&json)),
            has_stand_in: false,
            ..self
        }
    }

    /// The same as part of a trace.
    #[must_use]
    pub fn traced(self, trace: Option<TraceContext>) -> Self {
        Self {
            trace: trace.map(Arc::new),
            ..self
        }
    }
}

thread_local! {
    /// Frames are written here first: their length stands before them, and a buffer of just the
    /// right size is then the only allocation, which may wait long in a slow peer's queue.
    static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Scratch space that is kept; a larger one goes after use.
const SCRATCH_KEPT: usize = 16 * 1024;

/// Encodes a frame once: header (final text frame, unmasked) and JSON in one buffer.
///
/// The shapes here always serialise; should one not, the frame is an `internal` error.
pub fn encode<T: Serialize>(class: FrameClass, body: &T) -> Frame {
    encode_with(class, |json| serde_json::to_writer(json, body))
}

fn encode_with(
    class: FrameClass,
    write: impl FnOnce(&mut Vec<u8>) -> serde_json::Result<()>,
) -> Frame {
    SCRATCH.with_borrow_mut(|json| {
        json.clear();
        if write(json).is_err() {
            tracing::error!("a frame could not be encoded");
            json.clear();
            json.extend_from_slice(
                br#"{"type":"error","code":"internal","message":"something went wrong on our side"}"#,
            );
        }
        let has_stand_in = origin::is_in(json);
        let bytes = with_header(json);
        if json.capacity() > SCRATCH_KEPT {
            *json = Vec::new();
        }
        Frame {
            bytes,
            class,
            trace: None,
            has_stand_in,
        }
    })
}

/// Of a frame that [`with_header`] made.
fn header_bytes(frame: &[u8]) -> usize {
    match frame.get(1) {
        Some(127) => 10,
        Some(126) => 4,
        _ => 2,
    }
}

fn with_header(json: &[u8]) -> Bytes {
    let header = match json.len() {
        0..=125 => 2,
        126..=0xffff => 4,
        _ => 10,
    };
    let mut bytes = BytesMut::with_capacity(header + json.len());
    bytes.put_u8(0x81);
    match json.len() {
        short @ 0..=125 => bytes.put_u8(u8::try_from(short).unwrap_or(0)),
        medium @ 126..=0xffff => {
            bytes.put_u8(126);
            bytes.put_u16(u16::try_from(medium).unwrap_or(0));
        }
        long => {
            bytes.put_u8(127);
            bytes.put_u64(long as u64);
        }
    }
    bytes.extend_from_slice(json);
    bytes.freeze()
}

/// `{"type":"ack","id":…, …the body of POST /messages}`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendAck<'a> {
    #[serde(rename = "type")]
    #[schemars(extend("const" = "ack"))]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    message_id: MessageId,
    chat_id: ChatId,
    seq: u64,
    rev: u64,
    created_at: Timestamp,
    duplicate: bool,
    /// The last field: see `put_status`.
    #[schemars(with = "MessageView")]
    message: &'a RawValue,
}

impl<'a> SendAck<'a> {
    /// `encoded` is the message of `sent` as [`MessageView::encoded`] gives it.
    pub fn frame(id: Option<&'a str>, sent: &SentView, encoded: &'a RawValue) -> Frame {
        let ack = Self {
            kind: "ack",
            id,
            message_id: sent.message_id,
            chat_id: sent.chat_id,
            seq: sent.seq,
            rev: sent.rev,
            created_at: sent.created_at,
            duplicate: sent.duplicate,
            message: encoded,
        };
        encode_with(FrameClass::Message, |json| {
            serde_json::to_writer(&mut *json, &ack)?;
            put_status(json, sent.message.status.as_ref())
        })
    }
}

/// The one part of a message that its sender alone gets, put in at the end of a frame that ends in the
/// message: so the message is encoded once for the sender and for everyone else.
fn put_status(json: &mut Vec<u8>, status: Option<&StatusView>) -> serde_json::Result<()> {
    let Some(status) = status else {
        return Ok(());
    };
    json.truncate(json.len().saturating_sub(b"}}".len()));
    json.extend_from_slice(br#","status":"#);
    serde_json::to_writer(&mut *json, status)?;
    json.extend_from_slice(b"}}");
    Ok(())
}

/// `{"type":"error", …}`; codes as REST, plus `outcome_unknown`.
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct ErrorFrame<'a> {
    #[serde(rename = "type")]
    #[schemars(extend("const" = "error"))]
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    code: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schemars(with = "Option<Vec<FieldError>>")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

/// An `error` frame; the connection lives on.
pub fn error(id: Option<&str>, failure: &Failure) -> Frame {
    encode(
        FrameClass::Message,
        &ErrorFrame {
            kind: "error",
            id,
            code: failure.code().as_str(),
            message: failure.message(),
            errors: failure.fields(),
            retry_after_ms: failure
                .retry_delay()
                .map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        },
    )
}

/// Everything the server says unasked, `type` first. Field shapes: contract, "Server → client".
#[derive(Debug, Serialize, schemars::JsonSchema)]
#[serde(tag = "type", rename_all_fields = "camelCase")]
pub enum Event<'a> {
    /// A message, to everyone in the chat but the connection that sent it.
    #[serde(rename = "message.new")]
    MessageNew {
        chat_id: ChatId,
        seq: u64,
        rev: u64,
        #[schemars(with = "MessageView")]
        message: &'a RawValue,
    },
    /// A message in its latest state, after an edit.
    #[serde(rename = "message.updated")]
    MessageUpdated {
        chat_id: ChatId,
        seq: u64,
        rev: u64,
        message: &'a MessageView,
    },
    /// A message that was deleted for everyone: a tombstone.
    #[serde(rename = "message.deleted")]
    MessageDeleted {
        chat_id: ChatId,
        seq: u64,
        rev: u64,
        message: &'a MessageView,
    },
    /// Someone has got, or read, everything up to a seq.
    #[serde(rename = "message.status")]
    MessageStatus {
        chat_id: ChatId,
        user_id: UserId,
        status: DeliveryStatus,
        up_to_seq: u64,
        updated_at: Timestamp,
    },
    /// A chat I am in, made for me.
    #[serde(rename = "chat.created")]
    ChatCreated {
        chat_id: ChatId,
        rev: u64,
        chat: &'a ChatView,
    },
    /// A change of something from before I joined: only that the chat moved on.
    #[serde(rename = "chat.rev")]
    ChatRev { chat_id: ChatId, rev: u64 },
    /// Name, description, picture, rights, roles or timer of a chat changed.
    #[serde(rename = "chat.updated")]
    ChatUpdated {
        chat_id: ChatId,
        seq: u64,
        rev: u64,
        message: &'a MessageView,
        chat: &'a ChatView,
    },
    /// People were added; who was added asks `sync` next.
    #[serde(rename = "group.member.added")]
    MemberAdded {
        chat_id: ChatId,
        seq: u64,
        rev: u64,
        message: &'a MessageView,
        chat: &'a ChatView,
        user_ids: &'a [UserId],
        added_by: UserId,
    },
    /// People were removed or left; to them as well.
    #[serde(rename = "group.member.removed")]
    MemberRemoved {
        chat_id: ChatId,
        seq: u64,
        rev: u64,
        message: &'a MessageView,
        chat: &'a ChatView,
        user_ids: &'a [UserId],
    },
    /// Someone's account is gone, and with it all he said: his messages in this chat are tombstones
    /// now, his reactions are no more.
    #[serde(rename = "sender.erased")]
    SenderErased {
        chat_id: ChatId,
        rev: u64,
        user_id: UserId,
    },
    /// What changed for me alone, by another of my connections.
    #[serde(rename = "me.updated")]
    MeUpdated { rev: u64, changes: &'a MeChanges },
    /// Someone is typing; over after 5 s without another.
    #[serde(rename = "typing.start")]
    TypingStart { chat_id: ChatId, user_id: UserId },
    /// Someone is typing no more.
    #[serde(rename = "typing.stop")]
    TypingStop { chat_id: ChatId, user_id: UserId },
    /// Whether someone I watch is online.
    #[serde(rename = "presence.updated")]
    PresenceUpdated(&'a PresenceView),
}

impl Event<'_> {
    pub fn frame(&self) -> Frame {
        let class = match self {
            Self::TypingStart { .. } | Self::TypingStop { .. } => FrameClass::Typing,
            Self::PresenceUpdated(_) => FrameClass::Presence,
            Self::MessageStatus { .. } => FrameClass::Receipt,
            _ => FrameClass::Message,
        };
        encode(class, self)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::message::{Message, MessageKind};
    use crate::wire::message::{RecipientStatus, StatusView};

    fn sent(status: Option<StatusView>) -> SentView {
        let message = Message {
            id: MessageId::new(),
            chat_id: ChatId::new(),
            seq: 7,
            rev: 9,
            sender_id: UserId::new(),
            client_message_id: Some("\"}}".to_owned()),
            content_hash: [0; 16],
            kind: MessageKind::Text,
            payload: RawValue::from_string(r#"{"content":"}}"}"#.to_owned()).expect("JSON"),
            reply_to_id: None,
            forwarded: false,
            reactions: std::collections::BTreeMap::new(),
            is_deleted: false,
            edited_at: None,
            expires_at: None,
            created_at: Timestamp(1),
            updated_at: Timestamp(2),
        };
        let view = MessageView::new(&message, Timestamp(3));
        SentView::new(MessageView { status, ..view }, true)
    }

    /// An ack says what the body of a send's answer says.
    #[test]
    fn an_ack_is_the_answer_of_a_send() {
        let status = RecipientStatus {
            status: DeliveryStatus::Sent,
            updated_at: Timestamp(1),
        };
        let people = [(UserId::new(), status)].into_iter().collect();
        let counts = StatusView::Counts {
            delivered: 1,
            read: 0,
        };
        for status in [None, Some(StatusView::People(people)), Some(counts)] {
            let sent = sent(status);
            let ack = SendAck::frame(Some("a"), &sent, &sent.message.encoded());
            let json = &ack.bytes[header_bytes(&ack.bytes)..];
            let mut ack: Value = serde_json::from_slice(json).expect("JSON");
            let fields = ack.as_object_mut().expect("an object");
            assert_eq!(fields.remove("type"), Some(json!("ack")));
            assert_eq!(fields.remove("id"), Some(json!("a")));
            assert_eq!(ack, serde_json::to_value(&sent).expect("JSON"));
        }
    }
}
