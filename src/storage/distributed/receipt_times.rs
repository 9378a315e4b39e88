//! When messages reached whom, out of the receipt log.

use std::collections::BTreeMap;

use mongodb::bson::{Document, doc};

use super::document::{binary, number, time};
use super::messages::union::union;
use super::mongo::Mongo;
use super::postgres::signed;
use super::receipts::RECEIPTS;
use crate::clock::Timestamp;
use crate::domain::receipts::{ReceiptKind, Watermark};
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::storage::receipts::{MessageTimes, ReceiptTime};

/// Seqs that lie closer are looked up together: between them are no more receipts than seqs.
const NEAR: u64 = 64;

/// Seqs of one chat that lie close, lowest first.
struct Run {
    chat_id: ChatId,
    seqs: Vec<u64>,
}

/// One user's receipts of one kind that a run needs, by seq.
struct Log {
    user_id: UserId,
    kind: ReceiptKind,
    receipts: Vec<(u64, Timestamp)>,
}

/// In the order asked for; messages nobody got are left out. `marks`: the watermarks of the chats.
pub async fn times_of(
    mongo: &Mongo,
    messages: Vec<(ChatId, u64)>,
    marks: &[(ChatId, Watermark)],
) -> StoreResult<Vec<MessageTimes>> {
    let runs = runs(&messages);
    let mut asked = Vec::new();
    let mut pipelines = Vec::new();
    for (place, run) in runs.iter().enumerate() {
        let members = marks.iter().filter(|(chat_id, _)| *chat_id == run.chat_id);
        for (_, mark) in members {
            for kind in [ReceiptKind::Delivered, ReceiptKind::Read] {
                asked.push((place, mark.user_id, kind));
                pipelines.push(run.pipeline(mark.user_id, kind));
            }
        }
    }
    let found = union(mongo, RECEIPTS, pipelines).await?;
    let mut logs: Vec<Vec<Log>> = runs.iter().map(|_| Vec::new()).collect();
    for ((place, user_id, kind), receipts) in asked.into_iter().zip(found) {
        let receipts = receipts
            .iter()
            .map(|receipt| Ok((number(receipt, "up_to_seq")?, time(receipt, "at")?)))
            .collect::<StoreResult<_>>()?;
        logs[place].push(Log {
            user_id,
            kind,
            receipts,
        });
    }
    let mut times: BTreeMap<(ChatId, u64), Vec<ReceiptTime>> = BTreeMap::new();
    for (run, logs) in runs.iter().zip(&logs) {
        for seq in &run.seqs {
            times.insert((run.chat_id, *seq), times_at(logs, *seq));
        }
    }
    let all = messages.into_iter().filter_map(|(chat_id, seq)| {
        let times = times.get(&(chat_id, seq))?.clone();
        let message = MessageTimes {
            chat_id,
            seq,
            times,
        };
        (!message.times.is_empty()).then_some(message)
    });
    Ok(all.collect())
}

fn runs(messages: &[(ChatId, u64)]) -> Vec<Run> {
    let mut messages = messages.to_vec();
    messages.sort_unstable();
    messages.dedup();
    messages
        .chunk_by(|one, next| one.0 == next.0 && next.1 - one.1 <= NEAR)
        .filter_map(|run| {
            Some(Run {
                chat_id: run.first()?.0,
                seqs: run.iter().map(|(_, seq)| *seq).collect(),
            })
        })
        .collect()
}

impl Run {
    /// From the lowest seq on, as many as reach beyond the highest.
    fn pipeline(&self, user_id: UserId, kind: ReceiptKind) -> Vec<Document> {
        let first = self.seqs.first().copied().unwrap_or_default();
        let last = self.seqs.last().copied().unwrap_or_default();
        vec![
            doc! { "$match": {
                "chat_id": binary(self.chat_id.0),
                "user_id": binary(user_id.0),
                "kind": kind.as_str(),
                "up_to_seq": { "$gte": signed(first) },
            } },
            doc! { "$sort": { "chat_id": 1, "user_id": 1, "kind": 1, "up_to_seq": 1 } },
            doc! { "$limit": signed(last - first + 1) },
            doc! { "$project": { "_id": 0, "up_to_seq": 1, "at": 1 } },
        ]
    }
}

/// Both kinds rise with time, so the first receipt that reaches the seq is the earliest.
fn times_at(logs: &[Log], seq: u64) -> Vec<ReceiptTime> {
    let mut times = Vec::new();
    // The two logs of a user stand next to each other.
    for pair in logs.chunk_by(|one, next| one.user_id == next.user_id) {
        let first = |kind| {
            let log = pair.iter().find(|log| log.kind == kind)?;
            let reaches = log.receipts.iter().find(|(up_to, _)| *up_to >= seq);
            reaches.map(|(_, at)| *at)
        };
        let (delivered, read) = (first(ReceiptKind::Delivered), first(ReceiptKind::Read));
        // Reading is getting: whichever came first.
        let got = delivered.into_iter().chain(read).min();
        for (kind, at) in [(ReceiptKind::Delivered, got), (ReceiptKind::Read, read)] {
            times.extend(at.map(|at| ReceiptTime {
                user_id: pair[0].user_id,
                kind,
                at,
            }));
        }
    }
    times
}
