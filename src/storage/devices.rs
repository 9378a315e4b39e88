//! Push devices. Each belongs to the session that named it and goes with it.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::StoreResult;
use crate::clock::Timestamp;
use crate::domain::user::Platform;
use crate::id::{ChatId, DeviceId, SessionId, UserId};

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    pub id: DeviceId,
    pub user_id: UserId,
    pub session_id: SessionId,
    pub token: String,
    pub platform: Platform,
    pub created_at: Timestamp,
}

#[async_trait]
pub trait DeviceStore: Send + Sync {
    /// Keeps a push token. The same account naming it again keeps its id; another account's moves
    /// here, under the new id. `None`: the session is gone.
    async fn insert(&self, device: Device) -> StoreResult<Option<Device>>;

    /// A user's devices by id, after the given one.
    async fn list(
        &self,
        user_id: UserId,
        after: Option<DeviceId>,
        limit: usize,
    ) -> StoreResult<Vec<Device>>;

    /// Removes a user's device; answers whether it is or was one of his, a second time too.
    async fn remove(&self, user_id: UserId, device_id: DeviceId) -> StoreResult<bool>;

    /// Whether anyone has a push device.
    async fn is_any(&self) -> StoreResult<bool>;

    /// Who of those in these chats now has a push device, each once per chat, in no order.
    async fn list_reachable(&self, chat_ids: Vec<ChatId>) -> StoreResult<Vec<(ChatId, UserId)>>;

    /// Every device of several people, in no order.
    async fn list_all(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Device>>;
}
