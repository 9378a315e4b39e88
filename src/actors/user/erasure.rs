//! Deleting an account: at once for everyone else, store by store behind that.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::actor::Users;
use super::requests::{DeleteMe, FindErasure, ListErasures};
use crate::actors::announcer::HeardBy;
use crate::actors::chat::requests::{ChatCommand, EraseMember};
use crate::actors::group::Group;
use crate::actors::jobs::requests::JobDesk;
use crate::actors::jobs::{Job, JobError, JobKind, Progress};
use crate::actors::placement::ChatDoor;
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::domain::leaving::{self, WorkState};
use crate::error::{ErrorCode, Failure};
use crate::id::UserId;
use crate::storage::Stores;
use crate::storage::erasures::Erasure;

pub const KIND: JobKind = JobKind {
    name: "erasure",
    about: "takes deleted accounts out of chats and stores",
    group: Group::User,
    every: |config| config.erasure,
};

/// An account's sockets are closed and its tokens refused everywhere by then: what they still wrote
/// goes with the rest.
const SETTLED: Duration = Duration::from_secs(6);
/// Accounts of one run, and media removed between looks.
const AT_ONCE: usize = 100;

/// What remains of an account, in the order in which it goes. `accounts` is gone when it is asked
/// for, and again at the end, for what came meanwhile.
const PARTS: &[&str] = &["chats", "media", "presence", "accounts"];

impl Users {
    /// The account is gone when this is answered; the job takes it out of the chats.
    pub(super) async fn delete_me(&self, request: DeleteMe) -> Answer<()> {
        let now = self.clock.now();
        let erasures = &self.stores.erasures;
        let parts = leaving::begun(PARTS);
        if !erasures.insert(request.user, parts, now).await? {
            return Err(Failure::not_found());
        }
        self.fanout.sight_changed(request.user, HeardBy::All);
        let jobs = JobDesk {
            store: Arc::clone(&self.stores.jobs),
            clock: self.clock,
        };
        // It runs at its time anyway.
        if let Err(failure) = jobs.request(KIND.name).await {
            tracing::warn!(cause = %failure, "the erasure could not be asked for at once");
        }
        Ok(())
    }

    pub(super) async fn find_erasure(&self, request: FindErasure) -> Answer<Erasure> {
        let found = self.stores.erasures.find(request.user).await?;
        found.ok_or_else(Failure::not_found)
    }

    pub(super) async fn list_erasures(&self, request: ListErasures) -> Answer<Vec<Erasure>> {
        Ok(self.stores.erasures.list(request.limit).await?)
    }
}

/// The job `erasure`.
pub struct EraseAccounts {
    pub stores: Stores,
    pub chats: ChatDoor,
    pub clock: Clock,
}

#[async_trait]
impl Job for EraseAccounts {
    fn kind(&self) -> &'static JobKind {
        &KIND
    }

    async fn run(&self, progress: &Progress) -> Result<String, JobError> {
        let (mut erased, mut open, mut failed) = (0, 0, 0);
        for erasure in self.stores.erasures.list_open(AT_ONCE).await? {
            match self.erase(erasure).await? {
                WorkState::Ready => erased += 1,
                WorkState::Running => open += 1,
                WorkState::Failed => failed += 1,
            }
            progress.advance(1);
        }
        let report = format!("{erased} accounts, {open} are to be finished");
        match failed {
            0 => Ok(report),
            _ => Err(JobError::Other(format!("{report}, {failed} failed"))),
        }
    }
}

impl EraseAccounts {
    async fn erase(&self, mut erasure: Erasure) -> Result<WorkState, JobError> {
        let user = erasure.user_id;
        let is_settled = self.clock.now().since(erasure.requested_at) >= SETTLED;
        for part in PARTS.iter().filter(|part| is_settled || **part == "chats") {
            let done = match *part {
                "chats" => self.leave_chats(user).await,
                "media" => self.remove_media(user).await,
                "presence" => self.stores.presence.remove(user).await.map_err(Into::into),
                _ => self.tidy(user).await,
            };
            let state = match done {
                Ok(()) => WorkState::Ready,
                Err(failure) => {
                    tracing::warn!(user.id = %user, part, cause = %failure, "an account's erasure failed");
                    WorkState::Failed
                }
            };
            leaving::set(&mut erasure.parts, part, state);
            self.stores.erasures.update(erasure.clone()).await?;
        }
        let state = leaving::overall(&erasure.parts);
        if state == WorkState::Ready {
            erasure.finished_at = Some(self.clock.now());
            self.stores.erasures.update(erasure).await?;
        }
        Ok(state)
    }

    /// Every chat he is or was in; its owner does it.
    async fn leave_chats(&self, user: UserId) -> Answer<()> {
        for membership in self.stores.chats.list_all(user).await? {
            let chat_id = membership.chat.id;
            let erase = |reply| ChatCommand::Erase(EraseMember { user }, reply);
            match self.chats.ask(chat_id, erase).await {
                Ok(()) => {}
                Err(failure) if failure.code() == ErrorCode::NotFound => {}
                Err(failure) => return Err(failure),
            }
        }
        Ok(())
    }

    /// Files first: a row that is left is found again.
    async fn remove_media(&self, user: UserId) -> Answer<()> {
        loop {
            let page = self.stores.media.list_of(user, None, AT_ONCE).await?;
            if page.is_empty() {
                return Ok(());
            }
            for medium in page {
                self.stores.blobs.remove(medium.id).await?;
                self.stores.media.remove(medium.id).await?;
            }
        }
    }

    async fn tidy(&self, user: UserId) -> Answer<()> {
        let now = self.clock.now();
        self.stores.erasures.tidy(user, now).await?;
        Ok(())
    }
}
