//! Who hears of a message by push: every combination of what could keep it from someone.

use troupe::domain::chat::{Block, ChatKind, Left, Mute, Roster};
use troupe::domain::message::{Message, MessageKind};
use troupe::domain::notification::{Listener, PushMark};
use troupe::domain::receipts::Watermark;
use troupe::id::UserId;
use troupe::storage::messages::Heads;

use crate::contract::stage::{at, new_chat, text};

/// A direct chat, a message of the other one in it, and the listener.
struct Case {
    roster: Roster,
    message: Message,
    watermark: Watermark,
    mark: PushMark,
}

/// Seq of the message.
const SEQ: u64 = 7;

impl Case {
    fn new() -> Self {
        let (sender, me) = (UserId::new(), UserId::new());
        let new = new_chat(ChatKind::Direct, &[sender, me]);
        let heads = Heads {
            seq: SEQ - 1,
            rev: SEQ,
        };
        Self {
            message: text(new.chat.id, sender, heads, "hello"),
            watermark: Watermark::nowhere(me),
            mark: PushMark::nowhere(new.chat.id, me),
            roster: Roster {
                chat: new.chat,
                members: new.members,
                blocks: Vec::new(),
            },
        }
    }

    fn me(&self) -> UserId {
        self.mark.user_id
    }

    fn mine(&mut self) -> &mut troupe::domain::chat::Member {
        let me = self.me();
        let mut members = self.roster.members.iter_mut();
        let mine = members.find(|member| member.user_id == me);
        mine.expect("a member")
    }

    fn is_pushed(&self) -> bool {
        let listener = Listener {
            roster: &self.roster,
            mark: self.mark,
            watermark: self.watermark,
            now: at(1_000),
        };
        listener.news(std::slice::from_ref(&self.message)).is_some()
    }
}

/// What may be the case, whether it alone keeps the push away, and how it comes about.
type Reason = (&'static str, bool, fn(&mut Case));

const REASONS: [Reason; 13] = [
    ("it is his own", true, |case| {
        case.message.sender_id = case.me()
    }),
    ("he blocks its sender", true, |case| {
        let (blocker, blocked) = (case.me(), case.message.sender_id);
        case.roster.blocks.push(Block { blocker, blocked });
    }),
    ("its sender blocks him", false, |case| {
        let (blocker, blocked) = (case.message.sender_id, case.me());
        case.roster.blocks.push(Block { blocker, blocked });
    }),
    ("he muted the chat", true, |case| {
        case.mine().muted = Some(Mute { until: None });
    }),
    ("his mute is over", false, |case| {
        if case.mine().muted.is_none() {
            case.mine().muted = Some(Mute {
                until: Some(at(999)),
            });
        }
    }),
    ("he left", true, |case| {
        case.mine().left = Some(Left {
            seq: SEQ + 1,
            rev: SEQ + 2,
        });
    }),
    ("he joined later", true, |case| {
        case.mine().join_seq = SEQ + 1
    }),
    ("a device has it", true, |case| {
        case.watermark.delivered_seq = SEQ
    }),
    ("a push told him", true, |case| case.mark.pushed_seq = SEQ),
    ("a push told him of what was before", false, |case| {
        case.mark.pushed_seq = case.mark.pushed_seq.max(SEQ - 1);
    }),
    ("it was deleted", true, |case| {
        case.message.is_deleted = true
    }),
    ("it is past its time", true, |case| {
        case.message.expires_at = Some(at(1_000))
    }),
    ("the server itself says it", true, |case| {
        case.message.kind = MessageKind::System
    }),
];

#[test]
fn a_push_is_sent_unless_something_keeps_it_away() {
    for bits in 0..1_u32 << REASONS.len() {
        let mut case = Case::new();
        let holds = |place: usize| bits & (1 << place) != 0;
        let reasons = (0..REASONS.len()).filter(|place| holds(*place));
        let reasons: Vec<_> = reasons.map(|place| REASONS[place]).collect();
        for (_, _, happens) in &reasons {
            happens(&mut case);
        }
        let kept_away = reasons.iter().any(|(_, keeps, _)| *keeps);
        let names: Vec<&str> = reasons.iter().map(|(name, _, _)| *name).collect();
        assert_eq!(case.is_pushed(), !kept_away, "{names:?}");
    }
}
