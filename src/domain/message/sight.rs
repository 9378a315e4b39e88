//! D8: what of a chat's messages a member, or one who was, may see.

use super::Message;
use crate::domain::chat::Member;

/// The message as this member may see it; `None`: not at all.
///
/// What changed after he left is a tombstone to him: how it looked before is not kept.
pub fn as_seen_by(member: &Member, mut message: Message) -> Option<Message> {
    if !member.sees(message.seq) {
        return None;
    }
    if let Some(left) = member.left
        && message.rev > left.rev
    {
        message.rev = left.rev;
        message.is_deleted = true;
        message.edited_at = None;
        message.updated_at = message.created_at;
    }
    Some(message)
}
