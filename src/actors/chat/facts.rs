//! What entries of the log are to whoever consumes events: pure, but for what it is given.

use std::collections::HashMap;

use serde::Deserialize;

use crate::clock::Timestamp;
use crate::domain::chat::{ChatKind, Role, Roster};
use crate::domain::receipts::ReceiptKind;
use crate::event::{Event, proto};
use crate::id::{ChatId, MediaId, UserId};
use crate::storage::log::{Logged, LoggedChange};
use crate::storage::receipts::Moved;

/// The payload of a system message, as far as events tell of it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Told {
    event: String,
    #[serde(default)]
    user_ids: Vec<UserId>,
    new_admin_id: Option<UserId>,
    role: Option<Role>,
    seconds: Option<u32>,
    name: Option<String>,
    /// The outer one: whether it is there at all.
    #[serde(default, deserialize_with = "present")]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "present")]
    avatar_media_id: Option<Option<MediaId>>,
    admin_only: Option<bool>,
}

fn present<'de, D, T>(deserializer: D) -> Result<Option<Option<T>>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer).map(Some)
}

/// The events of one entry, in order. `rosters` holds the chats that entry 1 is told of; `None`: that
/// of this entry is missing.
pub fn events(entry: &Logged, rosters: &HashMap<ChatId, Roster>) -> Option<Vec<Event>> {
    let (chat_id, rev, at) = (entry.chat_id.to_string(), entry.rev, entry.at.0);
    let actor = entry.actor.map(|actor| actor.to_string());
    let actor = actor.unwrap_or_default();
    let event = match &entry.what {
        LoggedChange::Created => created(rosters.get(&entry.chat_id)?),
        LoggedChange::Sent { message_id, kind } => Event::MessageSent(proto::MessageSent {
            chat_id,
            message_id: message_id.to_string(),
            seq: entry.seq,
            rev,
            sender_id: actor,
            r#type: kind.as_str().to_owned(),
            sent_at: at,
        }),
        LoggedChange::Deleted { message_id } => Event::MessageDeleted(proto::MessageDeleted {
            chat_id,
            message_id: message_id.to_string(),
            rev,
            deleted_by: actor,
            deleted_at: at,
        }),
        LoggedChange::Edited { message_id } | LoggedChange::Reacted { message_id } => {
            let is_edit = matches!(entry.what, LoggedChange::Edited { .. });
            Event::MessageUpdated(proto::MessageUpdated {
                chat_id,
                message_id: message_id.to_string(),
                rev,
                updated_by: actor,
                updated_at: at,
                change: if is_edit { "edited" } else { "reacted" }.to_owned(),
            })
        }
        LoggedChange::Acted { payload } => {
            let Ok(told) = serde_json::from_str::<Told>(payload.get()) else {
                tracing::error!(chat.id = %entry.chat_id, rev, "a system message that tells nothing");
                return Some(Vec::new());
            };
            return Some(acted(entry, &actor, told));
        }
        LoggedChange::Silent => return Some(Vec::new()),
    };
    Some(vec![event])
}

/// Whoever has been in it from the start.
fn created(roster: &Roster) -> Event {
    let chat = &roster.chat;
    let first = roster.members.iter().filter(|member| member.join_rev <= 1);
    Event::ChatCreated(proto::ChatCreated {
        chat_id: chat.id.to_string(),
        r#type: match chat.kind {
            ChatKind::Direct => "direct",
            ChatKind::Group => "group",
        }
        .to_owned(),
        participants: first.map(|member| member.user_id.to_string()).collect(),
        created_by: chat.created_by.to_string(),
        created_at: chat.created_at.0,
    })
}

fn acted(entry: &Logged, actor: &str, told: Told) -> Vec<Event> {
    let chat_id = entry.chat_id.to_string();
    let people = told.user_ids.iter().map(ToString::to_string);
    match told.event.as_str() {
        "member_added" => people
            .map(|user_id| {
                Event::MemberAdded(proto::MemberAdded {
                    chat_id: chat_id.clone(),
                    user_id,
                    added_by: actor.to_owned(),
                    seq: entry.seq,
                    rev: entry.rev,
                    added_at: entry.at.0,
                })
            })
            .collect(),
        "member_removed" | "member_left" => people
            .map(|user_id| {
                Event::MemberRemoved(proto::MemberRemoved {
                    chat_id: chat_id.clone(),
                    user_id,
                    removed_by: actor.to_owned(),
                    seq: entry.seq,
                    rev: entry.rev,
                    removed_at: entry.at.0,
                    new_admin_id: told.new_admin_id.map(|admin| admin.to_string()),
                })
            })
            .collect(),
        _ => vec![updated(entry, actor, told)],
    }
}

fn updated(entry: &Logged, actor: &str, told: Told) -> Event {
    let role = told.role.map(|role| match role {
        Role::Admin => "admin".to_owned(),
        Role::Member => "member".to_owned(),
    });
    let fields = [
        ("name", told.name.is_some()),
        ("description", told.description.is_some()),
        ("avatar_media_id", told.avatar_media_id.is_some()),
        ("admin_only", told.admin_only.is_some()),
        ("auto_delete_timer", told.event == "timer_changed"),
        ("role", role.is_some()),
    ];
    let fields = fields.into_iter().filter(|(_, is_set)| *is_set);
    let user_id = told.user_ids.first().filter(|_| role.is_some());
    Event::ChatUpdated(proto::ChatUpdated {
        chat_id: entry.chat_id.to_string(),
        seq: entry.seq,
        rev: entry.rev,
        updated_by: actor.to_owned(),
        updated_at: entry.at.0,
        fields: fields.map(|(name, _)| name.to_owned()).collect(),
        name: told.name,
        description: told.description.flatten(),
        avatar_media_id: told.avatar_media_id.flatten().map(|id| id.to_string()),
        admin_only: told.admin_only,
        auto_delete_timer: told.seconds,
        user_id: user_id.map(ToString::to_string),
        role,
    })
}

/// A watermark that was moved, and how far: by that later ones replace earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    pub chat_id: ChatId,
    pub user_id: UserId,
    pub kind: ReceiptKind,
    pub after_seq: u64,
    pub up_to_seq: u64,
    pub at: Timestamp,
}

impl Status {
    /// What a stored mark says that was not said before.
    pub fn of(moved: &Moved) -> Option<Self> {
        let (kind, after_seq, up_to_seq) = match moved.mark.kind {
            ReceiptKind::Delivered => (
                ReceiptKind::Delivered,
                moved.before.delivered_seq,
                moved.after.delivered_seq,
            ),
            ReceiptKind::Read => (
                ReceiptKind::Read,
                moved.before.read_seq,
                moved.after.read_seq,
            ),
        };
        (after_seq < up_to_seq).then_some(Self {
            chat_id: moved.mark.chat_id,
            user_id: moved.mark.user_id,
            kind,
            after_seq,
            up_to_seq,
            at: moved.mark.at,
        })
    }

    pub fn event(&self) -> Event {
        Event::MessageStatusUpdated(proto::MessageStatusUpdated {
            chat_id: self.chat_id.to_string(),
            user_id: self.user_id.to_string(),
            status: self.kind.as_str().to_owned(),
            after_seq: self.after_seq,
            up_to_seq: self.up_to_seq,
            updated_at: self.at.0,
        })
    }
}
