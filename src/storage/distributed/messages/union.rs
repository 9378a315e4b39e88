//! Many look-ups in one round trip.
//!
//! Each is a pipeline of its own, planned like a query, so each walks its index and stops at its
//! limit; one query over many chats would read all of what each may have.

use futures_util::TryStreamExt;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::bson::{Document, doc};
use mongodb::options::FindOptions;

use super::COLLECTION;
use crate::storage::distributed::document::{broken, number};
use crate::storage::distributed::mongo::Mongo;
use crate::storage::error::StoreResult;

/// Pipelines in one command; the server takes 1,000 stages.
const AT_ONCE: usize = 200;
/// Documents in the first answer, so that few look-ups need a second.
const FIRST_ANSWER: u32 = 10_000;

/// What each pipeline found, in the order of the pipelines.
///
/// They run one after the other: what a later one finds is no older than what an earlier one saw.
pub async fn union(
    mongo: &Mongo,
    collection: &str,
    pipelines: Vec<Vec<Document>>,
) -> StoreResult<Vec<Vec<Document>>> {
    let mut found: Vec<Vec<Document>> = vec![Vec::new(); pipelines.len()];
    let mut first = 0;
    for chunk in pipelines.chunks(AT_ONCE) {
        let joined = joined(collection, chunk);
        let collection = mongo.collection(collection);
        let documents: Vec<RawDocumentBuf> = mongo
            .read(async {
                let cursor = collection.aggregate(joined).batch_size(FIRST_ANSWER);
                let cursor = cursor.with_type::<RawDocumentBuf>();
                cursor.await?.try_collect().await
            })
            .await?;
        for document in exact(documents)? {
            let place = usize::try_from(number(&document, "place")?).unwrap_or(usize::MAX);
            if let Some(found) = found.get_mut(first + place) {
                found.push(document);
            }
        }
        first += chunk.len();
    }
    Ok(found)
}

fn joined(collection: &str, pipelines: &[Vec<Document>]) -> Vec<Document> {
    let mut places = 0_i64..;
    let mut placed = pipelines.iter().zip(&mut places).map(|(stages, place)| {
        let mut stages = stages.clone();
        stages.push(doc! { "$set": { "place": place } });
        stages
    });
    let mut joined = placed.next().unwrap_or_default();
    for stages in placed {
        joined.push(doc! { "$unionWith": { "coll": collection, "pipeline": stages } });
    }
    joined
}

/// The documents of the log that a filter lets through.
pub async fn find(
    mongo: &Mongo,
    filter: Document,
    options: FindOptions,
) -> StoreResult<Vec<Document>> {
    let collection = mongo
        .collection(COLLECTION)
        .clone_with_type::<RawDocumentBuf>();
    let documents = mongo
        .read(async {
            let cursor = collection.find(filter).with_options(options);
            cursor.batch_size(FIRST_ANSWER).await?.try_collect().await
        })
        .await?;
    exact(documents)
}

/// The driver would read a field called `$oid`, say, as something else than was written.
fn exact(documents: Vec<RawDocumentBuf>) -> StoreResult<Vec<Document>> {
    let documents = documents.iter();
    documents
        .map(|raw| Document::try_from(raw.as_ref()).map_err(|_| broken("document")))
        .collect()
}
