//! What the work of one chat runs with: its stores, its writer, its roster and heads as they stand.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use actix::Recipient;
use tokio::sync::oneshot;

use super::relay::ReceiptsStored;
use super::requests::ToChat;
use super::writer::Write;
use crate::actors::fanout::Fanout;
use crate::actors::media::requests::MediaDesk;
use crate::actors::placement::Remote;
use crate::actors::request::tell;
use crate::clock::{Clock, Timestamp};
use crate::domain::chat::Roster;
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::storage::messages::{Append, Appended, Entry, Heads};
use crate::storage::{StoreError, StoreErrorKind, Stores};

/// How old a roster may grow before it is read again.
const ROSTER_AGE: Duration = Duration::from_secs(30);

/// What every ChatActor of a node shares.
pub struct ChatServices {
    pub stores: Stores,
    pub fanout: Fanout,
    pub clock: Clock,
    pub writer: Recipient<Write>,
    pub media: MediaDesk,
    /// Tells of stored receipts; none where nobody consumes events.
    pub relay: Option<Recipient<ReceiptsStored>>,
    /// Other nodes, where there are any.
    pub remote: Option<Arc<dyn Remote>>,
}

impl ChatServices {
    /// Whether a chat is this node's now.
    pub fn owns(&self, chat_id: ChatId) -> bool {
        self.remote
            .as_ref()
            .is_none_or(|remote| remote.owns(chat_id))
    }

    /// Sends a command on when its chat is another node's now; else gives it back.
    pub fn send_on(&self, message: ToChat) -> Option<ToChat> {
        match &self.remote {
            Some(remote) => remote.send_on(message),
            None => Some(message),
        }
    }
}

/// A roster and the ids of who is in the chat now, shared by every fan-out made from it.
#[derive(Debug)]
pub struct Cast {
    pub roster: Roster,
    pub active: Arc<[UserId]>,
    pub read_at: Timestamp,
}

impl Cast {
    pub fn new(roster: Roster, read_at: Timestamp) -> Arc<Self> {
        let active = roster
            .active_members()
            .map(|member| member.user_id)
            .collect();
        Arc::new(Self {
            roster,
            active,
            read_at,
        })
    }
}

/// One piece of a chat's work: it owns what it needs, so it runs beside the actor's mailbox.
/// A chat has at most one that writes its log at a time.
#[derive(Clone)]
pub struct ChatScope {
    pub chat_id: ChatId,
    pub services: Arc<ChatServices>,
    pub cast: Arc<Cast>,
    pub heads: Heads,
    /// The newest seq that anyone was told of; moves before the frames leave, so that a receipt
    /// that overtakes the batch's own end is not taken for one beyond the head.
    pub announced: Arc<AtomicU64>,
}

impl ChatScope {
    pub fn roster(&self) -> &Roster {
        &self.cast.roster
    }

    /// The newest seq that members may know of.
    pub fn known_seq(&self) -> u64 {
        self.announced.load(Ordering::Acquire).max(self.heads.seq)
    }

    /// To be called before frames with these heads leave.
    pub fn announcing(&self) {
        self.announced.fetch_max(self.heads.seq, Ordering::AcqRel);
    }

    /// Hands entries to the writer and waits for what became of them.
    pub async fn append(&self, entries: Vec<Entry>) -> Appended {
        let (done, written) = oneshot::channel();
        let write = Write {
            append: Append {
                chat_id: self.chat_id,
                entries,
            },
            done,
        };
        if tell(&self.services.writer, write).is_err() {
            return Appended::Failed(busy());
        }
        written
            .await
            .unwrap_or_else(|_| Appended::Failed(unknown()))
    }

    /// Reads heads and roster again, heads first: after a lost insert another owner has been here.
    pub async fn reload(&mut self) -> Result<(), Failure> {
        self.heads = self.services.stores.messages.heads(self.chat_id).await?;
        self.reload_roster().await
    }

    pub async fn reload_roster(&mut self) -> Result<(), Failure> {
        let read_at = self.services.clock.now();
        let roster = self.services.stores.chats.find(self.chat_id).await?;
        self.cast = Cast::new(roster.ok_or_else(Failure::not_found)?, read_at);
        Ok(())
    }

    /// Blocks and privacy are read with the roster, at most `ROSTER_AGE` old. When the store is
    /// away the old one goes on serving: an insert that succeeds has proved the membership.
    pub async fn freshen(&mut self) {
        let age = self.services.clock.now().since(self.cast.read_at);
        if age > ROSTER_AGE && self.reload_roster().await.is_err() {
            tracing::warn!(chat.id = %self.chat_id, "roster could not be read again");
        }
    }
}

fn busy() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "writer",
        message: "too much is waiting to be written".to_owned(),
    }
}

fn unknown() -> StoreError {
    StoreError {
        kind: StoreErrorKind::OutcomeUnknown,
        store: "writer",
        message: "the writer went away".to_owned(),
    }
}
