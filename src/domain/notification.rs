//! Whom a push tells what. Pure; `actors/notification` reads what these ask about, waits and sends.

use std::collections::BTreeMap;
use std::time::Duration;

use super::chat::{Member, Roster};
use super::message::{Message, MessageKind};
use super::receipts::Watermark;
use crate::clock::Timestamp;
use crate::id::{ChatId, MessageId, UserId};

/// What a push says: ids and counts, never a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Push {
    /// There is something new in a chat: `count` messages that no push stood for, the newest of them,
    /// and how many wait to be read.
    Message {
        chat_id: ChatId,
        message_id: MessageId,
        head_seq: u64,
        count: usize,
        unread: u32,
    },
    /// Someone brought the receiver into a group.
    Added { chat_id: ChatId },
    /// He read elsewhere: what is shown up to there goes.
    Clear { chat_id: ChatId, read_seq: u64 },
    /// A message that is shown was deleted or edited.
    Revoke {
        chat_id: ChatId,
        message_id: MessageId,
    },
    /// More has happened than can be told singly.
    Sync,
}

impl Push {
    /// Every [`kind`](Self::kind).
    pub const KINDS: [&str; 5] = ["message", "added", "clear", "revoke", "sync"];

    /// `t` of the contract.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Message { .. } => "message",
            Self::Added { .. } => "added",
            Self::Clear { .. } => "clear",
            Self::Revoke { .. } => "revoke",
            Self::Sync => "sync",
        }
    }

    /// Whether it shows something new, for which a phone may be woken at once.
    pub const fn is_news(&self) -> bool {
        matches!(self, Self::Message { .. } | Self::Added { .. } | Self::Sync)
    }

    /// The payload: every value is a text.
    pub fn data(&self) -> BTreeMap<String, String> {
        let fields: Vec<(&str, String)> = match self {
            Self::Message {
                chat_id,
                message_id,
                head_seq,
                count,
                unread,
            } => vec![
                ("chatId", chat_id.to_string()),
                ("messageId", message_id.to_string()),
                ("headSeq", head_seq.to_string()),
                ("count", count.to_string()),
                ("unread", unread.to_string()),
            ],
            Self::Added { chat_id } => vec![("chatId", chat_id.to_string())],
            Self::Clear { chat_id, read_seq } => vec![
                ("chatId", chat_id.to_string()),
                ("readSeq", read_seq.to_string()),
            ],
            Self::Revoke {
                chat_id,
                message_id,
            } => vec![
                ("chatId", chat_id.to_string()),
                ("messageId", message_id.to_string()),
            ],
            Self::Sync => Vec::new(),
        };
        let kind = ("t", self.kind().to_owned());
        let fields = fields.into_iter().chain([kind]);
        fields.map(|(name, text)| (name.to_owned(), text)).collect()
    }
}

/// How far one person was told of one chat by push.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PushMark {
    pub chat_id: ChatId,
    pub user_id: UserId,
    /// The newest seq that a push stood for; 0: none did.
    pub pushed_seq: u64,
    /// How far his devices were told that he has read.
    pub cleared_seq: u64,
}

impl PushMark {
    pub fn nowhere(chat_id: ChatId, user_id: UserId) -> Self {
        Self {
            chat_id,
            user_id,
            pushed_seq: 0,
            cleared_seq: 0,
        }
    }

    /// Whether something that was pushed may still be shown.
    pub fn is_outstanding(&self) -> bool {
        self.pushed_seq > self.cleared_seq
    }
}

/// One member of a chat at the moment of decision, all of it just read.
pub struct Listener<'a> {
    pub roster: &'a Roster,
    pub mark: PushMark,
    pub watermark: Watermark,
    pub now: Timestamp,
}

/// What of a chat is new to a listener.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct News {
    pub message_id: MessageId,
    pub up_to_seq: u64,
    pub count: usize,
}

impl Listener<'_> {
    /// The member, if he is in the chat and wants to hear of it.
    pub fn member(&self) -> Option<&Member> {
        let member = self.roster.active(self.mark.user_id).ok()?;
        let is_muted = member.muted.is_some_and(|mute| mute.holds(self.now));
        (!is_muted).then_some(member)
    }

    /// What a push would stand for; `messages` newest first.
    pub fn news(&self, messages: &[Message]) -> Option<News> {
        let member = self.member()?;
        let mut news = messages.iter().filter(|one| self.is_news(member, one));
        let newest = news.next()?;
        Some(News {
            message_id: newest.id,
            up_to_seq: newest.seq,
            count: news.count() + 1,
        })
    }

    /// Someone else's message that neither a device nor a push has brought him, is still there, and
    /// whose sender he does not block.
    fn is_news(&self, member: &Member, message: &Message) -> bool {
        let me = member.user_id;
        message.kind != MessageKind::System
            && message.sender_id != me
            && message.seq > self.known_seq()
            && member.sees(message.seq)
            && !message.is_gone(self.now)
            && !self.has_blocked(message.sender_id)
    }

    /// What was delivered, or told by push.
    pub fn known_seq(&self) -> u64 {
        self.watermark.delivered_seq.max(self.mark.pushed_seq)
    }

    fn has_blocked(&self, sender: UserId) -> bool {
        let mut blocks = self.roster.blocks.iter();
        blocks.any(|block| block.blocker == self.mark.user_id && block.blocked == sender)
    }

    /// Whether he is to hear that the system message with this seq brought him in.
    pub fn is_added(&self, seq: u64) -> bool {
        let joined = self.member().is_some_and(|member| member.join_seq == seq);
        joined && seq > self.known_seq()
    }

    /// What his devices are to be told that he read; nothing where they show nothing of it.
    pub fn cleared(&self) -> Option<Push> {
        let read_seq = self.watermark.read_seq;
        let is_due = self.mark.is_outstanding() && read_seq > self.mark.cleared_seq;
        is_due.then_some(Push::Clear {
            chat_id: self.mark.chat_id,
            read_seq,
        })
    }

    /// Whether the message with this seq may be shown on his devices.
    pub fn is_shown(&self, seq: u64) -> bool {
        let gone = self.watermark.read_seq.max(self.mark.cleared_seq);
        self.roster.active(self.mark.user_id).is_ok() && gone < seq && seq <= self.mark.pushed_seq
    }
}

/// How long a message may wait for the acknowledgement of someone who is connected.
pub fn patience(sent_at: Timestamp, now: Timestamp, most: Duration) -> Duration {
    most.saturating_sub(now.since(sent_at))
}
