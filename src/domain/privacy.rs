//! What one person may see of another, and may do with him: one table.
//!
//! | of the owner | who may | a block by the owner | a block by the viewer |
//! |---|---|---|---|
//! | phone | who has it in his contacts, or is in the owner's | only who has it | – |
//! | status text | `about` | hides | – |
//! | avatar | `profilePhoto` | hides | – |
//! | online, last seen | `lastSeen` | hides | – |
//! | typing | everyone in the chat | hides | hides |
//! | read receipts | `readReceipts` | hides | – |
//! | add to a group | `groupAdd` | refuses | – |
//! | start a chat | everyone | refuses | – |

use super::user::{Audience, Relation};
use crate::id::UserId;

/// One viewer's view of one owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Visible {
    pub phone: bool,
    pub status_text: bool,
    pub avatar: bool,
    /// Online and last seen alike.
    pub last_seen: bool,
    pub typing: bool,
    pub read_receipts: bool,
    pub group_add: bool,
    pub start_chat: bool,
}

impl Visible {
    const ALL: Self = Self {
        phone: true,
        status_text: true,
        avatar: true,
        last_seen: true,
        typing: true,
        read_receipts: true,
        group_add: true,
        start_chat: true,
    };
}

/// The table above; everyone sees all of himself.
pub fn visible(viewer: UserId, relation: &Relation) -> Visible {
    if viewer == relation.owner {
        return Visible::ALL;
    }
    let is_open = !relation.owner_blocks;
    let privacy = &relation.privacy;
    Visible {
        phone: relation.is_contact || (relation.in_contacts && is_open),
        status_text: is_open && allows(privacy.about, relation),
        avatar: is_open && allows(privacy.profile_photo, relation),
        last_seen: is_open && allows(privacy.last_seen, relation),
        typing: is_open && !relation.viewer_blocks,
        read_receipts: is_open && privacy.read_receipts,
        group_add: is_open && allows(privacy.group_add, relation),
        start_chat: is_open,
    }
}

fn allows(audience: Audience, relation: &Relation) -> bool {
    match audience {
        Audience::Everyone => true,
        Audience::Contacts => relation.in_contacts,
        Audience::Nobody => false,
    }
}

#[cfg(test)]
mod tests {
    use super::{Visible, visible};
    use crate::domain::user::{Audience, Privacy, Relation};
    use crate::id::UserId;

    fn stranger() -> Relation {
        Relation {
            owner: UserId::new(),
            privacy: Privacy::default(),
            in_contacts: false,
            is_contact: false,
            owner_blocks: false,
            viewer_blocks: false,
        }
    }

    fn seen(relation: &Relation) -> Visible {
        visible(UserId::new(), relation)
    }

    /// Checks one column against one setting: who sees it without a block, and that a block hides it.
    fn follows(set: fn(&mut Privacy, Audience), get: fn(Visible) -> bool) {
        let cells = [
            (Audience::Everyone, false, true),
            (Audience::Everyone, true, true),
            (Audience::Contacts, false, false),
            (Audience::Contacts, true, true),
            (Audience::Nobody, false, false),
            (Audience::Nobody, true, false),
        ];
        for (audience, in_contacts, expected) in cells {
            let mut relation = stranger();
            set(&mut relation.privacy, audience);
            relation.in_contacts = in_contacts;
            assert_eq!(get(seen(&relation)), expected, "{audience:?} {in_contacts}");
            relation.viewer_blocks = true;
            assert_eq!(get(seen(&relation)), expected, "the viewer's own block");
            relation.owner_blocks = true;
            assert!(!get(seen(&relation)), "{audience:?} through a block");
        }
    }

    #[test]
    fn status_text_follows_about() {
        follows(|privacy, to| privacy.about = to, |seen| seen.status_text);
    }

    #[test]
    fn avatar_follows_profile_photo() {
        follows(|privacy, to| privacy.profile_photo = to, |seen| seen.avatar);
    }

    #[test]
    fn last_seen_follows_last_seen() {
        follows(|privacy, to| privacy.last_seen = to, |seen| seen.last_seen);
    }

    #[test]
    fn adding_to_a_group_follows_group_add() {
        follows(|privacy, to| privacy.group_add = to, |seen| seen.group_add);
    }

    #[test]
    fn a_phone_is_seen_by_who_has_it_or_whom_the_owner_knows() {
        // is_contact, in_contacts, owner_blocks
        let cells = [
            (false, false, false, false),
            (true, false, false, true),
            (false, true, false, true),
            (true, true, false, true),
            (false, false, true, false),
            (true, false, true, true),
            (false, true, true, false),
            (true, true, true, true),
        ];
        for (is_contact, in_contacts, owner_blocks, expected) in cells {
            let relation = Relation {
                is_contact,
                in_contacts,
                owner_blocks,
                ..stranger()
            };
            assert_eq!(seen(&relation).phone, expected, "{relation:?}");
        }
    }

    #[test]
    fn typing_is_hidden_by_a_block_of_either() {
        for (owner_blocks, viewer_blocks, expected) in [
            (false, false, true),
            (true, false, false),
            (false, true, false),
            (true, true, false),
        ] {
            let relation = Relation {
                owner_blocks,
                viewer_blocks,
                ..stranger()
            };
            assert_eq!(seen(&relation).typing, expected, "{relation:?}");
        }
    }

    #[test]
    fn read_receipts_follow_the_setting_and_end_with_a_block() {
        for (setting, owner_blocks, expected) in [
            (true, false, true),
            (false, false, false),
            (true, true, false),
            (false, true, false),
        ] {
            let mut relation = stranger();
            relation.privacy.read_receipts = setting;
            relation.owner_blocks = owner_blocks;
            assert_eq!(seen(&relation).read_receipts, expected, "{relation:?}");
        }
    }

    #[test]
    fn a_chat_may_be_started_unless_the_owner_blocks() {
        for (owner_blocks, viewer_blocks, expected) in [
            (false, false, true),
            (false, true, true),
            (true, false, false),
            (true, true, false),
        ] {
            let relation = Relation {
                owner_blocks,
                viewer_blocks,
                ..stranger()
            };
            assert_eq!(seen(&relation).start_chat, expected, "{relation:?}");
        }
    }

    #[test]
    fn everyone_sees_all_of_himself() {
        let mut relation = stranger();
        relation.privacy = Privacy {
            last_seen: Audience::Nobody,
            profile_photo: Audience::Nobody,
            about: Audience::Nobody,
            read_receipts: false,
            group_add: Audience::Nobody,
        };
        assert_eq!(visible(relation.owner, &relation), Visible::ALL);
    }
}
