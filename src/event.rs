//! Facts that other groups and other systems may consume: one message of `proto/event.proto` per
//! subject. Subjects and payloads stand side by side here; the relay publishes them.

use std::borrow::Cow;

use bytes::Bytes;
use prost::Message;
use uuid::Uuid;

use crate::trace::TraceContext;

/// The messages of `proto/event.proto`.
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/troupe.event.v1.rs"));
}

/// Declares every event, its subject and what of it must be an id.
macro_rules! events {
    ($($subject:literal => $event:ident { $($id:ident),* }),* $(,)?) => {
        /// Something that happened.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Event {
            $($event(proto::$event),)*
        }

        /// Every subject, without the installation's prefix.
        pub const SUBJECTS: &[&str] = &[$($subject),*];

        impl Event {
            pub fn subject(&self) -> &'static str {
                match self {
                    $(Self::$event(_) => $subject,)*
                }
            }

            fn body(&self) -> Bytes {
                match self {
                    $(Self::$event(event) => event.encode_to_vec().into(),)*
                }
            }

            /// Reads what was published under a subject.
            pub fn read(subject: &str, body: &[u8]) -> Result<Self, Unreadable> {
                match subject {
                    $($subject => {
                        let event = proto::$event::decode(body)
                            .map_err(|error| Unreadable::Malformed(error.to_string()))?;
                        $(id(stringify!($id), &event.$id)?;)*
                        Ok(Self::$event(event))
                    })*
                    _ => Err(Unreadable::UnknownSubject),
                }
            }
        }
    };
}

events! {
    "msg.new" => MessageSent { chat_id, message_id, sender_id },
    "msg.status.updated" => MessageStatusUpdated { chat_id, user_id },
    "msg.deleted" => MessageDeleted { chat_id, message_id, deleted_by },
    "msg.updated" => MessageUpdated { chat_id, message_id },
    "chat.created" => ChatCreated { chat_id, created_by },
    "chat.updated" => ChatUpdated { chat_id, updated_by },
    "group.member.added" => MemberAdded { chat_id, user_id, added_by },
    "group.member.removed" => MemberRemoved { chat_id, user_id, removed_by },
}

/// Why something published cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// Of a newer version: skipped.
    #[error("an unknown subject")]
    UnknownSubject,
    /// Never of any use to anyone.
    #[error("malformed: {0}")]
    Malformed(String),
}

fn id(field: &str, text: &str) -> Result<(), Unreadable> {
    match Uuid::try_parse(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Unreadable::Malformed(format!("{field} is no id"))),
    }
}

/// An event as it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// The same whenever the same fact is published: what is published twice is kept once.
    pub id: String,
    /// Without the installation's prefix.
    pub subject: Cow<'static, str>,
    pub body: Bytes,
    /// Where in a trace it happened.
    pub trace: Option<TraceContext>,
}

impl Event {
    pub fn envelope(&self) -> Envelope {
        Envelope {
            id: self.id(),
            subject: Cow::Borrowed(self.subject()),
            body: self.body(),
            trace: None,
        }
    }

    /// The chat, the rev and the kind; of a status, whose it is and how far it goes.
    fn id(&self) -> String {
        let subject = self.subject();
        match self {
            Self::MessageSent(event) => format!("{}:{}:{subject}", event.chat_id, event.rev),
            Self::MessageDeleted(event) => format!("{}:{}:{subject}", event.chat_id, event.rev),
            Self::MessageUpdated(event) => format!("{}:{}:{subject}", event.chat_id, event.rev),
            Self::ChatCreated(event) => format!("{}:1:{subject}", event.chat_id),
            Self::ChatUpdated(event) => format!("{}:{}:{subject}", event.chat_id, event.rev),
            Self::MemberAdded(event) => {
                format!(
                    "{}:{}:{subject}:{}",
                    event.chat_id, event.rev, event.user_id
                )
            }
            Self::MemberRemoved(event) => {
                format!(
                    "{}:{}:{subject}:{}",
                    event.chat_id, event.rev, event.user_id
                )
            }
            Self::MessageStatusUpdated(event) => format!(
                "{}:{}:{}:{}:{subject}",
                event.chat_id, event.user_id, event.status, event.up_to_seq
            ),
        }
    }
}
