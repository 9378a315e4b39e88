//! What a member may do in a chat, as plain functions over a [`Roster`].

use std::collections::HashSet;

use super::chat::{ChatKind, GROUP_MEMBERS, Member, Role, Roster};
use super::privacy;
use super::user::Relation;
use crate::error::Failure;
use crate::id::UserId;

/// May this person send here now? Not in it: 404; blocked or admins only: 403.
pub fn may_send(roster: &Roster, sender: UserId) -> Result<(), Failure> {
    let member = roster.active(sender)?;
    if roster.chat.kind == ChatKind::Direct {
        return may_reach_peer(roster, sender);
    }
    if roster.chat.admin_only && member.role != Role::Admin {
        return Err(Failure::forbidden("only admins may send in this group"));
    }
    Ok(())
}

/// May this person react to messages here, or edit what he sent? Where only admins send, everyone may.
pub fn may_touch(roster: &Roster, actor: UserId) -> Result<(), Failure> {
    roster.active(actor)?;
    may_reach_peer(roster, actor)
}

/// In a direct chat nothing passes between two of whom one has blocked the other, or is gone.
fn may_reach_peer(roster: &Roster, actor: UserId) -> Result<(), Failure> {
    match roster.peer(actor) {
        Some(peer) if roster.blocks_between(actor, peer) => Err(Failure::forbidden(
            "one of you has blocked the other, so nothing can be sent here",
        )),
        Some(peer) if roster.active(peer).is_err() => Err(Failure::forbidden(
            "the other one has deleted the account, so nothing can be sent here",
        )),
        _ => Ok(()),
    }
}

/// An admin's work: groups only, admins only.
pub fn may_manage(roster: &Roster, actor: UserId) -> Result<(), Failure> {
    let member = roster.active(actor)?;
    if roster.chat.kind == ChatKind::Direct {
        return Err(Failure::forbidden("a direct chat has no members to manage"));
    }
    if member.role != Role::Admin {
        return Err(Failure::forbidden("only admins of this group may do that"));
    }
    Ok(())
}

/// The disappearing timer: either side of a direct chat, admins of a group.
pub fn may_set_timer(roster: &Roster, actor: UserId) -> Result<(), Failure> {
    match roster.chat.kind {
        ChatKind::Direct => may_touch(roster, actor),
        ChatKind::Group => may_manage(roster, actor),
    }
}

/// Whom an addition would really add: each once, those who are in already left out.
pub fn to_be_added(roster: &Roster, asked: &[UserId]) -> Result<Vec<UserId>, Failure> {
    let mut seen: HashSet<UserId> = roster.active_members().map(|m| m.user_id).collect();
    let present = seen.len();
    let added: Vec<UserId> = asked
        .iter()
        .copied()
        .filter(|id| seen.insert(*id))
        .collect();
    if present + added.len() > GROUP_MEMBERS {
        return Err(Failure::invalid(
            "userIds",
            format!("a group has at most {GROUP_MEMBERS} members"),
        ));
    }
    Ok(added)
}

/// What a removal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// He had gone before: nothing to do.
    AlreadyGone,
    /// Leaving by himself, or removed by an admin. `new_admin`: the last admin goes, this one follows.
    Goes { new_admin: Option<UserId> },
}

/// Removing `user` (an admin's work) or leaving (`user == actor`).
pub fn removal(roster: &Roster, actor: UserId, user: UserId) -> Result<Removal, Failure> {
    if actor != user {
        may_manage(roster, actor)?;
    } else if roster.chat.kind == ChatKind::Direct {
        roster.active(actor)?;
        return Err(Failure::forbidden("a direct chat cannot be left"));
    }
    let row = roster.members.iter().find(|member| member.user_id == user);
    match row {
        None => Err(Failure::not_found()),
        Some(member) if !member.is_active() => Ok(Removal::AlreadyGone),
        Some(_) => Ok(Removal::Goes {
            new_admin: successor(roster, user),
        }),
    }
}

/// The longest-standing member, when `leaving` is the only admin.
pub fn successor(roster: &Roster, leaving: UserId) -> Option<UserId> {
    let mut staying = roster.active_members().filter(|m| m.user_id != leaving);
    if staying.any(|member| member.role == Role::Admin) {
        return None;
    }
    roster
        .active_members()
        .filter(|member| member.user_id != leaving)
        .min_by_key(|member| (member.joined_at, member.join_seq, member.user_id))
        .map(|member| member.user_id)
}

/// May `actor` give `user` this role? `false`: he has it already.
pub fn role_change(
    roster: &Roster,
    actor: UserId,
    user: UserId,
    role: Role,
) -> Result<bool, Failure> {
    may_manage(roster, actor)?;
    let member = roster.active(user)?;
    let admins = roster
        .active_members()
        .filter(|m| m.role == Role::Admin)
        .count();
    if member.role == Role::Admin && role == Role::Member && admins == 1 {
        return Err(Failure::conflict(
            "a group needs an admin: make someone else admin first",
        ));
    }
    Ok(member.role != role)
}

/// Everyone else in the chat now: whom a send reaches.
pub fn recipients(roster: &Roster, sender: UserId) -> Vec<UserId> {
    roster
        .active_members()
        .map(|member| member.user_id)
        .filter(|id| *id != sender)
        .collect()
}

/// May `watcher` see typing and receipts of `actor`? In a direct chat a block ends both.
pub fn shows_activity(roster: &Roster, actor: UserId, watcher: UserId) -> bool {
    roster.chat.kind == ChatKind::Group || !roster.blocks_between(actor, watcher)
}

/// Whether a read by `reader` may be shown to `watcher` as such: both have read receipts on.
pub fn shows_read(reader: &Member, watcher: &Member) -> bool {
    reader.read_receipts && watcher.read_receipts
}

/// May the viewer bring the owner into a group? A block by the owner looks like `nobody`.
pub fn may_be_added(viewer: UserId, relation: &Relation) -> bool {
    privacy::visible(viewer, relation).group_add
}
