//! The message writer: collects what the chats of one shard have ready and commits it in groups.
//!
//! No timer: a lone message pays one commit; while a commit runs the next group gathers. Each chat
//! has at most one append under way, so groups in flight never touch the same chat.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix::{
    Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, Recipient, WrapFuture,
};
use futures_util::FutureExt;
use tokio::sync::oneshot;

use super::indexer::Written;
use crate::actors::request::tell;
use crate::clock::Timestamp;
use crate::id::ChatId;
use crate::storage::chats::ChatStore;
use crate::storage::messages::{Append, Appended, MessageStore};
use crate::storage::{StoreError, StoreErrorKind};

/// Commits under way at once: while one is fsynced the next is prepared.
const GROUPS_IN_FLIGHT: usize = 2;
/// Chats in one group.
const APPENDS_PER_GROUP: usize = 256;
/// Chats that may wait; a chat has at most one append under way.
const MAILBOX: usize = 16_384;

/// How often the activity of chats is written: `updated_at` sorts the chat list, roughly.
const ACTIVITY: Duration = Duration::from_secs(1);

/// Entries of one chat, and where their outcome goes.
#[derive(Debug, Message)]
#[rtype(result = "()")]
pub struct Write {
    pub append: Append,
    pub done: oneshot::Sender<Appended>,
}

pub struct Writer {
    messages: Arc<dyn MessageStore>,
    chats: Arc<dyn ChatStore>,
    /// Told which chats were written to, where there is one.
    indexer: Option<Recipient<Written>>,
    /// When chats that were written to since the last flush were last active.
    touched: HashMap<ChatId, Timestamp>,
    /// How much was written to them.
    entries: u64,
    waiting: Vec<Write>,
    in_flight: usize,
}

impl Writer {
    pub fn new(
        messages: Arc<dyn MessageStore>,
        chats: Arc<dyn ChatStore>,
        indexer: Option<Recipient<Written>>,
    ) -> Self {
        Self {
            messages,
            chats,
            indexer,
            touched: HashMap::new(),
            entries: 0,
            waiting: Vec::new(),
            in_flight: 0,
        }
    }

    fn commit(&mut self, ctx: &mut Context<Self>) {
        while self.in_flight < GROUPS_IN_FLIGHT && !self.waiting.is_empty() {
            let size = self.waiting.len().min(APPENDS_PER_GROUP);
            self.touch(size);
            let (appends, waiting): (Vec<_>, Vec<_>) = self
                .waiting
                .drain(..size)
                .map(|write| (write.append, write.done))
                .unzip();
            self.in_flight += 1;
            let messages = Arc::clone(&self.messages);
            let committed = async move {
                let appended = AssertUnwindSafe(messages.append(appends)).catch_unwind();
                // What became of these nobody knows; the others go on.
                appended.await.unwrap_or_else(|_| {
                    tracing::error!("appending panicked");
                    Vec::new()
                })
            };
            ctx.spawn(committed.into_actor(self).map(|outcomes, writer, ctx| {
                crate::failpoint::reached("inserted");
                writer.in_flight -= 1;
                report(waiting, outcomes);
                writer.commit(ctx);
            }));
        }
    }

    /// Remembers the activity of what is about to be written: a hint, so one whose write fails
    /// does no harm.
    fn touch(&mut self, size: usize) {
        for write in &self.waiting[..size] {
            if let Some(entry) = write.append.entries.last() {
                self.touched.insert(write.append.chat_id, entry.at);
                self.entries += write.append.entries.len() as u64;
            }
        }
    }

    fn flush_activity(&mut self, ctx: &mut Context<Self>) {
        if self.touched.is_empty() {
            return;
        }
        let touched: Vec<_> = self.touched.drain().collect();
        if let Some(indexer) = &self.indexer {
            let written = Written {
                chats: touched.iter().map(|(chat_id, _)| *chat_id).collect(),
                entries: std::mem::take(&mut self.entries),
            };
            // One that has too much before it finds them by looking through all.
            let _ = tell(indexer, written);
        }
        let chats = Arc::clone(&self.chats);
        let flushed = async move { chats.update_activity(touched).await };
        ctx.spawn(flushed.into_actor(self).map(|flushed, _, _| {
            if let Err(error) = flushed {
                tracing::warn!(cause = %error, "activity of chats not written");
            }
        }));
    }
}

/// Every append gets its outcome; one the store said nothing of is unknown.
fn report(waiting: Vec<oneshot::Sender<Appended>>, outcomes: Vec<Appended>) {
    let mut outcomes = outcomes.into_iter();
    for done in waiting {
        let outcome = outcomes.next().unwrap_or_else(|| {
            Appended::Failed(StoreError {
                kind: StoreErrorKind::OutcomeUnknown,
                store: "writer",
                message: "the store answered fewer outcomes than it got appends".to_owned(),
            })
        });
        // A chat that died meanwhile reads its heads again when it is rebuilt.
        let _ = done.send(outcome);
    }
}

impl Actor for Writer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(ACTIVITY, Self::flush_activity);
    }
}

impl Handler<Write> for Writer {
    type Result = ();

    fn handle(&mut self, write: Write, ctx: &mut Self::Context) {
        self.waiting.push(write);
        self.commit(ctx);
    }
}
