//! What a server can do wrong, counted.

use serde::Serialize;

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
    /// Chats whose stored log is not what was acked and delivered.
    pub not_stored: u64,
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
    pub fn rows(&self) -> [(&'static str, u64); 13] {
        [
            ("lost", self.lost),
            ("repeated", self.repeated),
            ("out of order", self.out_of_order),
            ("seq jumps", self.seq_jumps),
            ("not stored", self.not_stored),
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
        self.not_stored += other.not_stored;
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
