//! Push devices: `/users/devices` and `/notifications/devices`.

use actix_web::{HttpResponse, web};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::extract::{Body, Caller, Id, Params, storable};
use super::page::{Page, PageParams};
use crate::actors::request::ask;
use crate::actors::user::requests::{AddDevice, ListDevices, RemoveDevice, UserPeers};
use crate::clock::Timestamp;
use crate::domain::user::Platform;
use crate::id::DeviceId;
use crate::storage::devices::Device;

const DEVICES: &str = "devices";

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddDeviceBody {
    #[garde(length(bytes, min = 1, max = 4096), custom(storable))]
    pub token: String,
    #[garde(skip)]
    pub platform: Platform,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct DeviceView {
    pub id: DeviceId,
    pub platform: Platform,
    pub created_at: Timestamp,
}

impl From<Device> for DeviceView {
    fn from(device: Device) -> Self {
        Self {
            id: device.id,
            platform: device.platform,
            created_at: device.created_at,
        }
    }
}

/// Names this session's push token; `200` when the account had named it before.
#[utoipa::path(post, path = "/users/devices", tag = "devices", request_body = AddDeviceBody,
    responses((status = 201, body = DeviceView), (status = 200, body = DeviceView),
        (status = 422)))]
pub async fn add_device(
    caller: Caller,
    body: Body<AddDeviceBody>,
    peers: web::Data<UserPeers>,
) -> Answer<HttpResponse> {
    let request = AddDevice {
        user: caller.user_id,
        session: caller.session_id,
        token: body.0.token,
        platform: body.0.platform,
    };
    let added = ask(&peers.add_device, request).await?;
    let mut response = match added.created {
        true => HttpResponse::Created(),
        false => HttpResponse::Ok(),
    };
    Ok(response.json(DeviceView::from(added.device)))
}

/// The caller's push devices.
#[utoipa::path(get, path = "/users/devices", tag = "devices", params(PageParams),
    responses((status = 200, body = Page<DeviceView>)))]
pub async fn list_devices(
    caller: Caller,
    page: Params<PageParams>,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<Page<DeviceView>>> {
    let limit = page.0.limit()?;
    let request = ListDevices {
        user: caller.user_id,
        after: page.0.after(DEVICES)?,
        limit: limit + 1,
    };
    let devices = ask(&peers.list_devices, request).await?;
    let place = |device: &Device| device.id;
    let page = Page::cut(DEVICES, devices, limit, place, DeviceView::from)?;
    Ok(web::Json(page))
}

/// Forgets a push device.
#[utoipa::path(delete, path = "/users/devices/{id}", tag = "devices",
    params(("id" = DeviceId, Path)), responses((status = 204), (status = 404)))]
pub async fn remove_device(
    caller: Caller,
    id: Id<DeviceId>,
    peers: web::Data<UserPeers>,
) -> Answer<HttpResponse> {
    let request = RemoveDevice {
        user: caller.user_id,
        device: id.0,
    };
    ask(&peers.remove_device, request).await?;
    Ok(HttpResponse::NoContent().finish())
}
