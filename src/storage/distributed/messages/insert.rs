//! One ordered insert after the other, until every piece of a batch has its outcome.

use mongodb::bson::Document;
use mongodb::bson::raw::RawDocumentBuf;
use mongodb::error::{Error, ErrorKind, InsertManyError, WriteFailure};

use super::COLLECTION;
use super::indexes::{BY_CLIENT_ID, BY_REV, BY_SEQ};
use crate::storage::distributed::mongo::{Mongo, unknown, write_error};
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

/// What the server calls a value that is taken.
const DUPLICATE_KEY: i32 = 11_000;

/// Consecutive entries of one append.
pub struct Piece {
    /// Of the append in its group.
    pub place: usize,
    pub documents: Vec<RawDocumentBuf>,
}

/// What became of a piece.
pub enum Inserted {
    All,
    /// The first so many; the next met a number or a client's id that is taken.
    Some(usize),
    Failed(StoreError),
}

/// Why the server stopped at a document.
enum Refusal {
    Taken,
    Broken(StoreError),
    /// Nothing the document can help: the server is going away, say.
    Unknown(StoreError),
}

/// Inserts pieces of different chats; answers each with its append's place.
pub async fn insert(mongo: &Mongo, pieces: Vec<Piece>) -> Vec<(usize, Inserted)> {
    let collection = mongo
        .collection(COLLECTION)
        .clone_with_type::<RawDocumentBuf>();
    let mut outcomes = Vec::with_capacity(pieces.len());
    let mut rest = pieces.as_slice();
    while !rest.is_empty() {
        let documents = rest.iter().flat_map(|piece| &piece.documents);
        let call = collection.insert_many(documents).ordered(true);
        let error = match mongo.attempt(call).await {
            Ok(Ok(_)) => {
                outcomes.extend(rest.iter().map(|piece| (piece.place, Inserted::All)));
                break;
            }
            Ok(Err(error)) => error,
            Err(error) => {
                fail(rest, &error, &mut outcomes);
                break;
            }
        };
        match error.kind.as_ref() {
            ErrorKind::InsertMany(stopped) if stopped.write_errors.is_some() => {
                let done = sort_out(rest, stopped, &mut outcomes);
                rest = &rest[done..];
            }
            _ => {
                fail(rest, &write_error(&error), &mut outcomes);
                break;
            }
        }
    }
    outcomes
}

fn fail(pieces: &[Piece], error: &StoreError, outcomes: &mut Vec<(usize, Inserted)>) {
    let failed = pieces
        .iter()
        .map(|piece| (piece.place, Inserted::Failed(error.clone())));
    outcomes.extend(failed);
}

/// After a batch that stopped at a document: how many pieces have an outcome by that.
fn sort_out(
    pieces: &[Piece],
    stopped: &InsertManyError,
    outcomes: &mut Vec<(usize, Inserted)>,
) -> usize {
    let Some(refused) = stopped.write_errors.iter().flatten().next() else {
        return 0;
    };
    // What was written before the refusal is durable only if the concern was met.
    let undecided = stopped.write_concern_error.as_ref();
    let undecided = undecided.map(|error| unknown(error.message.clone()));
    let mut first = 0;
    for (count, piece) in pieces.iter().enumerate() {
        let written = refused.index.saturating_sub(first);
        if written >= piece.documents.len() {
            let outcome = match &undecided {
                None => Inserted::All,
                Some(error) => Inserted::Failed(error.clone()),
            };
            outcomes.push((piece.place, outcome));
            first += piece.documents.len();
            continue;
        }
        let outcome = match (refusal(refused.code, &refused.message), &undecided) {
            (Refusal::Taken, Some(error)) if written > 0 => Inserted::Failed(error.clone()),
            (Refusal::Taken, _) => Inserted::Some(written),
            (Refusal::Broken(error) | Refusal::Unknown(error), _) => Inserted::Failed(error),
        };
        outcomes.push((piece.place, outcome));
        return count + 1;
    }
    pieces.len()
}

/// A message id that is taken is another matter than a number: a bug, not a repeat.
fn refusal(code: i32, message: &str) -> Refusal {
    let broken = || StoreError {
        kind: StoreErrorKind::Internal,
        store: "mongodb",
        message: message.to_owned(),
    };
    match code {
        DUPLICATE_KEY => {
            let taken = [BY_REV, BY_SEQ, BY_CLIENT_ID]
                .iter()
                .any(|index| message.contains(&format!("index: {index} ")));
            if taken {
                Refusal::Taken
            } else {
                Refusal::Broken(broken())
            }
        }
        // Not valid, too large, no such field: the document itself.
        2 | 9 | 10334 | 17280 | 17420 | 121 => Refusal::Broken(broken()),
        _ => Refusal::Unknown(unknown(message.to_owned())),
    }
}

/// Inserts the first entry of a chat, unless it is there.
pub async fn insert_first(mongo: &Mongo, entry: Document) -> StoreResult<()> {
    let collection = mongo.collection(COLLECTION);
    match mongo.attempt(collection.insert_one(entry)).await? {
        Err(error) if !is_duplicate(&error) => Err(write_error(&error)),
        _ => Ok(()),
    }
}

/// Whether a single write met a value that is taken.
pub fn is_duplicate(error: &Error) -> bool {
    match error.kind.as_ref() {
        ErrorKind::Write(WriteFailure::WriteError(error)) => error.code == DUPLICATE_KEY,
        ErrorKind::Command(error) => error.code == DUPLICATE_KEY,
        _ => false,
    }
}
