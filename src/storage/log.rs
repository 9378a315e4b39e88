//! Entries of a log as they tell what happened, whatever became of it since.

use serde_json::value::RawValue;

use crate::clock::Timestamp;
use crate::domain::message::MessageKind;
use crate::id::{ChatId, MessageId, UserId};

#[derive(Clone, Debug)]
pub struct Logged {
    pub chat_id: ChatId,
    pub rev: u64,
    /// The chat's head seq after it: a message's own.
    pub seq: u64,
    pub at: Timestamp,
    /// Who did it; entry 1 need not say.
    pub actor: Option<UserId>,
    pub what: LoggedChange,
}

#[derive(Clone, Debug)]
pub enum LoggedChange {
    Created,
    Sent {
        message_id: MessageId,
        kind: MessageKind,
    },
    /// A system message; its payload says what was done.
    Acted {
        payload: Box<RawValue>,
    },
    Deleted {
        message_id: MessageId,
    },
    Edited {
        message_id: MessageId,
    },
    Reacted {
        message_id: MessageId,
    },
    /// Nothing that anyone is told of.
    Silent,
}

/// What the stores call these changes; they differ in nothing else.
pub fn change_of(
    change: &str,
    message: Option<(MessageId, Option<MessageKind>)>,
    payload: Option<Box<RawValue>>,
) -> LoggedChange {
    match (change, message, payload) {
        ("created", _, _) => LoggedChange::Created,
        ("sent", Some((message_id, Some(kind))), _) => LoggedChange::Sent { message_id, kind },
        ("acted", _, Some(payload)) => LoggedChange::Acted { payload },
        ("deleted", Some((message_id, _)), _) => LoggedChange::Deleted { message_id },
        ("edited", Some((message_id, _)), _) => LoggedChange::Edited { message_id },
        ("reacted", Some((message_id, _)), _) => LoggedChange::Reacted { message_id },
        _ => LoggedChange::Silent,
    }
}
