//! What became of one message, as the log and its outbox tell operators; never what it says.

use crate::clock::Timestamp;
use crate::id::UserId;

/// One entry about a message: its own, an edit, a reaction, its deletion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoryEntry {
    pub rev: u64,
    pub at: Timestamp,
    pub actor: Option<UserId>,
    /// `sent`, `acted`, `edited`, `reacted`, `deleted` or `sender_erased`.
    pub change: String,
    pub outbox: Publication,
}

/// How far the event of an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Publication {
    /// In the outbox, not published.
    Waiting,
    /// Published, and still in the outbox; not every store knows when.
    Published(Option<Timestamp>),
    /// No longer in the outbox, which keeps what was published for 15 minutes.
    Forgotten,
}
