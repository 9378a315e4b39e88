//! `/admin/deletions`: accounts that were deleted, and how far each store is with it.

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;

use super::Answer;
use super::extract::Id;
use crate::actors::request::ask;
use crate::actors::user::requests::{FindErasure, ListErasures, UserPeers};
use crate::clock::Timestamp;
use crate::domain::leaving::{StoreWork, WorkState, overall};
use crate::id::UserId;
use crate::storage::erasures::Erasure;
use crate::wire::page::Page;

/// Most that are shown.
const SHOWN: usize = 200;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct DeletionView {
    user_id: UserId,
    state: WorkState,
    requested_at: Timestamp,
    finished_at: Option<Timestamp>,
    stores: Vec<StoreWork>,
}

impl From<Erasure> for DeletionView {
    fn from(erasure: Erasure) -> Self {
        Self {
            user_id: erasure.user_id,
            state: overall(&erasure.parts),
            requested_at: erasure.requested_at,
            finished_at: erasure.finished_at,
            stores: erasure.parts,
        }
    }
}

/// The newest first.
pub async fn list(peers: web::Data<UserPeers>) -> Answer<impl Responder> {
    let erasures = ask(&peers.list_erasures, ListErasures { limit: SHOWN }).await?;
    let items: Vec<DeletionView> = erasures.into_iter().map(Into::into).collect();
    Ok(HttpResponse::Ok().json(Page {
        items,
        next_cursor: None,
    }))
}

/// One; 404 for an account that was not deleted.
pub async fn get(peers: web::Data<UserPeers>, user: Id<UserId>) -> Answer<impl Responder> {
    let erasure = ask(&peers.find_erasure, FindErasure { user: user.0 }).await?;
    Ok(HttpResponse::Ok().json(DeletionView::from(erasure)))
}
