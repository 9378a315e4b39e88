//! Watermarks and the receipt log, on MongoDB (D9).
//!
//! One document of watermarks per chat. A mark that would move one is logged first, then moved: a
//! crash between the two leaves a receipt that is true though its mark has still to move, never a
//! mark without its time. Positions are milliseconds of the server's clock, set back by a margin
//! that is longer than a write takes: a mark may be named twice, none falls between.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::bson::oid::ObjectId;
use mongodb::bson::{Bson, Document, doc};
use mongodb::error::{Error, ErrorKind};
use mongodb::options::ReturnDocument;

use super::document::{binaries, binary, broken, date, id, number, optional_time, time};
use super::messages::indexes::{create_collection, create_indexes, unique};
use super::messages::insert::is_duplicate;
use super::mongo::{Mongo, unknown, write_error};
use super::postgres::signed;
use super::receipt_times;
use crate::clock::Timestamp;
use crate::domain::receipts::Watermark;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::receipts::{MessageTimes, Moved, ReceiptMark, ReceiptStore, ReceiptTime};

/// One document per chat: `_id` the chat, `marks` by user, `moved_at` when one last moved.
const WATERMARKS: &str = "watermarks";
/// One document per move.
pub(super) const RECEIPTS: &str = "receipts";
/// Longer than a write may take from its time stamp to being seen.
const MARGIN: Duration = Duration::from_secs(10);
/// Two first marks of a chat may both try to make its document.
const ATTEMPTS: usize = 3;

/// Makes what is missing of the collections; as often as one likes.
pub async fn ensure_indexes(mongo: &Mongo) -> StoreResult<()> {
    create_collection(mongo, WATERMARKS).await?;
    create_collection(mongo, RECEIPTS).await?;
    let keys = doc! { "chat_id": 1, "user_id": 1, "kind": 1, "up_to_seq": 1 };
    create_indexes(mongo, RECEIPTS, [unique("receipts_by_mark", keys, None)]).await
}

/// The distributed [`ReceiptStore`].
#[derive(Clone)]
pub struct MongoReceipts(pub Mongo);

#[async_trait]
impl ReceiptStore for MongoReceipts {
    async fn advance(&self, marks: Vec<ReceiptMark>) -> StoreResult<Vec<Moved>> {
        let mut chats: HashMap<ChatId, Vec<(usize, ReceiptMark)>> = HashMap::new();
        for (place, mark) in marks.iter().enumerate() {
            chats.entry(mark.chat_id).or_default().push((place, *mark));
        }
        let mut placed = Vec::with_capacity(marks.len());
        for (chat_id, marks) in chats {
            let (places, marks): (Vec<usize>, Vec<ReceiptMark>) = marks.into_iter().unzip();
            let moved = advance(&self.0, chat_id, &marks).await?;
            placed.extend(places.into_iter().zip(moved));
        }
        placed.sort_unstable_by_key(|(place, _)| *place);
        Ok(placed.into_iter().map(|(_, moved)| moved).collect())
    }

    async fn watermarks(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Watermark)>> {
        watermarks(&self.0, chat_ids).await
    }

    async fn times(&self, chat_id: ChatId, seq: u64) -> StoreResult<Vec<ReceiptTime>> {
        let mut all = self.times_of(vec![(chat_id, seq)]).await?;
        Ok(all.pop().map(|message| message.times).unwrap_or_default())
    }

    async fn times_of(&self, messages: Vec<(ChatId, u64)>) -> StoreResult<Vec<MessageTimes>> {
        let mut chat_ids: Vec<ChatId> = messages.iter().map(|(chat_id, _)| *chat_id).collect();
        chat_ids.sort_unstable();
        chat_ids.dedup();
        let marks = watermarks(&self.0, chat_ids).await?;
        receipt_times::times_of(&self.0, messages, &marks).await
    }

    async fn position(&self) -> StoreResult<i64> {
        let hello = self.0.database().run_command(doc! { "hello": 1 });
        let hello = self.0.read(hello).await?;
        Ok(time(&hello, "localTime")?.minus(MARGIN).0)
    }

    async fn moved_since(&self, chat_ids: Vec<ChatId>, position: i64) -> StoreResult<Vec<ChatId>> {
        let filter = doc! {
            "_id": { "$in": binaries(chat_ids.iter().map(|id| id.0)) },
            "moved_at": { "$gt": date(Timestamp(position)) },
        };
        let found = find(&self.0, filter, doc! { "_id": 1 }).await?;
        found.iter().map(|chat| id(chat, "_id")).collect()
    }

    async fn moved_lately(&self, since: Timestamp, most: usize) -> StoreResult<Vec<ChatId>> {
        // Their ids begin with the second in which they were made, so no other index is needed.
        let seconds = u32::try_from(since.0 / 1000).unwrap_or(0);
        let first = ObjectId::from_parts(seconds, [0; 5], [0; 3]);
        let receipts = self.0.collection(RECEIPTS);
        let found: Vec<Document> = self
            .0
            .read(async {
                let newest = receipts
                    .find(doc! { "_id": { "$gte": first } })
                    .projection(doc! { "_id": 0, "chat_id": 1 })
                    .sort(doc! { "_id": -1 })
                    .limit(i64::try_from(most).unwrap_or(i64::MAX));
                newest.await?.try_collect().await
            })
            .await?;
        let chats: StoreResult<HashSet<ChatId>> =
            found.iter().map(|one| id(one, "chat_id")).collect();
        Ok(chats?.into_iter().collect())
    }
}

async fn find(mongo: &Mongo, filter: Document, fields: Document) -> StoreResult<Vec<Document>> {
    let collection = mongo.collection(WATERMARKS);
    mongo
        .read(async {
            let cursor = collection.find(filter).projection(fields);
            cursor.await?.try_collect().await
        })
        .await
}

async fn watermarks(mongo: &Mongo, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Watermark)>> {
    let filter = doc! { "_id": { "$in": binaries(chat_ids.iter().map(|id| id.0)) } };
    let mut all = Vec::new();
    for chat in find(mongo, filter, doc! { "marks": 1 }).await? {
        let chat_id: ChatId = id(&chat, "_id")?;
        let marks = chat.get_document("marks").map_err(|_| broken("marks"))?;
        for (user_id, mark) in marks {
            let user_id = user_id.parse().map_err(|_| broken("marks"))?;
            all.push((chat_id, watermark(user_id, mark.as_document())?));
        }
    }
    Ok(all)
}

/// Marks of one chat, in their order.
async fn advance(mongo: &Mongo, chat_id: ChatId, marks: &[ReceiptMark]) -> StoreResult<Vec<Moved>> {
    let fields = marks
        .iter()
        .map(|mark| (field(mark.user_id), Bson::Int32(1)));
    let fields: Document = fields.collect();
    let filter = doc! { "_id": binary(chat_id.0) };
    let before = find(mongo, filter, fields.clone()).await?;
    let expected = raise(before.first(), marks)?;
    let moving: Vec<ReceiptMark> = expected
        .iter()
        .filter(|moved| moved.before != moved.after)
        .map(|moved| moved.mark)
        .collect();
    if moving.is_empty() {
        return Ok(expected);
    }
    log(mongo, &moving).await?;
    let before = update(mongo, chat_id, &moving, fields).await?;
    // Others may have raised them meanwhile, so what was found there is what counts.
    raise(before.as_ref(), marks)
}

/// What these marks do to the watermarks of a document, one after the other.
fn raise(chat: Option<&Document>, marks: &[ReceiptMark]) -> StoreResult<Vec<Moved>> {
    let stored = chat.and_then(|chat| chat.get_document("marks").ok());
    let mut current: HashMap<UserId, Watermark> = HashMap::new();
    let mut all = Vec::with_capacity(marks.len());
    for &mark in marks {
        let before = match current.get(&mark.user_id) {
            Some(before) => *before,
            None => {
                let stored = stored.and_then(|marks| marks.get(mark.user_id.to_string()));
                watermark(mark.user_id, stored.and_then(Bson::as_document))?
            }
        };
        let after = before.raised(mark.kind, mark.up_to_seq, mark.at);
        current.insert(mark.user_id, after);
        all.push(Moved {
            mark,
            before,
            after,
        });
    }
    Ok(all)
}

/// Receipts that are there already keep their time.
async fn log(mongo: &Mongo, marks: &[ReceiptMark]) -> StoreResult<()> {
    let receipts = marks.iter().map(|mark| {
        doc! {
            "chat_id": binary(mark.chat_id.0),
            "user_id": binary(mark.user_id.0),
            "kind": mark.kind.as_str(),
            "up_to_seq": signed(mark.up_to_seq),
            "at": date(mark.at),
        }
    });
    let receipts: Vec<Document> = receipts.collect();
    let collection = mongo.collection(RECEIPTS);
    let call = collection.insert_many(&receipts).ordered(false);
    match mongo.attempt(call).await? {
        Err(error) if !are_repeats(&error) => Err(write_error(&error)),
        _ => Ok(()),
    }
}

/// Whether all that was refused was there already.
fn are_repeats(error: &Error) -> bool {
    const DUPLICATE_KEY: i32 = 11_000;
    match error.kind.as_ref() {
        ErrorKind::InsertMany(failed) => {
            failed.write_concern_error.is_none()
                && failed
                    .write_errors
                    .iter()
                    .flatten()
                    .all(|error| error.code == DUPLICATE_KEY)
        }
        _ => false,
    }
}

/// Raises watermarks where these marks are higher; answers the document as it was before.
async fn update(
    mongo: &Mongo,
    chat_id: ChatId,
    marks: &[ReceiptMark],
    fields: Document,
) -> StoreResult<Option<Document>> {
    let collection = mongo.collection(WATERMARKS);
    for _ in 0..ATTEMPTS {
        let call = collection
            .find_one_and_update(doc! { "_id": binary(chat_id.0) }, vec![raising(marks)])
            .upsert(true)
            .return_document(ReturnDocument::Before)
            .projection(fields.clone());
        match mongo.attempt(call).await? {
            Ok(before) => return Ok(before),
            Err(error) if is_duplicate(&error) => {}
            Err(error) => return Err(write_error(&error)),
        }
    }
    Err(unknown(
        "a document of watermarks that comes and goes".to_owned(),
    ))
}

/// The stage that raises, never lowers: of each user's marks the highest counts, with the time of
/// the first that reached it.
fn raising(marks: &[ReceiptMark]) -> Document {
    let mut highest: HashMap<UserId, Watermark> = HashMap::new();
    for mark in marks {
        let nowhere = Watermark::nowhere(mark.user_id);
        let watermark = highest.entry(mark.user_id).or_insert(nowhere);
        *watermark = watermark.raised(mark.kind, mark.up_to_seq, mark.at);
    }
    let mut set = Document::new();
    let mut any = Vec::new();
    for (user_id, to) in highest {
        let field = field(user_id);
        let mut merged = vec![Bson::String(format!("${field}"))];
        for (kind, seq, at) in [
            ("delivered", to.delivered_seq, to.delivered_at),
            ("read", to.read_seq, to.read_at),
        ] {
            let Some(at) = at else { continue };
            let (seq_field, at_field) = (format!("{kind}_seq"), format!("{kind}_at"));
            let stands = doc! { "$ifNull": [format!("${field}.{seq_field}"), 0_i64] };
            let rises = doc! { "$gt": [signed(seq), stands] };
            let risen = doc! { seq_field: signed(seq), at_field: date(at) };
            merged.push(Bson::Document(doc! { "$cond": [rises.clone(), risen, {}] }));
            any.push(Bson::Document(rises));
        }
        set.insert(field, doc! { "$mergeObjects": merged });
    }
    set.insert(
        "moved_at",
        doc! { "$cond": [{ "$or": any }, "$$NOW", "$moved_at"] },
    );
    doc! { "$set": set }
}

/// Where a user's watermark stands in the document.
fn field(user_id: UserId) -> String {
    format!("marks.{user_id}")
}

fn watermark(user_id: UserId, stored: Option<&Document>) -> StoreResult<Watermark> {
    let Some(stored) = stored else {
        return Ok(Watermark::nowhere(user_id));
    };
    let seq = |field| match stored.contains_key(field) {
        true => number(stored, field),
        false => Ok(0),
    };
    Ok(Watermark {
        user_id,
        delivered_seq: seq("delivered_seq")?,
        delivered_at: optional_time(stored, "delivered_at")?,
        read_seq: seq("read_seq")?,
        read_at: optional_time(stored, "read_at")?,
    })
}
