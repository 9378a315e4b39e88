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

#[cfg(test)]
mod tests {
    use super::{Owed, owed};
    use crate::clock::Timestamp;
    use crate::domain::chat::{Left, Member, Role};
    use crate::id::UserId;

    fn member(join_rev: u64, left_rev: Option<u64>) -> Member {
        Member {
            user_id: UserId::new(),
            role: Role::Member,
            join_seq: 1,
            join_rev,
            left: left_rev.map(|rev| Left { seq: rev, rev }),
            joined_at: Timestamp(0),
            muted: None,
            is_pinned: false,
            read_receipts: true,
        }
    }

    #[test]
    fn a_member_is_owed_what_changed_since() {
        let here = member(1, None);
        assert_eq!(owed(&here, Some(9), 9), Owed::Nothing);
        assert_eq!(owed(&here, Some(4), 9), Owed::Changes { after: 4 });
        assert_eq!(owed(&here, None, 9), Owed::Reset, "no copy");
        assert_eq!(owed(&here, Some(0), 9), Owed::Reset, "revs start at 1");
        assert_eq!(owed(&here, Some(10), 9), Owed::Reset, "from the future");
    }

    #[test]
    fn who_came_back_begins_anew() {
        let back = member(7, None);
        assert_eq!(owed(&back, Some(5), 9), Owed::Reset);
        assert_eq!(owed(&back, Some(7), 9), Owed::Changes { after: 7 });
    }

    #[test]
    fn who_has_left_is_owed_up_to_then() {
        let gone = member(1, Some(6));
        assert_eq!(owed(&gone, None, 9), Owed::Nothing);
        assert_eq!(owed(&gone, Some(4), 9), Owed::Changes { after: 4 });
        assert_eq!(owed(&gone, Some(6), 9), Owed::Nothing);
        assert_eq!(owed(&gone, Some(8), 9), Owed::Nothing);
    }
}
