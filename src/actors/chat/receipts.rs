//! Delivered and read: marks are gathered while a write is under way, stored, then told (D9).

use std::collections::HashMap;
use std::time::Duration;

use super::announce::Outgoing;
use super::facts::Status;
use super::relay::ReceiptsStored;
use super::requests::{Acknowledge, MarkAnswer};
use super::scope::{ChatScope, ChatServices};
use crate::actors::fanout::Delivery;
use crate::actors::progress::frames;
use crate::actors::request::tell;
use crate::domain::chat::ChatKind;
use crate::domain::receipts::ReceiptKind;
use crate::error::Failure;
use crate::id::{ConnectionId, UserId};
use crate::storage::receipts::{Moved, ReceiptMark};

/// One member's furthest mark of one kind, and whom its outcome concerns.
#[derive(Debug, Default)]
pub struct WaitingMark {
    pub up_to_seq: u64,
    pub from: Option<ConnectionId>,
    /// They wait, each for its own.
    pub callers: Vec<MarkAnswer>,
    /// The latest that came by a socket speaks for those before it.
    pub socket: Option<MarkAnswer>,
    /// How often it could not be stored.
    failures: u32,
}

impl WaitingMark {
    fn done(self) {
        for reply in self.callers.into_iter().chain(self.socket) {
            reply.done();
        }
    }
}

/// Marks that wait for the next write: one per member and kind, the furthest.
pub type WaitingMarks = HashMap<MarkPlace, WaitingMark>;

/// A mark counts for one member and kind.
type MarkPlace = (UserId, ReceiptKind);

/// Writes of one mark that may fail before its socket is told.
const FAILURES: u32 = 5;
/// How long after a failure receipts are written again.
pub const RETRY: Duration = Duration::from_secs(1);

/// Adds a mark to those that wait.
pub fn gather(waiting: &mut WaitingMarks, mark: Acknowledge) {
    let entry = waiting.entry((mark.user, mark.kind)).or_default();
    entry.up_to_seq = entry.up_to_seq.max(mark.up_to_seq);
    entry.from = mark.from;
    if mark.reply.connection().is_none() {
        entry.callers.push(mark.reply);
    } else if let Some(earlier) = entry.socket.replace(mark.reply) {
        earlier.done();
    }
}

/// Marks that count as they are, and those that a look at the log must decide.
pub fn sort(scope: &ChatScope, marks: Vec<Acknowledge>) -> (Vec<Acknowledge>, Vec<Acknowledge>) {
    let known = scope.known_seq();
    marks
        .into_iter()
        .partition(|mark| mark.up_to_seq <= known && scope.roster().active(mark.user).is_ok())
}

/// Gives back those that this chat can take and refuses the others: beyond the known head the log
/// itself is asked.
pub async fn check(scope: &ChatScope, marks: Vec<Acknowledge>) -> Vec<Acknowledge> {
    let mut members = Vec::with_capacity(marks.len());
    for mark in marks {
        match scope.roster().active(mark.user) {
            Ok(_) => members.push(mark),
            Err(failure) => mark.reply.refuse(&failure),
        }
    }
    if members.is_empty() {
        return members;
    }
    let heads = scope.services.stores.messages.heads(scope.chat_id).await;
    let head = heads.map(|heads| heads.seq).map_err(Failure::from);
    let beyond = || Failure::invalid("seq", "beyond the newest message of this chat");
    let mut good = Vec::with_capacity(members.len());
    for mark in members {
        match &head {
            Ok(head) if mark.up_to_seq <= *head => good.push(mark),
            Ok(_) => mark.reply.refuse(&beyond()),
            Err(failure) => mark.reply.refuse(failure),
        }
    }
    good
}

/// A mark that was stored, and who sent what it passed over.
pub struct Passed {
    moved: Moved,
    from: Option<ConnectionId>,
    senders: Vec<UserId>,
}

/// What became of marks.
pub struct Stored {
    /// To be told.
    pub passed: Vec<Passed>,
    marks: Vec<(MarkPlace, WaitingMark)>,
    outcome: Result<(), Failure>,
}

impl Stored {
    /// Answers everyone who waits. Callers are told of a failure and may try again; what came by a
    /// socket, whose client would not, goes back to `waiting` for some time. `true`: it failed.
    pub fn settle(self, waiting: &mut WaitingMarks) -> bool {
        let Err(failure) = self.outcome else {
            self.marks.into_iter().for_each(|(_, mark)| mark.done());
            return false;
        };
        for (place, mark) in self.marks {
            for reply in mark.callers {
                reply.refuse(&failure);
            }
            let Some(socket) = mark.socket else { continue };
            if mark.failures + 1 >= FAILURES {
                socket.refuse(&failure);
                continue;
            }
            let entry = waiting.entry(place).or_default();
            entry.up_to_seq = entry.up_to_seq.max(mark.up_to_seq);
            entry.failures = entry.failures.max(mark.failures + 1);
            if entry.socket.is_some() {
                socket.done();
            } else {
                entry.socket = Some(socket);
                entry.from = mark.from;
            }
        }
        true
    }
}

/// Stores what was gathered. `recent` are the seqs and senders of the newest messages, oldest first.
pub async fn store(scope: ChatScope, waiting: WaitingMarks, recent: Vec<(u64, UserId)>) -> Stored {
    let at = scope.services.clock.now();
    let marks: Vec<_> = waiting.into_iter().collect();
    let stored = marks.iter().map(|((user_id, kind), mark)| ReceiptMark {
        chat_id: scope.chat_id,
        user_id: *user_id,
        kind: *kind,
        up_to_seq: mark.up_to_seq,
        at,
    });
    let stored = stored.collect();
    let mut passed = Vec::new();
    let outcome = match scope.services.stores.receipts.advance(stored).await {
        Ok(moved) => {
            for (moved, (_, mark)) in moved.into_iter().zip(&marks) {
                passed.push(Passed {
                    senders: senders(&scope, &moved, &recent).await,
                    moved,
                    from: mark.from,
                });
            }
            Ok(())
        }
        Err(error) => Err(error.into()),
    };
    Stored {
        passed,
        marks,
        outcome,
    }
}

/// Has the relay publish `msg.status.updated`. It comes after the store, from memory: a crash between
/// the two loses it, and the next mark of that member tells of what it passed over.
pub fn publish(services: &ChatServices, passed: &[Passed]) {
    let Some(relay) = &services.relay else {
        return;
    };
    let statuses: Vec<Status> = passed
        .iter()
        .filter_map(|one| Status::of(&one.moved))
        .collect();
    if !statuses.is_empty() && tell(relay, ReceiptsStored(statuses)).is_err() {
        metrics::counter!("troupe_events_statuses_dropped_total").increment(1);
    }
}

/// The frames that tell of stored marks, to who is in the chat by now (D8).
pub fn announce(scope: &ChatScope, passed: &[Passed]) -> Outgoing {
    let frames = passed
        .iter()
        .flat_map(|one| frames(scope.roster(), &one.moved, &one.senders, one.from));
    frames
        .map(|fan_out| (None, Delivery::FanOut(fan_out)))
        .collect()
}

fn range(moved: &Moved) -> (u64, u64) {
    match moved.mark.kind {
        ReceiptKind::Delivered => (moved.before.delivered_seq, moved.after.delivered_seq),
        ReceiptKind::Read => (
            moved.before.read_seq.min(moved.before.delivered_seq),
            moved.after.read_seq,
        ),
    }
}

/// Who sent what the watermark passed over.
async fn senders(scope: &ChatScope, moved: &Moved, recent: &[(u64, UserId)]) -> Vec<UserId> {
    let reader = moved.mark.user_id;
    if scope.roster().chat.kind == ChatKind::Direct {
        return scope.roster().peer(reader).into_iter().collect();
    }
    let (after, up_to) = range(moved);
    if after >= up_to {
        return Vec::new();
    }
    let known = recent.first().is_some_and(|(seq, _)| *seq <= after + 1);
    let mut senders: Vec<UserId> = if known {
        recent
            .iter()
            .filter(|(seq, _)| after < *seq && *seq <= up_to)
            .map(|(_, sender)| *sender)
            .collect()
    } else {
        let messages = &scope.services.stores.messages;
        messages
            .senders(scope.chat_id, after, up_to)
            .await
            .unwrap_or_else(|error| {
                tracing::warn!(chat.id = %scope.chat_id, cause = %error, "senders not read");
                // What they are not told is to be found.
                scope.services.fanout.lost_everywhere();
                Vec::new()
            })
    };
    senders.sort_unstable();
    senders.dedup();
    senders.retain(|sender| *sender != reader);
    senders
}
