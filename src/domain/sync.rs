//! What a client that stands at some rev of a chat is owed.

use super::chat::Member;

/// More changes than these in one chat, and the copy is made anew.
pub const RESET_ABOVE: usize = 2000;
/// Messages of a copy made anew.
pub const RESET_MESSAGES: usize = 50;
/// Messages a chat in one answer.
pub const PAGE_MESSAGES: usize = 200;
/// Changes of `me` in one answer.
pub const PAGE_MY_CHANGES: usize = 1000;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owed {
    Nothing,
    /// The copy is unknown, from before the member joined, or from the future.
    Reset,
    /// What changed after this rev, up to where the member may see.
    Changes {
        after: u64,
    },
}

/// `have` is the client's rev, `None` when it has no copy; `head` is the chat's newest rev.
///
/// Who has left is owed changes up to the message that says so, and no copy he does not have.
pub fn owed(member: &Member, have: Option<u64>, head: u64) -> Owed {
    let end = member.left.map_or(head, |left| left.rev);
    match have {
        None if member.left.is_some() => Owed::Nothing,
        None => Owed::Reset,
        Some(have) if member.left.is_some() && have >= end => Owed::Nothing,
        Some(have) if have == 0 || have < member.join_rev || have > end => Owed::Reset,
        Some(have) if have == end => Owed::Nothing,
        Some(have) => Owed::Changes { after: have },
    }
}
