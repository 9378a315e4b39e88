//! What is read again before anything is sent: messages first, then rows (D8).

use std::collections::{HashMap, HashSet};

use super::desk::Desk;
use super::waiting::{Due, Matter, Place};
use crate::clock::Timestamp;
use crate::domain::chat::Roster;
use crate::domain::message::Message;
use crate::domain::notification::{Listener, PushMark};
use crate::domain::receipts::Watermark;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::messages::{Heads, SeqRange};

/// The newest messages that are looked at per chat: more are counted as so many.
const MESSAGES: usize = 200;
/// Beyond every seq.
const NO_SEQ: u64 = 1 << 53;

type Mine = (ChatId, UserId);

/// The chats of one round of decisions.
pub struct Facts {
    watermarks: HashMap<Mine, Watermark>,
    marks: HashMap<Mine, PushMark>,
    messages: HashMap<ChatId, Vec<Message>>,
    heads: HashMap<ChatId, Heads>,
    rosters: HashMap<ChatId, Roster>,
    now: Timestamp,
}

impl Facts {
    pub async fn read(desk: &Desk, due: &[Due]) -> StoreResult<Self> {
        let places = due.iter().map(|due| due.place);
        let places: Vec<Place> = places
            .filter(|one| !matches!(one.matter, Matter::Sync(_)))
            .collect();
        let chats: HashSet<ChatId> = places.iter().map(|place| place.chat_id).collect();
        let chats: Vec<ChatId> = chats.into_iter().collect();
        let mut facts = Self {
            watermarks: HashMap::new(),
            marks: HashMap::new(),
            messages: HashMap::new(),
            heads: HashMap::new(),
            rosters: HashMap::new(),
            now: desk.clock.now(),
        };
        if chats.is_empty() {
            return Ok(facts);
        }
        let stores = &desk.stores;
        let (watermarks, marks) = tokio::try_join!(
            stores.receipts.watermarks(chats.clone()),
            stores.pushes.find(chats.clone()),
        )?;
        let watermarks = watermarks.into_iter();
        facts.watermarks = watermarks
            .map(|(chat_id, mark)| ((chat_id, mark.user_id), mark))
            .collect();
        let marks = marks.into_iter();
        facts.marks = marks
            .map(|mark| ((mark.chat_id, mark.user_id), mark))
            .collect();
        facts.read_messages(desk, due).await?;
        facts.heads = stores
            .messages
            .heads_of(chats.clone())
            .await?
            .into_iter()
            .collect();
        let rosters = stores.chats.find_all(chats).await?.into_iter();
        facts.rosters = rosters.map(|roster| (roster.chat.id, roster)).collect();
        Ok(facts)
    }

    /// One page per chat for everyone: what the least informed of them has not got.
    async fn read_messages(&mut self, desk: &Desk, due: &[Due]) -> StoreResult<()> {
        let mut after: HashMap<ChatId, u64> = HashMap::new();
        for Due { place, entry } in due {
            let known_seq = self.known_seq(place);
            let is_open = place.matter == Matter::Messages && known_seq < entry.seq;
            if is_open {
                let least = after.entry(place.chat_id).or_insert(known_seq);
                *least = known_seq.min(*least);
            }
        }
        for (chat_id, after) in after {
            let range = SeqRange {
                after: Some(after),
                before: Some(NO_SEQ),
            };
            // Nobody has hidden what has not reached him.
            let nobody = UserId(uuid::Uuid::nil());
            let page = desk.stores.messages.page(nobody, chat_id, range, MESSAGES);
            self.messages.insert(chat_id, page.await?);
        }
        Ok(())
    }

    fn known_seq(&self, place: &Place) -> u64 {
        let mine = (place.chat_id, place.user_id);
        let pushed = self.marks.get(&mine).map_or(0, |mark| mark.pushed_seq);
        self.watermark(place).delivered_seq.max(pushed)
    }

    fn watermark(&self, place: &Place) -> Watermark {
        let mine = (place.chat_id, place.user_id);
        let found = self.watermarks.get(&mine).copied();
        found.unwrap_or_else(|| Watermark::nowhere(place.user_id))
    }

    /// Nobody where the chat is not there.
    pub fn listener(&self, place: &Place) -> Option<Listener<'_>> {
        let mark = self.marks.get(&(place.chat_id, place.user_id)).copied();
        Some(Listener {
            roster: self.rosters.get(&place.chat_id)?,
            mark: mark.unwrap_or_else(|| PushMark::nowhere(place.chat_id, place.user_id)),
            watermark: self.watermark(place),
            now: self.now,
        })
    }

    /// The newest messages of a chat, newest first.
    pub fn messages(&self, chat_id: ChatId) -> &[Message] {
        self.messages.get(&chat_id).map_or(&[], Vec::as_slice)
    }

    pub fn head_seq(&self, chat_id: ChatId) -> u64 {
        self.heads.get(&chat_id).map_or(0, |heads| heads.seq)
    }
}
