//! How long a message may still be changed, and by whom.

use std::time::Duration;

use super::{Message, MessageKind};
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::UserId;

/// How long a sender may edit his text.
pub const EDIT_WINDOW: Duration = Duration::from_secs(15 * 60);
/// How long a sender may delete for everyone.
pub const DELETE_WINDOW: Duration = Duration::from_secs(48 * 60 * 60);

/// Only an own text, still there, not older than [`EDIT_WINDOW`]; else 403.
pub fn may_edit(message: &Message, actor: UserId, now: Timestamp) -> Result<(), Failure> {
    if message.sender_id != actor {
        return Err(Failure::forbidden("only its sender may edit a message"));
    }
    if message.kind != MessageKind::Text {
        return Err(Failure::forbidden("only a text can be edited"));
    }
    if message.is_gone(now) {
        return Err(Failure::forbidden("a deleted message cannot be edited"));
    }
    if now.since(message.created_at) > EDIT_WINDOW {
        return Err(Failure::forbidden(
            "a message can be edited for 15 minutes only",
        ));
    }
    Ok(())
}

/// What people sent and is still there; else 403.
pub fn may_react(message: &Message, now: Timestamp) -> Result<(), Failure> {
    if message.kind == MessageKind::System {
        return Err(Failure::forbidden("nobody reacts to a system message"));
    }
    if message.is_gone(now) {
        return Err(Failure::forbidden("a deleted message takes no reactions"));
    }
    Ok(())
}

/// What people sent and is still there; else 403.
pub fn may_forward(message: &Message, now: Timestamp) -> Result<(), Failure> {
    if message.kind == MessageKind::System {
        return Err(Failure::forbidden("a system message cannot be forwarded"));
    }
    if message.is_gone(now) {
        return Err(Failure::forbidden("a deleted message cannot be forwarded"));
    }
    Ok(())
}

/// The sender within [`DELETE_WINDOW`], or an admin of the group at any time; else 403. What is gone
/// already, its sender may delete again.
/// What the server itself said stays.
pub fn may_delete_for_everyone(
    message: &Message,
    actor: UserId,
    is_group_admin: bool,
    now: Timestamp,
) -> Result<(), Failure> {
    if message.kind == MessageKind::System {
        return Err(Failure::forbidden("a system message cannot be deleted"));
    }
    if is_group_admin {
        return Ok(());
    }
    if message.sender_id != actor {
        return Err(Failure::forbidden(
            "only its sender or a group admin may delete a message for everyone",
        ));
    }
    if now.since(message.created_at) > DELETE_WINDOW && !message.is_gone(now) {
        return Err(Failure::forbidden(
            "a message can be deleted for everyone for 48 hours only",
        ));
    }
    Ok(())
}
