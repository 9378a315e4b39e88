//! What changed in a chat: messages by the rev of their last change.
//!
//! A message that was never changed is found by its own rev, a changed one by its last. The
//! unchanged are read first: one that is changed meanwhile is then found as it was, not missed.

use mongodb::bson::{Document, doc};

use super::read::messages;
use super::union::union;
use super::{COLLECTION, MongoMessages, hidden, position};
use crate::domain::message::Message;
use crate::id::{ChatId, UserId};
use crate::storage::distributed::document::{binary, number};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;
use crate::storage::messages::{Changes, ChangesQuery};

/// Read at once of messages that share a rev.
const OF_ONE_REV: usize = 512;

/// The two pipelines of a range `after < rev ≤ up_to`, each in the order of revs.
fn pipelines(chat_id: ChatId, after: u64, up_to: u64, limit: usize) -> [Vec<Document>; 2] {
    let revs = doc! { "$gt": signed(after), "$lte": signed(up_to) };
    let limit = doc! { "$limit": signed(limit as u64) };
    let unchanged = doc! { "$match": {
        "chat_id": binary(chat_id.0),
        "rev": revs.clone(),
        "type": { "$exists": true },
        "last_rev": { "$exists": false },
        "applied": { "$ne": false },
    } };
    let changed = doc! { "$match": { "chat_id": binary(chat_id.0), "last_rev": revs } };
    [
        vec![
            unchanged,
            doc! { "$sort": { "chat_id": 1, "rev": 1 } },
            limit.clone(),
        ],
        vec![
            changed,
            doc! { "$sort": { "chat_id": 1, "last_rev": 1 } },
            limit,
        ],
    ]
}

/// How many messages changed in each range, counted to `most`.
pub async fn count(
    mongo: &Mongo,
    ranges: impl Iterator<Item = (ChatId, u64, u64)>,
    most: usize,
) -> StoreResult<Vec<usize>> {
    let mut all = Vec::new();
    let mut ranges_count = 0;
    for (chat_id, after, up_to) in ranges {
        ranges_count += 1;
        for mut pipeline in pipelines(chat_id, after, up_to, most.max(1)) {
            pipeline.push(doc! { "$count": "count" });
            all.push(pipeline);
        }
    }
    let found = union(mongo, COLLECTION, all).await?;
    let mut counts = Vec::with_capacity(ranges_count);
    for pair in found.chunks(2) {
        let mut sum = 0;
        for counted in pair.iter().flatten() {
            sum += usize::try_from(number(counted, "count")?).unwrap_or(usize::MAX);
        }
        counts.push(sum.min(most));
    }
    Ok(counts)
}

/// The changes of one chat that are being gathered.
struct Scan {
    query: ChangesQuery,
    found: Vec<Message>,
    /// Read beyond what is wanted, where one rev has more.
    extra: usize,
    is_done: bool,
}

impl Scan {
    fn new(query: ChangesQuery) -> Self {
        Self {
            query,
            found: Vec::new(),
            extra: 0,
            is_done: query.limit == 0 || query.after >= query.up_to,
        }
    }

    fn wanted(&self) -> usize {
        self.query.limit.saturating_sub(self.found.len()) + self.extra
    }

    fn pipelines(&self) -> [Vec<Document>; 2] {
        let query = self.query;
        // One more shows whether the rev of the last one goes on.
        pipelines(query.chat_id, query.after, query.up_to, self.wanted() + 1)
    }

    fn take(&mut self, mut messages: Vec<Message>, hidden: &hidden::Places) {
        let next = match messages.len() > self.wanted() {
            true => messages.pop().map(|message| message.rev),
            false => None,
        };
        if let Some(next) = next {
            messages.truncate(messages.partition_point(|message| message.rev < next));
            if messages.is_empty() {
                self.extra += OF_ONE_REV;
                return;
            }
        }
        if let Some(last) = messages.last() {
            self.query.after = last.rev;
        }
        let shown = |message: &Message| !hidden.contains(&(message.chat_id, message.seq));
        self.found.extend(messages.into_iter().filter(shown));
        self.extra = 0;
        self.is_done = next.is_none()
            || self.found.len() >= self.query.limit
            || self.query.after >= self.query.up_to;
    }

    /// One list out of two, in the order of last changes; a message in both in its later state.
    fn merge(&self, found: [Vec<Message>; 2]) -> Vec<Message> {
        let [mut all, mut changed] = found;
        all.retain(|message| changed.iter().all(|other| other.seq != message.seq));
        all.append(&mut changed);
        all.sort_unstable_by_key(|message| message.rev);
        all.truncate(self.wanted() + 1);
        all
    }
}

/// The messages of each query, without what the viewer hid.
pub async fn changed(
    store: &MongoMessages,
    viewer: UserId,
    queries: Vec<ChangesQuery>,
) -> StoreResult<Vec<Vec<Message>>> {
    let mut scans: Vec<Scan> = queries.into_iter().map(Scan::new).collect();
    loop {
        let mut open: Vec<&mut Scan> = scans.iter_mut().filter(|scan| !scan.is_done).collect();
        if open.is_empty() {
            break;
        }
        let all = open.iter().flat_map(|scan| scan.pipelines()).collect();
        let found = messages(&union(&store.mongo, COLLECTION, all).await?)?;
        let mut found = found.into_iter();
        let lists: Vec<Vec<Message>> = open
            .iter()
            .map(|scan| {
                let pair = [found.next(), found.next()].map(Option::unwrap_or_default);
                scan.merge(pair)
            })
            .collect();
        let hidden = hidden::places(&store.postgres, viewer, lists.iter().flatten()).await?;
        for (scan, messages) in open.iter_mut().zip(lists) {
            scan.take(messages, &hidden);
        }
    }
    Ok(scans.into_iter().map(|scan| scan.found).collect())
}

/// What changed in several chats; the messages only of those where no more than `most` did.
pub async fn changes(
    store: &MongoMessages,
    viewer: UserId,
    chats: Vec<ChangesQuery>,
    most: usize,
) -> StoreResult<Vec<Changes>> {
    let ranges = chats
        .iter()
        .map(|chat| (chat.chat_id, chat.after, chat.up_to));
    let counts = count(&store.mongo, ranges, most.saturating_add(1)).await?;
    let asked = chats.iter().zip(&counts).map(|(chat, count)| ChangesQuery {
        limit: if *count > most { 0 } else { chat.limit },
        ..*chat
    });
    let messages = changed(store, viewer, asked.collect()).await?;
    let ids: Vec<ChatId> = chats.iter().map(|chat| chat.chat_id).collect();
    let revs = position::chat_changed_revs(store, &ids).await?;
    let counted = chats.iter().zip(counts).zip(messages);
    Ok(counted
        .map(|((chat, count), messages)| Changes {
            chat_id: chat.chat_id,
            count,
            messages,
            chat_changed_rev: revs.get(&chat.chat_id).copied().unwrap_or(1),
        })
        .collect())
}
