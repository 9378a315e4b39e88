//! What the notification group may be asked: it lives of events, so next to nothing.

use serde::{Deserialize, Serialize};

use crate::id::UserId;
use crate::storage::pushes::KeptPush;
use crate::{peers, request};

/// What the development sender took for someone, after a place, oldest first. 404 where another sender
/// is on.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListPushes {
    pub user: UserId,
    pub after: u64,
    pub limit: usize,
}

request!(ListPushes => Vec<KeptPush>);

peers!(
    /// The way into the notification group.
    NotificationPeers {
        list_pushes: ListPushes,
    }
);
