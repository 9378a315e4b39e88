//! Trouble with what a chat depends on, made when a test asks for it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use actix::{Actor, Context, Handler, Recipient};
use async_trait::async_trait;
use tokio::sync::watch;
use troupe::actors::chat::writer::Write;
use troupe::clock::Timestamp;
use troupe::domain::chat::Roster;
use troupe::domain::receipts::Watermark;
use troupe::id::{ChatId, UserId};
use troupe::storage::chats::{
    ChatStore, ExistingChat, InsertedChat, Membership, NewChat, PersonalSetting,
};
use troupe::storage::messages::Appended;
use troupe::storage::receipts::{Moved, ReceiptMark, ReceiptStore, ReceiptTime};
use troupe::storage::{StoreError, StoreErrorKind, StoreResult, Stores};

/// Which trouble there is. Cheap to clone.
#[derive(Clone, Default)]
pub struct Trouble {
    /// The next reading of a roster panics: what a bug in an actor's work looks like.
    pub panics: Arc<AtomicBool>,
    pub rosters: Way,
    pub receipts: Way,
    /// As many appends are committed, and nobody hears of it.
    pub unheard: Arc<AtomicUsize>,
    /// As many appends fail with nothing written.
    pub unwritten: Arc<AtomicUsize>,
}

/// The way to a store: it can be shut, so that who comes waits, and it can fail.
#[derive(Clone)]
pub struct Way {
    shut: watch::Sender<bool>,
    waiting: Arc<AtomicUsize>,
    failing: Arc<AtomicUsize>,
}

impl Default for Way {
    fn default() -> Self {
        Self {
            shut: watch::Sender::new(false),
            waiting: Arc::default(),
            failing: Arc::default(),
        }
    }
}

impl Way {
    pub fn shut(&self) {
        self.shut.send_replace(true);
    }

    pub fn open(&self) {
        self.shut.send_replace(false);
    }

    /// The next calls fail.
    pub fn fail(&self, calls: usize) {
        self.failing.store(calls, Ordering::SeqCst);
    }

    /// Calls that are still to fail.
    pub fn failures_left(&self) -> usize {
        self.failing.load(Ordering::SeqCst)
    }

    /// Until as many calls wait before it.
    pub async fn until_waiting(&self, calls: usize) {
        let waiting = || async { self.waiting.load(Ordering::SeqCst) >= calls };
        crate::support::eventually("calls before a shut way", waiting).await;
    }

    async fn pass(&self) -> StoreResult<()> {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let opened = self.shut.subscribe().wait_for(|shut| !shut).await.is_ok();
        self.waiting.fetch_sub(1, Ordering::SeqCst);
        assert!(opened, "the way outlives who waits");
        if take(&self.failing) {
            return Err(error(StoreErrorKind::Unavailable));
        }
        Ok(())
    }
}

impl Trouble {
    pub fn wrap(&self, stores: &mut Stores) {
        stores.chats = Arc::new(TroubledChats {
            inner: Arc::clone(&stores.chats),
            trouble: self.clone(),
        });
        stores.receipts = Arc::new(TroubledReceipts {
            inner: Arc::clone(&stores.receipts),
            way: self.receipts.clone(),
        });
    }

    pub fn writer(&self, inner: Recipient<Write>) -> Recipient<Write> {
        let trouble = self.clone();
        TroubledWriter { inner, trouble }.start().recipient()
    }
}

fn take(left: &AtomicUsize) -> bool {
    let taken = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
        left.checked_sub(1)
    });
    taken.is_ok()
}

fn error(kind: StoreErrorKind) -> StoreError {
    StoreError {
        kind,
        store: "trouble",
        message: "as the test asked".to_owned(),
    }
}

struct TroubledWriter {
    inner: Recipient<Write>,
    trouble: Trouble,
}

impl Actor for TroubledWriter {
    type Context = Context<Self>;
}

impl Handler<Write> for TroubledWriter {
    type Result = ();

    fn handle(&mut self, write: Write, _: &mut Self::Context) {
        if take(&self.trouble.unwritten) {
            let failed = Appended::Failed(error(StoreErrorKind::Unavailable));
            write.done.send(failed).expect("someone waits");
            return;
        }
        let write = if take(&self.trouble.unheard) {
            let (done, _) = tokio::sync::oneshot::channel();
            let failed = Appended::Failed(error(StoreErrorKind::OutcomeUnknown));
            write.done.send(failed).expect("someone waits");
            Write {
                append: write.append,
                done,
            }
        } else {
            write
        };
        self.inner.try_send(write).expect("the writer takes it");
    }
}

struct TroubledReceipts {
    inner: Arc<dyn ReceiptStore>,
    way: Way,
}

#[async_trait]
impl ReceiptStore for TroubledReceipts {
    async fn advance(&self, marks: Vec<ReceiptMark>) -> StoreResult<Vec<Moved>> {
        self.way.pass().await?;
        self.inner.advance(marks).await
    }

    async fn watermarks(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Watermark)>> {
        self.inner.watermarks(chat_ids).await
    }

    async fn times(&self, chat_id: ChatId, seq: u64) -> StoreResult<Vec<ReceiptTime>> {
        self.inner.times(chat_id, seq).await
    }

    async fn position(&self) -> StoreResult<i64> {
        self.inner.position().await
    }

    async fn moved_since(&self, chat_ids: Vec<ChatId>, position: i64) -> StoreResult<Vec<ChatId>> {
        self.inner.moved_since(chat_ids, position).await
    }

    async fn moved_lately(&self, since: Timestamp, most: usize) -> StoreResult<Vec<ChatId>> {
        self.inner.moved_lately(since, most).await
    }
}

struct TroubledChats {
    inner: Arc<dyn ChatStore>,
    trouble: Trouble,
}

#[async_trait]
impl ChatStore for TroubledChats {
    async fn insert(&self, new: NewChat) -> StoreResult<InsertedChat> {
        self.inner.insert(new).await
    }

    async fn find_existing(&self, existing: ExistingChat) -> StoreResult<Option<ChatId>> {
        self.inner.find_existing(existing).await
    }

    async fn find(&self, chat_id: ChatId) -> StoreResult<Option<Roster>> {
        self.trouble.rosters.pass().await?;
        let panics = self.trouble.panics.swap(false, Ordering::SeqCst);
        assert!(!panics, "armed to panic");
        self.inner.find(chat_id).await
    }

    async fn find_membership(
        &self,
        user_id: UserId,
        chat_id: ChatId,
    ) -> StoreResult<Option<Membership>> {
        self.inner.find_membership(user_id, chat_id).await
    }

    async fn find_memberships(
        &self,
        user_id: UserId,
        chat_ids: Vec<ChatId>,
    ) -> StoreResult<Vec<Membership>> {
        self.inner.find_memberships(user_id, chat_ids).await
    }

    async fn list_ids(&self, user_id: UserId) -> StoreResult<Vec<ChatId>> {
        self.inner.list_ids(user_id).await
    }

    async fn list_everywhere(
        &self,
        after: Option<ChatId>,
        limit: usize,
    ) -> StoreResult<Vec<ChatId>> {
        self.inner.list_everywhere(after, limit).await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<(Timestamp, ChatId)>,
        limit: usize,
    ) -> StoreResult<Vec<Membership>> {
        self.inner.list(user_id, after, limit).await
    }

    async fn list_all(&self, user_id: UserId) -> StoreResult<Vec<Membership>> {
        self.inner.list_all(user_id).await
    }

    async fn list_members(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
        self.inner.list_members(chat_ids).await
    }

    async fn list_peers(&self, user_id: UserId) -> StoreResult<Vec<UserId>> {
        self.inner.list_peers(user_id).await
    }

    async fn update_personal(
        &self,
        user_id: UserId,
        chat_id: ChatId,
        setting: PersonalSetting,
        at: Timestamp,
    ) -> StoreResult<Option<u64>> {
        self.inner
            .update_personal(user_id, chat_id, setting, at)
            .await
    }

    async fn update_activity(&self, chats: Vec<(ChatId, Timestamp)>) -> StoreResult<()> {
        self.inner.update_activity(chats).await
    }
}
