//! The `status` of a message: derived from watermarks and the receipt log, for its sender alone.

use std::collections::{BTreeMap, HashMap};

use super::message::{DeliveryStatus, RecipientStatus, StatusView};
use crate::clock::Timestamp;
use crate::domain::chat::{ChatKind, Member, Roster};
use crate::domain::chat_rules::{shows_activity, shows_read};
use crate::domain::message::{Message, MessageKind};
use crate::domain::receipts::{ReceiptKind, ReceiptTime, Watermark, shown};
use crate::id::UserId;

/// Who is in a chat and how far each has got.
#[derive(Clone, Debug)]
pub struct Standing {
    pub roster: Roster,
    pub marks: HashMap<UserId, Watermark>,
}

impl Standing {
    /// Whether `viewer` gets a `status` with this message: it is his own, and he is in the chat.
    pub fn shows_status(&self, viewer: UserId, message: &Message) -> bool {
        message.sender_id == viewer
            && message.kind != MessageKind::System
            && self.roster.active(viewer).is_ok()
    }

    /// Whether exact times would tell more than that it was sent.
    pub fn reached_anyone(&self, message: &Message) -> bool {
        self.states(message)
            .any(|(_, status)| status != DeliveryStatus::Sent)
    }

    /// In lists, sync and acks: people in a direct chat, counts in a group.
    pub fn status(&self, message: &Message, times: &[ReceiptTime]) -> StatusView {
        match self.roster.chat.kind {
            ChatKind::Direct => StatusView::People(self.people(message, times)),
            ChatKind::Group => self.counts(message),
        }
    }

    /// Each recipient with the moment his state was reached.
    pub fn people(
        &self,
        message: &Message,
        times: &[ReceiptTime],
    ) -> BTreeMap<UserId, RecipientStatus> {
        self.states(message)
            .map(|(user, status)| {
                let updated_at = self.reached_at(message, user, status, times);
                (user, RecipientStatus { status, updated_at })
            })
            .collect()
    }

    fn counts(&self, message: &Message) -> StatusView {
        let (mut delivered, mut read) = (0, 0);
        for (_, status) in self.states(message) {
            delivered += u32::from(status >= DeliveryStatus::Delivered);
            read += u32::from(status == DeliveryStatus::Read);
        }
        StatusView::Counts { delivered, read }
    }

    /// Everyone else who may see the message, through the read-receipt rule.
    fn states(&self, message: &Message) -> impl Iterator<Item = (UserId, DeliveryStatus)> {
        let sender = self.member(message.sender_id);
        let (seq, sender_id) = (message.seq, message.sender_id);
        self.roster
            .members
            .iter()
            .filter(move |member| member.user_id != sender_id && member.sees(seq))
            .map(move |member| {
                let mark = self.marks.get(&member.user_id);
                let kind = mark.and_then(|mark| {
                    let activity = shows_activity(&self.roster, member.user_id, sender_id);
                    let reads = sender.is_some_and(|sender| shows_read(member, sender));
                    shown(mark, seq, activity, reads)
                });
                (
                    member.user_id,
                    kind.map_or(DeliveryStatus::Sent, DeliveryStatus::from),
                )
            })
    }

    /// The first receipt that says so; reading is getting too.
    fn reached_at(
        &self,
        message: &Message,
        user: UserId,
        status: DeliveryStatus,
        times: &[ReceiptTime],
    ) -> Timestamp {
        let logged = times
            .iter()
            .filter(|time| time.user_id == user)
            .filter(|time| status != DeliveryStatus::Read || time.kind == ReceiptKind::Read)
            .map(|time| time.at)
            .min();
        let mark = self.marks.get(&user);
        match status {
            DeliveryStatus::Sent => message.created_at,
            DeliveryStatus::Delivered => logged
                .or_else(|| mark.and_then(|mark| mark.delivered_at))
                .unwrap_or(message.created_at),
            DeliveryStatus::Read => logged
                .or_else(|| mark.and_then(|mark| mark.read_at))
                .unwrap_or(message.created_at),
        }
    }

    /// Who stands where, as `viewer` may know it: himself always, others who have got anywhere.
    /// Nothing for who is not in the chat.
    pub fn receipts(&self, viewer: UserId) -> Vec<(UserId, Watermark)> {
        let Ok(me) = self.roster.active(viewer) else {
            return Vec::new();
        };
        self.roster
            .active_members()
            .filter_map(|member| {
                let user = member.user_id;
                let mark = self.marks.get(&user).copied();
                if user == viewer {
                    return Some((user, mark.unwrap_or_else(|| Watermark::nowhere(user))));
                }
                let mut mark = mark.filter(|_| shows_activity(&self.roster, user, viewer))?;
                mark.delivered_seq = mark.delivered_seq.max(mark.read_seq);
                if !shows_read(member, me) {
                    mark.read_seq = 0;
                    mark.read_at = None;
                }
                Some((user, mark))
            })
            .collect()
    }

    fn member(&self, user: UserId) -> Option<&Member> {
        self.roster
            .members
            .iter()
            .find(|member| member.user_id == user)
    }
}
