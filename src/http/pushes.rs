//! The inbox of development: what would have been pushed to the caller's devices.

use std::collections::BTreeMap;

use actix_web::web;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::extract::{Caller, Params};
use super::page::{self, Page, PageParams};
use crate::actors::notification::requests::{ListPushes, NotificationPeers};
use crate::actors::request::ask;
use crate::clock::Timestamp;
use crate::domain::user::Platform;
use crate::id::DeviceId;
use crate::storage::pushes::KeptPush;

const INBOX: &str = "inbox";

#[derive(Clone, Debug, Default, Deserialize, utoipa::IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct InboxParams {
    /// 1–200, 50 unless given.
    pub limit: Option<usize>,
    /// The last answer's `nextCursor`.
    pub cursor: Option<String>,
    /// Only what came after the push with this `place`: for asking again and again.
    pub after: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PushView {
    /// Rises with each push.
    pub place: u64,
    pub device_id: DeviceId,
    pub platform: Platform,
    /// The payload as FCM would carry it.
    pub data: BTreeMap<String, String>,
    pub created_at: Timestamp,
}

impl From<KeptPush> for PushView {
    fn from(push: KeptPush) -> Self {
        Self {
            place: push.place,
            device_id: push.device_id,
            platform: push.platform,
            data: push.data,
            created_at: push.at,
        }
    }
}

/// For development: what was pushed to the caller's devices, oldest first, the newest 200. `404` where
/// pushes go to phones (`notification.sender` is not `log`).
#[utoipa::path(get, path = "/notifications/inbox", tag = "devices", params(InboxParams),
    responses((status = 200, body = Page<PushView>), (status = 404), (status = 422)))]
pub async fn list_pushes(
    caller: Caller,
    params: Params<InboxParams>,
    peers: web::Data<NotificationPeers>,
) -> Answer<web::Json<Page<PushView>>> {
    let InboxParams {
        limit,
        cursor,
        after,
    } = params.0;
    let page = PageParams { limit, cursor };
    let limit = page.limit()?;
    let after = match page.after(INBOX)? {
        Some(place) => Some(place),
        None => page::seq("after", after)?,
    };
    let request = ListPushes {
        user: caller.user_id,
        after: after.unwrap_or(0),
        limit: limit + 1,
    };
    let pushes = ask(&peers.list_pushes, request).await?;
    let place = |push: &KeptPush| push.place;
    let page = Page::cut(INBOX, pushes, limit, place, PushView::from)?;
    Ok(web::Json(page))
}
