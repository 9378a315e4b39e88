//! What one connection saw of its chat, and whether that can be the truth.

use std::collections::{BTreeSet, HashMap};

use serde::Serialize;

use super::scan::Seen;

/// Everything a server must never do; all zero when it kept its promises.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Faults {
    /// Entries of the log that a member's connection never saw.
    pub lost: u64,
    /// Entries seen twice.
    pub repeated: u64,
    /// Entries seen after a later one.
    pub out_of_order: u64,
    /// Messages whose seq did not follow the one before.
    pub seq_jumps: u64,
    /// Chats whose members saw different messages under the same numbers.
    pub disagreements: u64,
    /// Frames of a chat the user is not in.
    pub misdelivered: u64,
    /// Receipts that went back, or beyond the head.
    pub receipts_wrong: u64,
    /// Sends that were neither acked nor refused.
    pub unanswered: u64,
    /// Sends that were refused.
    pub refused: u64,
    /// Acks and errors for nothing that was sent.
    pub unexpected_answers: u64,
    /// Frames that were not what the contract says.
    pub malformed: u64,
    /// Connections that ended before the test did.
    pub closed: u64,
}

impl Faults {
    /// Each fault with its name in the report.
    pub fn rows(&self) -> [(&'static str, u64); 12] {
        [
            ("lost", self.lost),
            ("repeated", self.repeated),
            ("out of order", self.out_of_order),
            ("seq jumps", self.seq_jumps),
            ("disagreements", self.disagreements),
            ("misdelivered", self.misdelivered),
            ("receipts wrong", self.receipts_wrong),
            ("unanswered", self.unanswered),
            ("refused", self.refused),
            ("unexpected answers", self.unexpected_answers),
            ("malformed", self.malformed),
            ("closed", self.closed),
        ]
    }

    pub fn total(&self) -> u64 {
        self.rows().iter().map(|(_, count)| count).sum()
    }

    pub fn add(&mut self, other: &Self) {
        self.lost += other.lost;
        self.repeated += other.repeated;
        self.out_of_order += other.out_of_order;
        self.seq_jumps += other.seq_jumps;
        self.disagreements += other.disagreements;
        self.misdelivered += other.misdelivered;
        self.receipts_wrong += other.receipts_wrong;
        self.unanswered += other.unanswered;
        self.refused += other.refused;
        self.unexpected_answers += other.unexpected_answers;
        self.malformed += other.malformed;
        self.closed += other.closed;
    }
}

/// Fixed seeds, so that the connections of one chat hash alike.
const SEEDS: (u64, u64, u64, u64) = (17, 31, 73, 101);

/// One connection's view of one chat's log. An own `ack` and another's frame count alike.
pub struct Witness {
    chat_id: Box<[u8]>,
    rev: u64,
    seq: u64,
    missing: BTreeSet<u64>,
    /// Sum over (seq, message id): equal for all members who saw the same messages.
    digest: u64,
    receipts: HashMap<(Box<[u8]>, bool), u64, ahash::RandomState>,
    hasher: ahash::RandomState,
    pub faults: Faults,
}

impl Witness {
    /// Starts at the heads that the chat had when the connection was opened.
    pub fn new(chat_id: &str, head_seq: u64, head_rev: u64) -> Self {
        Self {
            chat_id: chat_id.as_bytes().into(),
            rev: head_rev,
            seq: head_seq,
            missing: BTreeSet::new(),
            digest: 0,
            receipts: HashMap::default(),
            hasher: ahash::RandomState::with_seeds(SEEDS.0, SEEDS.1, SEEDS.2, SEEDS.3),
            faults: Faults::default(),
        }
    }

    /// The highest rev seen.
    pub fn head(&self) -> u64 {
        self.rev
    }

    /// The highest seq seen.
    pub fn head_seq(&self) -> u64 {
        self.seq
    }

    /// A change of the chat: an `ack`, a `message.new`, or anything else with a rev.
    pub fn entry(&mut self, seen: &Seen<'_>) {
        if seen.chat_id != &*self.chat_id {
            self.faults.misdelivered += 1;
            return;
        }
        if seen.rev <= self.rev {
            if self.missing.remove(&seen.rev) {
                self.faults.out_of_order += 1;
                self.digest(seen);
            } else {
                self.faults.repeated += 1;
            }
            return;
        }
        let whole = seen.rev == self.rev + 1;
        self.missing.extend(self.rev + 1..seen.rev);
        self.rev = seen.rev;
        if seen.seq > 0 {
            if whole && seen.seq != self.seq + 1 {
                self.faults.seq_jumps += 1;
            }
            self.seq = self.seq.max(seen.seq);
            self.digest(seen);
        }
    }

    fn digest(&mut self, seen: &Seen<'_>) {
        let hash = self.hasher.hash_one((seen.seq, seen.message_id));
        self.digest = self.digest.wrapping_add(hash);
    }

    /// A `message.status`: forward only, never beyond what exists.
    pub fn receipt(&mut self, seen: &Seen<'_>) {
        if seen.chat_id != &*self.chat_id {
            self.faults.misdelivered += 1;
            return;
        }
        let key = (seen.user_id.into(), seen.status == b"read");
        let known = self.receipts.entry(key).or_insert(0);
        if seen.up_to_seq <= *known || seen.up_to_seq > self.seq {
            self.faults.receipts_wrong += 1;
        }
        *known = seen.up_to_seq.max(*known);
    }

    /// What is still missing when the chat's log is known to reach `head`.
    pub fn missing(&self, head: u64) -> u64 {
        self.missing.len() as u64 + head.saturating_sub(self.rev)
    }
}

/// Ends the test for one chat: what any member saw, every member must have seen, and alike.
pub fn reconcile(members: &[Witness]) -> Faults {
    let mut faults = Faults::default();
    let head = members.iter().map(Witness::head).max().unwrap_or(0);
    for member in members {
        faults.add(&member.faults);
        faults.lost += member.missing(head);
    }
    let whole = members.iter().filter(|member| member.missing(head) == 0);
    let mut digests = whole.map(|member| member.digest);
    if let Some(first) = digests.next()
        && digests.any(|digest| digest != first)
    {
        faults.disagreements += 1;
    }
    faults
}
