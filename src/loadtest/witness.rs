//! What one connection saw of its chat, and whether that can be the truth.

use std::collections::{BTreeSet, HashMap};

use sha2::{Digest, Sha256};

use super::faults::Faults;
use super::scan::Seen;

/// Fixed seeds, so that the connections of one chat hash alike.
const SEEDS: (u64, u64, u64, u64) = (17, 31, 73, 101);

struct Copied {
    from_seq: u64,
    count: u64,
    hash: Sha256,
}

/// What a connection's copy of a chat comes to, as the contract's digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CopyDigest {
    pub chat_id: String,
    pub from_seq: u64,
    pub to_seq: u64,
    pub count: u64,
    pub hash: String,
}

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
    copy: Option<Copied>,
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
            copy: None,
            faults: Faults::default(),
        }
    }

    /// Keeps what `GET /chats/{id}/digest` is made of, to be compared with it at the end.
    #[must_use]
    pub fn copying(mut self) -> Self {
        self.copy = Some(Copied {
            from_seq: self.seq + 1,
            count: 0,
            hash: Sha256::new(),
        });
        self
    }

    /// The digest of the copy, if one was kept.
    pub fn copy(&self) -> Option<CopyDigest> {
        let copy = self.copy.as_ref()?;
        Some(CopyDigest {
            chat_id: String::from_utf8_lossy(&self.chat_id).into_owned(),
            from_seq: copy.from_seq,
            to_seq: self.seq,
            count: copy.count,
            hash: hex::encode(copy.hash.clone().finalize()),
        })
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
        if let Some(copy) = &mut self.copy {
            copy.count += 1;
            let id = String::from_utf8_lossy(seen.message_id);
            let line = format!("{}:{id}:{}\n", seen.seq, seen.rev);
            copy.hash.update(line.as_bytes());
        }
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
