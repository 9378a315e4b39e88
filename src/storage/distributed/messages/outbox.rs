//! The outbox: not documents of their own, but what the entries themselves say of their commit.
//!
//! Every entry carries the position of its append, the same for all of them, and whether it was
//! published. So the outbox is written with what it names, by the same document, and never names a
//! number that is free: what a conflict cut off is not in it, what a stopped server writes late is
//! in it from then on, and there is nothing to correct or to take over. A row is all entries of one
//! chat and position. It is marked by its revs, so one that grew meanwhile keeps the rest unmarked.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::COLLECTION;
use super::union::find;
use crate::clock::Timestamp;
use crate::id::ChatId;
use crate::storage::distributed::document::{binary, broken, date, id, number, time};
use crate::storage::distributed::mongo::{Mongo, unknown};
use crate::storage::distributed::postgres::signed;
use crate::storage::error::StoreResult;
use crate::storage::messages::OutboxEntry;

/// Entries that lose their place in the outbox in one write.
const REMOVED_AT_ONCE: i64 = 5_000;
/// Statements in one command that marks rows.
const MARKED_AT_ONCE: usize = 1_000;
/// Low bits of a position: chance, so that few appends of different nodes share one.
const CHANCE_BITS: u32 = 20;
/// How far positions may run ahead of their times, where a clock was set back.
const AHEAD: Duration = Duration::from_secs(60);

static LAST_POSITION: AtomicI64 = AtomicI64::new(0);

/// A position for an append whose last entry has this time. They rise in a process whatever its
/// clock does; between nodes they rise with time. Two chats may come to share one.
pub fn next_position(at: Timestamp) -> i64 {
    let wanted = floor(at) | i64::from(rand::random::<u32>() >> (u32::BITS - CHANCE_BITS));
    let last = LAST_POSITION.fetch_max(wanted, Ordering::Relaxed);
    if last < wanted {
        return wanted;
    }
    LAST_POSITION.fetch_add(1, Ordering::Relaxed) + 1
}

/// The lowest position of a time.
fn floor(at: Timestamp) -> i64 {
    at.0.saturating_mul(1 << CHANCE_BITS)
}

/// Rows that were not published, oldest first. `limit` counts entries, so the last may lack some.
pub async fn unpublished(mongo: &Mongo, limit: usize) -> StoreResult<Vec<OutboxEntry>> {
    let filter = doc! { "is_published": false, "applied": { "$ne": false } };
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let options = FindOptions::builder()
        .sort(doc! { "outbox.position": 1, "rev": 1 })
        .limit(limit)
        .projection(fields())
        .build();
    rows(&find(mongo, filter, options).await?)
}

/// Rows since a time, published or not.
pub async fn since(mongo: &Mongo, since: Timestamp) -> StoreResult<Vec<OutboxEntry>> {
    let times = doc! {
        "outbox.position": { "$gte": floor(since) },
        "outbox.at": { "$gte": date(since) },
        "applied": { "$ne": false },
    };
    // Each has an index of its own; an entry that is being marked may be found in both.
    let mut entries = Vec::new();
    for is_published in [false, true] {
        let mut filter = doc! { "is_published": is_published };
        filter.extend(times.clone());
        let options = FindOptions::builder().projection(fields()).build();
        entries.append(&mut find(mongo, filter, options).await?);
    }
    rows(&entries)
}

/// Marks exactly the entries that these rows name.
pub async fn mark_published(mongo: &Mongo, rows: &[OutboxEntry]) -> StoreResult<()> {
    for rows in rows.chunks(MARKED_AT_ONCE) {
        let updates: Vec<Document> = rows
            .iter()
            .map(|row| {
                doc! {
                    "q": {
                        "chat_id": binary(row.chat_id.0),
                        "rev": { "$gte": signed(row.first_rev), "$lte": signed(row.last_rev) },
                        "is_published": false,
                    },
                    "u": { "$set": { "is_published": true } },
                    "multi": true,
                }
            })
            .collect();
        let command = doc! {
            "update": COLLECTION,
            "updates": updates,
            "ordered": false,
            "writeConcern": { "w": "majority", "j": true },
        };
        let answer = mongo.write(mongo.database().run_command(command)).await?;
        // A command answers `ok` though its statements failed.
        for failure in ["writeErrors", "writeConcernError"] {
            if let Some(failure) = answer.get(failure) {
                return Err(unknown(failure.to_string()));
            }
        }
    }
    Ok(())
}

/// Takes out of the outbox what was published and is older than a time; answers how many rows.
pub async fn remove(mongo: &Mongo, before: Timestamp) -> StoreResult<usize> {
    let filter = doc! {
        "is_published": true,
        "outbox.position": { "$lt": floor(before + AHEAD) },
        "outbox.at": { "$lt": date(before) },
    };
    let mut removed = 0;
    loop {
        let options = FindOptions::builder()
            .sort(doc! { "is_published": 1, "outbox.position": 1 })
            .limit(REMOVED_AT_ONCE)
            .projection(fields())
            .build();
        let entries = find(mongo, filter.clone(), options).await?;
        let keys: Vec<_> = entries
            .iter()
            .filter_map(|entry| entry.get("_id"))
            .collect();
        if keys.is_empty() {
            return Ok(removed);
        }
        let messages = mongo.collection(COLLECTION);
        let call = messages.update_many(
            doc! { "_id": { "$in": keys } },
            doc! { "$unset": { "outbox": "", "is_published": "" } },
        );
        mongo.write(call).await?;
        removed += rows(&entries)?.len();
        if entries.len() < usize::try_from(REMOVED_AT_ONCE).unwrap_or(usize::MAX) {
            return Ok(removed);
        }
    }
}

fn fields() -> Document {
    doc! { "chat_id": 1, "rev": 1, "seq": 1, "outbox": 1 }
}

/// Gathers entries to rows, by position.
fn rows(entries: &[Document]) -> StoreResult<Vec<OutboxEntry>> {
    let mut rows = entries.iter().map(row).collect::<StoreResult<Vec<_>>>()?;
    rows.sort_unstable_by_key(|row| (row.position, row.chat_id, row.first_rev));
    rows.dedup_by(|next, row| {
        let same = (next.position, next.chat_id) == (row.position, row.chat_id);
        if same {
            row.last_rev = next.last_rev;
            row.head_seq = next.head_seq;
        }
        same
    });
    Ok(rows)
}

fn row(entry: &Document) -> StoreResult<OutboxEntry> {
    let outbox = entry.get_document("outbox").map_err(|_| broken("outbox"))?;
    let rev = number(entry, "rev")?;
    Ok(OutboxEntry {
        position: outbox
            .get_i64("position")
            .map_err(|_| broken("outbox.position"))?,
        chat_id: id::<ChatId>(entry, "chat_id")?,
        first_rev: rev,
        last_rev: rev,
        head_seq: number(entry, "seq")?,
        at: time(outbox, "at")?,
    })
}
