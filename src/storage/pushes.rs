//! What people have been told by push: how far, in which window, and for development what exactly.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::notification::PushMark;
use crate::domain::user::Platform;
use crate::id::{ChatId, DeviceId, UserId};

/// A push that the development sender took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPush {
    /// Rises with each; 0 before it is kept.
    pub place: u64,
    pub user_id: UserId,
    pub device_id: DeviceId,
    pub platform: Platform,
    pub data: BTreeMap<String, String>,
    pub at: Timestamp,
}

/// Pushes of one person that the development sender keeps; the oldest go.
pub const KEPT_PUSHES: usize = 200;

#[async_trait]
pub trait PushStore: Send + Sync {
    /// The marks of everyone in these chats; who was never pushed there is left out.
    async fn find(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<PushMark>>;

    /// Begins a window for each of these, unless one began after `since`: then that one's beginning is
    /// answered. One answer for each, in order; of several callers at once one begins it.
    async fn begin_windows(
        &self,
        places: Vec<(ChatId, UserId)>,
        at: Timestamp,
        since: Timestamp,
    ) -> StoreResult<Vec<Option<Timestamp>>>;

    /// Raises what was pushed and cleared, never lowers it; windows stay. Of people who are gone
    /// nothing is kept.
    async fn advance(&self, marks: Vec<PushMark>) -> StoreResult<()>;

    /// Those of these places whose person was pushed something that he was not yet told to clear.
    async fn outstanding(
        &self,
        places: Vec<(ChatId, UserId)>,
    ) -> StoreResult<Vec<(ChatId, UserId)>> {
        let chats = places.iter().map(|(chat_id, _)| *chat_id).collect();
        let marks = self.find(chats).await?;
        let open = marks.iter().filter(|mark| mark.is_outstanding());
        let open: Vec<_> = open.map(|mark| (mark.chat_id, mark.user_id)).collect();
        Ok(places
            .into_iter()
            .filter(|one| open.contains(one))
            .collect())
    }

    /// Keeps a push for its person to look at.
    async fn keep(&self, push: KeptPush) -> StoreResult<()>;

    /// A person's kept pushes after a place, oldest first.
    async fn kept(&self, user_id: UserId, after: u64, limit: usize) -> StoreResult<Vec<KeptPush>>;
}
