//! Rows of `chats`, `groups` and `chat_participants` as the domain sees them.

use std::time::SystemTime;

use tokio_postgres::Row;
use uuid::Uuid;

use crate::domain::chat::{Chat, ChatKind, Left, Member, Mute, Role};
use crate::id::{ChatId, MediaId, UserId};
use crate::storage::StoreResult;
use crate::storage::distributed::postgres::{internal, number, time};

/// The columns that [`chat`] reads, of `chats c LEFT JOIN groups g`.
macro_rules! chat_columns {
    () => {
        "c.id, c.type::text, g.name, g.description, g.avatar_media_id, c.created_by,
         coalesce(g.is_admin_only, FALSE), c.auto_delete_timer, c.created_at, c.updated_at"
    };
}
pub(super) use chat_columns;

/// The columns that [`member`] reads, of `chat_participants p LEFT JOIN privacy_settings v`.
macro_rules! member_columns {
    () => {
        "p.user_id, p.role::text, p.join_seq, p.join_rev, p.left_seq, p.left_rev, p.joined_at,
         p.is_muted, p.mute_until, p.is_pinned, coalesce(v.read_receipts, TRUE)"
    };
}
pub(super) use member_columns;

/// How many columns a chat takes: where a member's begin when both are read.
pub const CHAT_COLUMNS: usize = 10;
pub const MEMBER_COLUMNS: usize = 11;

pub fn chat(row: &Row) -> StoreResult<Chat> {
    let timer: Option<i32> = row.try_get(7).map_err(broken)?;
    let kind: &str = row.try_get(1).map_err(broken)?;
    let avatar: Option<Uuid> = row.try_get(4).map_err(broken)?;
    Ok(Chat {
        id: ChatId(row.try_get(0).map_err(broken)?),
        kind: match kind {
            "direct" => ChatKind::Direct,
            "group" => ChatKind::Group,
            _ => return Err(internal(format!("an unknown kind of chat: {kind}"))),
        },
        name: row.try_get(2).map_err(broken)?,
        description: row.try_get(3).map_err(broken)?,
        avatar_media_id: avatar.map(MediaId),
        created_by: UserId(row.try_get(5).map_err(broken)?),
        admin_only: row.try_get(6).map_err(broken)?,
        auto_delete_timer: timer.map(i32::cast_unsigned),
        created_at: time(row.try_get(8).map_err(broken)?),
        updated_at: time(row.try_get(9).map_err(broken)?),
    })
}

/// `first` is the column where the member begins.
pub fn member(row: &Row, first: usize) -> StoreResult<Member> {
    let role: &str = row.try_get(first + 1).map_err(broken)?;
    let left_seq: Option<i64> = row.try_get(first + 4).map_err(broken)?;
    let left_rev: Option<i64> = row.try_get(first + 5).map_err(broken)?;
    let is_muted: bool = row.try_get(first + 7).map_err(broken)?;
    let until: Option<SystemTime> = row.try_get(first + 8).map_err(broken)?;
    Ok(Member {
        user_id: UserId(row.try_get(first).map_err(broken)?),
        role: match role {
            "admin" => Role::Admin,
            "member" => Role::Member,
            _ => return Err(internal(format!("an unknown role: {role}"))),
        },
        join_seq: number(row.try_get(first + 2).map_err(broken)?),
        join_rev: number(row.try_get(first + 3).map_err(broken)?),
        left: left_seq.map(|seq| Left {
            seq: number(seq),
            rev: number(left_rev.unwrap_or(0)),
        }),
        joined_at: time(row.try_get(first + 6).map_err(broken)?),
        muted: is_muted.then(|| Mute {
            until: until.map(time),
        }),
        is_pinned: row.try_get(first + 9).map_err(broken)?,
        read_receipts: row.try_get(first + 10).map_err(broken)?,
    })
}

fn broken(error: tokio_postgres::Error) -> crate::storage::StoreError {
    internal(error.to_string())
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
