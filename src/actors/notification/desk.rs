//! What this group works with, shared by its tasks and by its successor after a panic.

use std::sync::Arc;
use std::time::Duration;

use super::push::Sender;
use super::requests::ListPushes;
use crate::actors::fanout::Fanout;
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::config::NotificationConfig;
use crate::error::Failure;
use crate::storage::Stores;
use crate::storage::events::EventStream;
use crate::storage::limits::Bucket;
use crate::storage::pushes::KeptPush;

/// What of the settings the decisions need.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    pub wait: Duration,
    pub window: Duration,
    /// A push that could not be handed over for so long is given up.
    pub give_up: Duration,
    pub per_device: Bucket,
    /// Events that may be held.
    pub pending: usize,
}

impl From<&NotificationConfig> for Rules {
    fn from(config: &NotificationConfig) -> Self {
        Self {
            wait: config.wait,
            window: config.window,
            give_up: config.fcm.give_up,
            per_device: Bucket {
                capacity: config.per_device_minute,
                refill: Duration::from_secs(60),
            },
            pending: config.pending,
        }
    }
}

pub struct Desk {
    pub stores: Stores,
    pub clock: Clock,
    pub fanout: Fanout,
    pub events: Arc<dyn EventStream>,
    /// `None`: nothing is pushed.
    pub sender: Option<Sender>,
    pub rules: Rules,
}

impl Desk {
    /// 404 where pushes go to phones.
    pub(super) async fn list_pushes(&self, request: ListPushes) -> Answer<Vec<KeptPush>> {
        let Some(Sender::Log { pushes, .. }) = &self.sender else {
            return Err(Failure::not_found());
        };
        let ListPushes { user, after, limit } = request;
        Ok(pushes.kept(user, after, limit).await?)
    }
}
