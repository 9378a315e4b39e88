//! Writing the log: unique indexes are the fence, ordered inserts keep it dense (D3).
//!
//! A group of appends goes out in a few batches of whole appends, each one ordered insert. The
//! server stops a batch at the first document it refuses: that append met a conflict, the appends
//! before it are written, those after it go out again without it. An entry that acts outside its
//! own document ends a round: nothing more of its chat is written before it has acted.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt, stream};

use super::document::{self, Batch, is_acting};
use super::insert::{Inserted, Piece, insert, insert_first};
use super::{MongoMessages, apply, outbox, position};
use crate::clock::Timestamp;
use crate::id::{ChatId, UserId};
use crate::storage::distributed::document::binary;
use crate::storage::distributed::mongo::Mongo;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};
use crate::storage::messages::{Append, Appended, Change, Entry, Heads};

/// Documents in one insert; a longer append goes alone. More at once were slower, and a conflict
/// holds up all that come after it.
const DOCUMENTS_AT_ONCE: usize = 64;
/// Inserts and effects of one group under way at once.
const LANES: usize = 4;

/// How far one append has got.
struct Progress {
    append: Append,
    position: i64,
    committed: usize,
    outcome: Option<Appended>,
}

pub async fn all(store: &MongoMessages, appends: Vec<Append>) -> Vec<Appended> {
    let mut all: Vec<Progress> = appends.into_iter().map(Progress::new).collect();
    loop {
        let round = round(&all);
        if round.is_empty() {
            break;
        }
        let heads = heads_needed(store, &all, &round).await;
        let mut pieces = Vec::with_capacity(round.len());
        for place in round {
            match all[place].piece(place, &heads) {
                Ok(piece) => pieces.push(piece),
                Err(outcome) => all[place].outcome = Some(outcome),
            }
        }
        write(store, &mut all, pieces).await;
    }
    let outcomes = all.into_iter();
    outcomes
        .map(|progress| progress.outcome.unwrap_or(Appended::Committed))
        .collect()
}

/// Entry 1 of a new chat. There already, it stays as it is.
pub async fn created(
    mongo: &Mongo,
    chat_id: ChatId,
    created_by: UserId,
    at: Timestamp,
) -> StoreResult<()> {
    let entry = Entry {
        rev: 1,
        at,
        change: Change::Created,
    };
    let batch = Batch {
        chat_id,
        position: outbox::next_position(at),
        at,
    };
    let mut first = document::entry(batch, &entry, 0)?;
    first.insert("actor_id", binary(created_by.0));
    insert_first(mongo, first).await
}

/// The appends that go on now: of each chat the first that is not done.
fn round(all: &[Progress]) -> Vec<usize> {
    let mut chats = HashSet::with_capacity(all.len());
    let open = all.iter().enumerate();
    open.filter(|(_, progress)| progress.outcome.is_none())
        .filter(|(_, progress)| chats.insert(progress.append.chat_id))
        .map(|(place, _)| place)
        .collect()
}

/// Heads of those chats whose next entry does not say what the head seq is.
async fn heads_needed(
    store: &MongoMessages,
    all: &[Progress],
    round: &[usize],
) -> StoreResult<HashMap<ChatId, Heads>> {
    let chats: Vec<ChatId> = round
        .iter()
        .map(|place| &all[*place])
        .filter(|progress| progress.next().first().is_some_and(needs_heads))
        .map(|progress| progress.append.chat_id)
        .collect();
    if chats.is_empty() {
        return Ok(HashMap::new());
    }
    let heads = position::written(&store.mongo, &chats).await?;
    Ok(heads.into_iter().collect())
}

fn needs_heads(entry: &Entry) -> bool {
    matches!(
        entry.change,
        Change::Edited { .. }
            | Change::Reacted { .. }
            | Change::Deleted { .. }
            | Change::SenderErased { .. }
    )
}

/// Writes one piece of each append and lets what acts act.
async fn write(store: &MongoMessages, all: &mut [Progress], pieces: Vec<Piece>) {
    let inserted: Vec<(usize, Inserted)> = stream::iter(lanes(pieces))
        .map(|lane| insert(&store.mongo, lane))
        .buffer_unordered(LANES)
        .concat()
        .await;
    let mut acting = Vec::new();
    for (place, inserted) in inserted {
        if all[place].advance(inserted) {
            acting.push((place, all[place].append.chat_id));
        }
    }
    if !acting.is_empty() {
        crate::failpoint::reached("entered");
    }
    let settled: Vec<(usize, StoreResult<usize>)> = stream::iter(acting)
        .map(|(place, chat_id)| async move { (place, apply::settle(store, chat_id).await) })
        .buffer_unordered(LANES)
        .collect()
        .await;
    for (place, settled) in settled {
        if let Err(error) = settled {
            // It is written, so whoever loads the chat next makes it act.
            all[place].outcome = Some(Appended::Failed(undecided(error)));
        }
    }
}

/// Cuts a group into batches of whole pieces.
fn lanes(pieces: Vec<Piece>) -> Vec<Vec<Piece>> {
    let mut lanes: Vec<Vec<Piece>> = Vec::new();
    let mut size = usize::MAX;
    for piece in pieces {
        let more = size.saturating_add(piece.documents.len());
        match lanes.last_mut() {
            Some(lane) if more <= DOCUMENTS_AT_ONCE => {
                size = more;
                lane.push(piece);
            }
            _ => {
                size = piece.documents.len();
                lanes.push(vec![piece]);
            }
        }
    }
    lanes
}

impl Progress {
    fn new(append: Append) -> Self {
        let last = append.entries.last();
        Self {
            position: last.map_or(0, |entry| outbox::next_position(entry.at)),
            committed: 0,
            outcome: last.is_none().then_some(Appended::Committed),
            append,
        }
    }

    /// What is written next: up to the first entry that acts.
    fn next(&self) -> &[Entry] {
        let rest = self.append.entries.get(self.committed..).unwrap_or(&[]);
        let acting = rest.iter().position(|entry| is_acting(&entry.change));
        acting.map_or(rest, |last| &rest[..=last])
    }

    /// The documents of what is written next, or why there is nothing to write.
    fn piece(
        &self,
        place: usize,
        heads: &StoreResult<HashMap<ChatId, Heads>>,
    ) -> Result<Piece, Appended> {
        let entries = self.next();
        let mut seq = 0;
        if let Some(first) = entries.first().filter(|entry| needs_heads(entry)) {
            let heads = heads.as_ref().map_err(|error| self.failed(error.clone()))?;
            let heads = heads.get(&self.append.chat_id).copied();
            let heads = heads.unwrap_or_default();
            if first.rev != heads.rev + 1 {
                return Err(self.conflict(0));
            }
            seq = heads.seq;
        }
        let batch = Batch {
            chat_id: self.append.chat_id,
            position: self.position,
            at: self
                .append
                .entries
                .last()
                .map_or(Timestamp(0), |last| last.at),
        };
        let mut documents = Vec::with_capacity(entries.len());
        for entry in entries {
            if let Change::Sent(message) | Change::Acted { message, .. } = &entry.change {
                seq = message.seq;
            }
            let document = document::entry(batch, entry, seq)
                .and_then(|document| document::raw(&document))
                .map_err(|error| self.failed(error))?;
            documents.push(document);
        }
        Ok(Piece { place, documents })
    }

    /// Takes in what became of a piece; `true`: its last entry is to act now.
    fn advance(&mut self, inserted: Inserted) -> bool {
        match inserted {
            Inserted::All => {
                let written = self.next();
                let acts = written.last().is_some_and(|entry| is_acting(&entry.change));
                self.committed += written.len();
                if self.committed == self.append.entries.len() {
                    self.outcome = Some(Appended::Committed);
                }
                acts
            }
            Inserted::Some(count) => {
                self.outcome = Some(self.conflict(count));
                false
            }
            Inserted::Failed(error) => {
                self.outcome = Some(self.failed(error));
                false
            }
        }
    }

    fn conflict(&self, more: usize) -> Appended {
        Appended::Conflict {
            committed: self.committed + more,
        }
    }

    /// Where something is written already, "nothing was written" would be wrong.
    fn failed(&self, error: StoreError) -> Appended {
        Appended::Failed(match self.committed {
            0 => error,
            _ => undecided(error),
        })
    }
}

fn undecided(error: StoreError) -> StoreError {
    StoreError {
        kind: StoreErrorKind::OutcomeUnknown,
        ..error
    }
}
