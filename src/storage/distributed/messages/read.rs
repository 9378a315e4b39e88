//! Looking messages up: by id, by what their senders called them, by seq.

use std::collections::HashSet;

use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::document::message;
use super::union::{find as find_entries, union};
use super::{COLLECTION, MongoMessages, hidden};
use crate::domain::message::Message;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::distributed::document::{binaries, binary};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;
use crate::storage::messages::SeqRange;

pub async fn find(mongo: &Mongo, ids: Vec<MessageId>) -> StoreResult<Vec<Message>> {
    let filter = doc! {
        "message_id": { "$in": binaries(ids.into_iter().map(|id| id.0)) },
        "type": { "$exists": true },
        "applied": { "$ne": false },
    };
    let found = find_entries(mongo, filter, FindOptions::default()).await?;
    found.iter().map(message).collect()
}

pub async fn find_by_client_ids(
    mongo: &Mongo,
    chat_id: ChatId,
    keys: Vec<(UserId, String)>,
) -> StoreResult<Vec<Message>> {
    let keys: HashSet<(UserId, String)> = keys.into_iter().collect();
    let senders: HashSet<UserId> = keys.iter().map(|(sender, _)| *sender).collect();
    let client_ids: Vec<&String> = keys.iter().map(|(_, client_id)| client_id).collect();
    let filter = doc! {
        "chat_id": binary(chat_id.0),
        "sender_id": { "$in": binaries(senders.into_iter().map(|id| id.0)) },
        "client_message_id": { "$in": client_ids },
    };
    let found = find_entries(mongo, filter, FindOptions::default()).await?;
    let mut messages = found.iter().map(message).collect::<StoreResult<Vec<_>>>()?;
    // The filter lets one sender's id through with another's.
    messages.retain(|message| {
        let client_id = message.client_message_id.clone().unwrap_or_default();
        keys.contains(&(message.sender_id, client_id))
    });
    Ok(messages)
}

/// A page that is being gathered; what the viewer hid is replaced by what comes next.
struct Scan {
    chat_id: ChatId,
    /// The seqs still to be read, both ends included.
    first: u64,
    last: u64,
    /// Upwards, or downwards from the newest.
    rises: bool,
    limit: usize,
    found: Vec<Message>,
    is_done: bool,
}

impl Scan {
    fn new(chat_id: ChatId, range: SeqRange, limit: usize) -> Self {
        Self {
            chat_id,
            first: range.after.map_or(1, |seq| seq.saturating_add(1)).max(1),
            last: range.before.map_or(u64::MAX, |seq| seq.saturating_sub(1)),
            rises: range.after.is_some() && range.before.is_none(),
            limit,
            found: Vec::new(),
            is_done: limit == 0,
        }
    }

    fn wanted(&self) -> usize {
        self.limit - self.found.len()
    }

    fn pipeline(&self) -> Vec<Document> {
        let order = if self.rises { 1 } else { -1 };
        vec![
            doc! { "$match": {
                "chat_id": binary(self.chat_id.0),
                "seq": { "$gte": signed(self.first), "$lte": signed(self.last) },
                "type": { "$exists": true },
                "applied": { "$ne": false },
            } },
            doc! { "$sort": { "chat_id": order, "seq": order } },
            doc! { "$limit": signed(self.wanted() as u64) },
        ]
    }

    fn take(&mut self, messages: Vec<Message>, hidden: &hidden::Places) {
        let full = messages.len() == self.wanted();
        if let Some(furthest) = messages.last() {
            if self.rises {
                self.first = furthest.seq.saturating_add(1);
            } else {
                self.last = furthest.seq.saturating_sub(1);
            }
        }
        let shown = |message: &Message| !hidden.contains(&(message.chat_id, message.seq));
        self.found.extend(messages.into_iter().filter(shown));
        self.is_done = !full || self.wanted() == 0 || self.first > self.last;
    }

    fn page(mut self) -> (ChatId, Vec<Message>) {
        if self.rises {
            self.found.reverse();
        }
        (self.chat_id, self.found)
    }
}

pub async fn page(
    store: &MongoMessages,
    viewer: UserId,
    chat_id: ChatId,
    range: SeqRange,
    limit: usize,
) -> StoreResult<Vec<Message>> {
    let mut pages = pages(store, viewer, vec![(chat_id, range)], limit).await?;
    Ok(pages.pop().map(|(_, page)| page).unwrap_or_default())
}

/// Messages are read first, then what is hidden of them.
pub async fn pages(
    store: &MongoMessages,
    viewer: UserId,
    ranges: Vec<(ChatId, SeqRange)>,
    limit: usize,
) -> StoreResult<Vec<(ChatId, Vec<Message>)>> {
    let mut scans: Vec<Scan> = ranges
        .into_iter()
        .map(|(chat_id, range)| Scan::new(chat_id, range, limit))
        .collect();
    loop {
        let mut open: Vec<&mut Scan> = scans.iter_mut().filter(|scan| !scan.is_done).collect();
        if open.is_empty() {
            break;
        }
        let pipelines = open.iter().map(|scan| scan.pipeline()).collect();
        let found = union(&store.mongo, COLLECTION, pipelines).await?;
        let found = messages(&found)?;
        let hidden = hidden::places(&store.postgres, viewer, found.iter().flatten()).await?;
        for (scan, messages) in open.iter_mut().zip(found) {
            scan.take(messages, &hidden);
        }
    }
    Ok(scans.into_iter().map(Scan::page).collect())
}

/// The messages of each list of documents.
pub fn messages(found: &[Vec<Document>]) -> StoreResult<Vec<Vec<Message>>> {
    found
        .iter()
        .map(|documents| documents.iter().map(message).collect())
        .collect()
}
