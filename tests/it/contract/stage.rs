//! People, chats and messages for the suites, with the numbers that a chat's owner would give.

use serde_json::value::RawValue;
use troupe::clock::Timestamp;
use troupe::domain::chat::{Chat, ChatKind, Member, Role};
use troupe::domain::message::{Message, MessageKind};
use troupe::domain::phone::Phone;
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::chats::NewChat;
use troupe::storage::messages::{Append, Appended, Change, ChatEffect, Entry, Heads};

use super::backend::Opened;

/// When everything begins.
pub const START: Timestamp = Timestamp(1_800_000_000_000);

/// A time, so many milliseconds after the start.
pub fn at(millis: i64) -> Timestamp {
    Timestamp(START.0 + millis)
}

impl Opened {
    pub async fn person(&self) -> UserId {
        use std::sync::atomic::{AtomicU64, Ordering};
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let number = 4_915_100_000_000 + NEXT.fetch_add(1, Ordering::Relaxed);
        let phone = Phone::from_store(format!("+{number}"));
        let inserted = self.users.insert(phone, START).await.expect("inserted");
        inserted.user.id
    }

    pub async fn direct(&self, one: UserId, other: UserId) -> ChatId {
        let new = new_chat(ChatKind::Direct, &[one, other]);
        self.chats.insert(new).await.expect("inserted").chat_id
    }

    /// The first one is its admin.
    pub async fn group(&self, people: &[UserId]) -> ChatId {
        let new = new_chat(ChatKind::Group, people);
        self.chats.insert(new).await.expect("inserted").chat_id
    }

    pub async fn append(&self, chat_id: ChatId, entries: Vec<Entry>) -> Appended {
        let mut done = self
            .messages
            .append(vec![Append { chat_id, entries }])
            .await;
        assert_eq!(done.len(), 1);
        done.remove(0)
    }

    pub async fn heads(&self, chat_id: ChatId) -> Heads {
        self.messages.heads(chat_id).await.expect("heads")
    }

    /// Appends a change with the next numbers.
    pub async fn commit(&self, chat_id: ChatId, change: Change) {
        let heads = self.heads(chat_id).await;
        let entry = Entry {
            rev: heads.rev + 1,
            at: at(heads.rev.cast_signed() + 1),
            change,
        };
        let done = self.append(chat_id, vec![entry]).await;
        assert!(matches!(done, Appended::Committed), "{done:?}");
    }

    /// Sends a text with the next numbers.
    pub async fn say(&self, chat_id: ChatId, sender: UserId, content: &str) -> Message {
        let heads = self.heads(chat_id).await;
        let message = text(chat_id, sender, heads, content);
        self.commit(chat_id, Change::Sent(Box::new(message.clone())))
            .await;
        message
    }

    /// Changes the chat with the next numbers; answers those.
    pub async fn act(&self, chat_id: ChatId, actor: UserId, effect: ChatEffect) -> Heads {
        let heads = self.heads(chat_id).await;
        let message = Box::new(Message {
            kind: MessageKind::System,
            client_message_id: None,
            ..text(chat_id, actor, heads, "system")
        });
        self.commit(chat_id, Change::Acted { message, effect })
            .await;
        Heads {
            seq: heads.seq + 1,
            rev: heads.rev + 1,
        }
    }

    /// The latest state of a message.
    pub async fn state(&self, id: MessageId) -> Message {
        let mut found = self.messages.find(vec![id]).await.expect("found");
        assert_eq!(found.len(), 1);
        found.remove(0)
    }
}

pub fn new_chat(kind: ChatKind, people: &[UserId]) -> NewChat {
    let id = ChatId::new();
    NewChat {
        chat: Chat {
            id,
            kind,
            name: (kind == ChatKind::Group).then(|| "Friends".to_owned()),
            description: None,
            avatar_media_id: None,
            created_by: people[0],
            admin_only: false,
            auto_delete_timer: None,
            created_at: START,
            updated_at: START,
        },
        members: people
            .iter()
            .enumerate()
            .map(|(place, user_id)| Member {
                user_id: *user_id,
                role: match (kind, place) {
                    (ChatKind::Group, 0) => Role::Admin,
                    _ => Role::Member,
                },
                join_seq: 1,
                join_rev: 1,
                left: None,
                joined_at: START,
                muted: None,
                is_pinned: false,
                read_receipts: true,
            })
            .collect(),
        idempotency_key: None,
    }
}

/// A text that wants the numbers after these heads.
pub fn text(chat_id: ChatId, sender_id: UserId, heads: Heads, content: &str) -> Message {
    let id = MessageId::new();
    let created_at = at(heads.rev.cast_signed() + 1);
    Message {
        id,
        chat_id,
        seq: heads.seq + 1,
        rev: heads.rev + 1,
        sender_id,
        client_message_id: Some(format!("c-{id}")),
        content_hash: [7; 16],
        kind: MessageKind::Text,
        payload: payload(content),
        reply_to_id: None,
        forwarded: false,
        reactions: Default::default(),
        is_deleted: false,
        edited_at: None,
        expires_at: None,
        created_at,
        updated_at: created_at,
    }
}

pub fn payload(content: &str) -> Box<RawValue> {
    let json = serde_json::json!({ "content": content });
    RawValue::from_string(json.to_string()).expect("JSON")
}

/// The entry of a message.
pub fn sent(message: &Message) -> Entry {
    Entry {
        rev: message.rev,
        at: message.created_at,
        change: Change::Sent(Box::new(message.clone())),
    }
}

/// Consecutive texts after these heads.
pub fn texts(chat_id: ChatId, sender: UserId, heads: Heads, count: u64) -> Vec<Message> {
    (0..count)
        .map(|place| {
            let heads = Heads {
                seq: heads.seq + place,
                rev: heads.rev + place,
            };
            text(chat_id, sender, heads, &format!("text {place}"))
        })
        .collect()
}

pub fn seqs(messages: &[Message]) -> Vec<u64> {
    messages.iter().map(|message| message.seq).collect()
}
