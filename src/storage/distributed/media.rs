//! The collection `media`: one document per upload, a medium once it has `made_at`.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::TryStreamExt;
use mongodb::bson::{Bson, Document, doc};
use mongodb::options::FindOptions;

use super::document::{self, binaries, binary, broken, date, id, number, text, time};
use super::messages::indexes::{create_collection, create_indexes, plain, unique};
use super::messages::insert::is_duplicate;
use super::mongo::{Mongo, write_error};
use super::postgres::{Postgres, failed, signed};
use crate::clock::Timestamp;
use crate::domain::media::{MediaKind, Medium};
use crate::id::{MediaId, UserId};
use crate::storage::StoreResult;
use crate::storage::media::MediaStore;

const COLLECTION: &str = "media";
const MESSAGES: &str = "messages";
/// How long a key answers.
const KEY_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);
/// A key that is free again may be taken by another meanwhile.
const ATTEMPTS: usize = 3;

/// Makes what is missing of the collection; as often as one likes.
pub async fn ensure_indexes(mongo: &Mongo) -> StoreResult<()> {
    create_collection(mongo, COLLECTION).await?;
    let has_key = doc! { "idempotency_key": { "$exists": true } };
    let keys = doc! { "owner_id": 1, "idempotency_key": 1 };
    let indexes = [
        plain("media_by_owner", doc! { "owner_id": 1, "_id": 1 }),
        unique("media_by_key", keys, Some(has_key)),
    ];
    create_indexes(mongo, COLLECTION, indexes).await
}

/// The distributed [`MediaStore`]; who refers to media, MongoDB and PostgreSQL know together.
pub struct MongoMedia {
    mongo: Mongo,
    postgres: Postgres,
}

impl MongoMedia {
    pub fn new(mongo: Mongo, postgres: Postgres) -> Self {
        Self { mongo, postgres }
    }

    async fn select(&self, filter: Document, options: FindOptions) -> StoreResult<Vec<Document>> {
        let collection = self.mongo.collection(COLLECTION);
        self.mongo
            .read(async {
                let cursor = collection.find(filter).with_options(options);
                cursor.await?.try_collect().await
            })
            .await
    }

    async fn update(&self, filter: Document, update: Document) -> StoreResult<u64> {
        let collection = self.mongo.collection(COLLECTION);
        let done = self
            .mongo
            .write(collection.update_many(filter, update))
            .await?;
        Ok(done.matched_count)
    }

    async fn in_messages(&self, ids: &[MediaId]) -> StoreResult<Vec<MediaId>> {
        let names: Vec<String> = ids.iter().map(MediaId::to_string).collect();
        let collection = self.mongo.collection(MESSAGES);
        let filter = doc! { "payload.mediaId": { "$in": names } };
        let found = collection.distinct("payload.mediaId", filter);
        let found: Vec<Bson> = self.mongo.read(found).await?;
        let named = found.iter().filter_map(Bson::as_str);
        Ok(named.filter_map(|name| name.parse().ok()).collect())
    }

    async fn in_pictures(&self, ids: &[MediaId]) -> StoreResult<Vec<MediaId>> {
        let filter = doc! { "_id": { "$in": binaries(ids.iter().map(|id| id.0)) } };
        let options = FindOptions::builder()
            .projection(doc! { "owner_id": 1 })
            .build();
        let owners = self.select(filter, options).await?;
        let owners: Vec<UserId> = owners
            .iter()
            .map(|found| id(found, "owner_id"))
            .collect::<StoreResult<_>>()?;
        let owners: Vec<_> = owners.into_iter().map(|id| id.0).collect();
        let ids: Vec<_> = ids.iter().map(|id| id.0).collect();
        let client = self.postgres.client().await?;
        let query = client
            .prepare_cached(
                "SELECT avatar_media_id FROM users WHERE id = ANY($2) AND avatar_media_id = ANY($1)
                 UNION SELECT avatar_media_id FROM groups WHERE avatar_media_id = ANY($1)",
            )
            .await
            .map_err(failed)?;
        let rows = client
            .query(&query, &[&ids, &owners])
            .await
            .map_err(failed)?;
        Ok(rows.iter().map(|row| MediaId(row.get(0))).collect())
    }
}

/// Made and not on its way out.
fn standing(mut filter: Document) -> Document {
    filter.insert("made_at", doc! { "$exists": true });
    filter.insert("is_withdrawn", false);
    filter
}

#[async_trait]
impl MediaStore for MongoMedia {
    async fn begin(&self, id: MediaId, owner_id: UserId, at: Timestamp) -> StoreResult<()> {
        let began = doc! {
            "_id": binary(id.0),
            "owner_id": binary(owner_id.0),
            "began_at": date(at),
            "held_until": date(Timestamp(0)),
            "is_withdrawn": false,
        };
        let collection = self.mongo.collection(COLLECTION);
        self.mongo.write(collection.insert_one(began)).await?;
        Ok(())
    }

    async fn insert(&self, medium: Medium, key: Option<String>) -> StoreResult<Option<Medium>> {
        let filter = doc! { "_id": binary(medium.id.0), "is_withdrawn": false };
        let mut set = to_document(&medium);
        if let Some(key) = &key {
            set.insert("idempotency_key", key);
        }
        let collection = self.mongo.collection(COLLECTION);
        for _ in 0..ATTEMPTS {
            let update = collection.update_one(filter.clone(), doc! { "$set": set.clone() });
            let error = match self.mongo.attempt(update).await? {
                Ok(done) => return Ok((done.matched_count == 1).then_some(medium)),
                Err(error) => error,
            };
            let Some(key) = key.as_deref().filter(|_| is_duplicate(&error)) else {
                return Err(write_error(&error));
            };
            let owner_id = medium.owner_id;
            let first = self.find_by_key(owner_id, key.to_owned(), medium.created_at);
            if let Some(first) = first.await? {
                return Ok(Some(first));
            }
            // Too old to answer, or gone: the key is free again.
            let stale = doc! {
                "owner_id": binary(owner_id.0),
                "idempotency_key": key,
                "$or": [
                    { "made_at": { "$lte": date(medium.created_at.minus(KEY_LIFE)) } },
                    { "is_withdrawn": true },
                ],
            };
            self.update(stale, doc! { "$unset": { "idempotency_key": "" } })
                .await?;
        }
        Err(super::mongo::unavailable("a key is contended".to_owned()))
    }

    async fn find_by_key(
        &self,
        owner_id: UserId,
        key: String,
        now: Timestamp,
    ) -> StoreResult<Option<Medium>> {
        let filter = doc! {
            "owner_id": binary(owner_id.0),
            "idempotency_key": key,
            "made_at": { "$gt": date(now.minus(KEY_LIFE)) },
            "is_withdrawn": false,
        };
        let found = self.select(filter, FindOptions::default()).await?;
        found.first().map(to_medium).transpose()
    }

    async fn find(&self, ids: Vec<MediaId>) -> StoreResult<Vec<Medium>> {
        let filter = doc! { "_id": { "$in": binaries(ids.into_iter().map(|id| id.0)) } };
        let found = self
            .select(standing(filter), FindOptions::default())
            .await?;
        found.iter().map(to_medium).collect()
    }

    async fn owner_of(&self, id: MediaId) -> StoreResult<Option<UserId>> {
        let filter = doc! { "_id": binary(id.0), "made_at": { "$exists": true } };
        let found = self.select(filter, FindOptions::default()).await?;
        let owner = found.first().map(|found| document::id(found, "owner_id"));
        owner.transpose()
    }

    async fn hold(&self, ids: Vec<MediaId>, until: Timestamp) -> StoreResult<Vec<Medium>> {
        let filter = doc! { "_id": { "$in": binaries(ids.iter().map(|id| id.0)) } };
        let later = doc! { "$max": { "held_until": date(until) } };
        self.update(standing(filter), later).await?;
        self.find(ids).await
    }

    async fn referenced(&self, ids: Vec<MediaId>) -> StoreResult<Vec<MediaId>> {
        let mut found = self.in_messages(&ids).await?;
        found.append(&mut self.in_pictures(&ids).await?);
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    async fn withdraw(&self, id: MediaId, now: Timestamp) -> StoreResult<bool> {
        let filter = doc! {
            "_id": binary(id.0), "held_until": { "$lte": date(now) }, "is_withdrawn": { "$ne": true },
        };
        let matched = self.update(filter, doc! { "$set": { "is_withdrawn": true } });
        Ok(matched.await? == 1)
    }

    async fn restore(&self, id: MediaId) -> StoreResult<()> {
        let filter = doc! { "_id": binary(id.0) };
        self.update(filter, doc! { "$set": { "is_withdrawn": false } })
            .await
            .map(|_| ())
    }

    async fn remove(&self, id: MediaId) -> StoreResult<()> {
        let collection = self.mongo.collection(COLLECTION);
        let gone = collection.delete_one(doc! { "_id": binary(id.0) });
        self.mongo.write(gone).await.map(|_| ())
    }

    async fn list_older(
        &self,
        before: Timestamp,
        after: Option<MediaId>,
        limit: usize,
    ) -> StoreResult<Vec<MediaId>> {
        let mut filter = doc! {
            "began_at": { "$lt": date(before) }, "held_until": { "$lte": date(before) },
        };
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": binary(after.0) });
        }
        let mut options = page(limit);
        options.projection = Some(doc! { "_id": 1 });
        let found = self.select(filter, options).await?;
        found.iter().map(|found| id(found, "_id")).collect()
    }

    async fn list_of(
        &self,
        owner_id: UserId,
        after: Option<MediaId>,
        limit: usize,
    ) -> StoreResult<Vec<Medium>> {
        let mut filter = doc! { "owner_id": binary(owner_id.0) };
        if let Some(after) = after {
            filter.insert("_id", doc! { "$gt": binary(after.0) });
        }
        let found = self.select(standing(filter), page(limit)).await?;
        found.iter().map(to_medium).collect()
    }
}

fn page(limit: usize) -> FindOptions {
    FindOptions::builder()
        .sort(doc! { "_id": 1 })
        .limit(i64::try_from(limit).unwrap_or(i64::MAX))
        .build()
}

fn to_document(medium: &Medium) -> Document {
    let number = |number: u32| Bson::Int64(number.into());
    doc! {
        "owner_id": binary(medium.owner_id.0),
        "type": medium.kind.as_str(),
        "mime_type": &medium.mime_type,
        "size_bytes": signed(medium.size_bytes),
        "file_name": medium.file_name.clone(),
        "width": medium.width.map(number),
        "height": medium.height.map(number),
        "duration_ms": medium.duration_ms.map(signed),
        "has_thumbnail": medium.has_thumbnail,
        "made_at": date(medium.created_at),
    }
}

fn to_medium(document: &Document) -> StoreResult<Medium> {
    let kind = MediaKind::parse(text(document, "type")?).ok_or_else(|| broken("type"))?;
    Ok(Medium {
        id: id(document, "_id")?,
        owner_id: id(document, "owner_id")?,
        kind,
        mime_type: text(document, "mime_type")?.to_owned(),
        size_bytes: number(document, "size_bytes")?,
        file_name: document.get_str("file_name").ok().map(str::to_owned),
        width: side(document, "width")?,
        height: side(document, "height")?,
        duration_ms: match document.get("duration_ms") {
            None | Some(Bson::Null) => None,
            Some(_) => Some(number(document, "duration_ms")?),
        },
        has_thumbnail: document
            .get_bool("has_thumbnail")
            .map_err(|_| broken("has_thumbnail"))?,
        created_at: time(document, "made_at")?,
    })
}

fn side(document: &Document, field: &str) -> StoreResult<Option<u32>> {
    match document.get(field) {
        None | Some(Bson::Null) => Ok(None),
        Some(_) => {
            let found = number(document, field)?;
            u32::try_from(found).map(Some).map_err(|_| broken(field))
        }
    }
}
