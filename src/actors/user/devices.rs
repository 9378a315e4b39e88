//! Push devices.

use super::actor::Users;
use super::requests::{AddDevice, AddedDevice, ListDevices, RemoveDevice};
use crate::actors::request::Answer;
use crate::error::Failure;
use crate::id::DeviceId;
use crate::storage::devices::Device;

impl Users {
    pub(super) async fn add_device(&self, request: AddDevice) -> Answer<AddedDevice> {
        let new_id = DeviceId::new();
        let device = Device {
            id: new_id,
            user_id: request.user,
            session_id: request.session,
            token: request.token,
            platform: request.platform,
            created_at: self.clock.now(),
        };
        let kept = self.stores.devices.insert(device).await?;
        let device = kept.ok_or_else(|| Failure::unauthenticated("this session is over"))?;
        Ok(AddedDevice {
            created: device.id == new_id,
            device,
        })
    }

    pub(super) async fn list_devices(&self, request: ListDevices) -> Answer<Vec<Device>> {
        let ListDevices { user, after, limit } = request;
        Ok(self.stores.devices.list(user, after, limit).await?)
    }

    pub(super) async fn remove_device(&self, request: RemoveDevice) -> Answer<()> {
        let RemoveDevice { user, device } = request;
        match self.stores.devices.remove(user, device).await? {
            true => Ok(()),
            false => Err(Failure::not_found()),
        }
    }
}
