//! Rows of `chats`, `groups` and `chat_participants` as the domain sees them.

use rusqlite::{Result, Row};

use crate::domain::chat::{Chat, ChatKind, Left, Member, Mute, Role};

use crate::storage::embedded::row::{id, number, optional_id, optional_time, time, unknown};

/// The columns that [`chat`] reads, of `chats c LEFT JOIN groups g`.
macro_rules! chat_columns {
    () => {
        "c.id, c.kind, g.name, g.description, g.avatar_media_id, c.created_by,
         coalesce(g.admin_only, 0), c.auto_delete_timer, c.created_at, c.updated_at"
    };
}
pub(super) use chat_columns;

/// The columns that [`member`] reads, of `chat_participants p LEFT JOIN privacy_settings v`.
macro_rules! member_columns {
    () => {
        "p.user_id, p.role, p.join_seq, p.join_rev, p.left_seq, p.left_rev, p.joined_at,
         p.is_muted, p.mute_until, p.is_pinned, coalesce(v.read_receipts, 1)"
    };
}
pub(super) use member_columns;

/// How many columns a chat takes: where a member's begin when both are read.
pub const CHAT_COLUMNS: usize = 10;
pub const MEMBER_COLUMNS: usize = 11;

pub fn chat(row: &Row<'_>) -> Result<Chat> {
    Ok(Chat {
        id: id(row, 0)?,
        kind: match row.get_ref(1)?.as_str()? {
            "direct" => ChatKind::Direct,
            "group" => ChatKind::Group,
            _ => return Err(unknown(1, "an unknown kind of chat")),
        },
        name: row.get(2)?,
        description: row.get(3)?,
        avatar_media_id: optional_id(row, 4)?,
        created_by: id(row, 5)?,
        admin_only: row.get(6)?,
        auto_delete_timer: row.get(7)?,
        created_at: time(row, 8)?,
        updated_at: time(row, 9)?,
    })
}

/// `first` is the column where the member begins.
pub fn member(row: &Row<'_>, first: usize) -> Result<Member> {
    let left: Option<i64> = row.get(first + 4)?;
    let is_muted: bool = row.get(first + 7)?;
    Ok(Member {
        user_id: id(row, first)?,
        role: match row.get_ref(first + 1)?.as_str()? {
            "admin" => Role::Admin,
            "member" => Role::Member,
            _ => return Err(unknown(first + 1, "an unknown role")),
        },
        join_seq: number(row, first + 2)?,
        join_rev: number(row, first + 3)?,
        left: match left {
            Some(_) => Some(Left {
                seq: number(row, first + 4)?,
                rev: number(row, first + 5)?,
            }),
            None => None,
        },
        joined_at: time(row, first + 6)?,
        muted: match is_muted {
            true => Some(Mute {
                until: optional_time(row, first + 8)?,
            }),
            false => None,
        },
        is_pinned: row.get(first + 9)?,
        read_receipts: row.get(first + 10)?,
    })
}

pub fn kind_name(kind: ChatKind) -> &'static str {
    match kind {
        ChatKind::Direct => "direct",
        ChatKind::Group => "group",
    }
}

pub fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Member => "member",
    }
}
