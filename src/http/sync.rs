//! `POST /sync`: what changed since a client's copies.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json};
use garde::Validate;
use serde::Deserialize;

use super::error::Answer;
use super::extract::{Body, Caller};
use crate::actors::message::requests::{MessagePeers, SyncChats, SyncLimits};
use crate::actors::request::ask;
use crate::id::ChatId;
use crate::wire::sync::{SyncRequest, SyncView};

/// Most chats that `only` may name.
const MOST_ONLY: usize = 1000;

/// Where the client's copies stand; empty maps are the cold start.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SyncBody {
    /// The rev of each chat's copy.
    #[serde(default)]
    #[schema(value_type = BTreeMap<String, u64>)]
    #[garde(skip)]
    chats: BTreeMap<ChatId, u64>,
    /// The rev of the own log's copy.
    #[serde(default)]
    #[garde(skip)]
    me: u64,
    /// `acks` of the last answer.
    #[garde(skip)]
    acks: Option<String>,
    /// Confines the answer to these chats.
    #[garde(inner(length(max = MOST_ONLY)))]
    only: Option<Vec<ChatId>>,
}

/// What changed since the client's copies.
#[utoipa::path(post, path = "/sync", tag = "sync", request_body = SyncBody,
    responses((status = 200, body = SyncView)))]
pub async fn sync(
    caller: Caller,
    body: Body<SyncBody>,
    messages: Data<MessagePeers>,
) -> Answer<Json<SyncView>> {
    let request = SyncRequest {
        chats: body.0.chats,
        me: body.0.me,
        acks: body.0.acks,
        only: body.0.only,
    };
    request.check()?;
    let request = SyncChats {
        user: caller.user_id,
        request,
        limits: SyncLimits::REST,
    };
    Ok(Json(ask(&messages.sync_chats, request).await?))
}
