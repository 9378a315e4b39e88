//! What a chat holds: its messages by seq, and a sum over them.

use actix_web::web::{Data, Json};
use serde::Deserialize;

use super::error::Answer;
use super::extract::{Caller, Id, Params};
use super::page::{self, Page, seq};
use crate::actors::message::requests::{GetDigest, ListMessages, MessagePeers};
use crate::actors::request::ask;
use crate::id::ChatId;
use crate::wire::message::{DigestView, MessageView};

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct HistoryParams {
    /// Only messages with a seq below this.
    before: Option<u64>,
    /// Only messages with a seq above this; alone, those next after it.
    after: Option<u64>,
    /// 1–200, 50 when absent.
    limit: Option<usize>,
    /// `nextCursor` of the page before.
    cursor: Option<String>,
}

/// A chat's messages, newest first.
#[utoipa::path(get, path = "/chats/{id}/messages", tag = "messages",
    params(("id" = ChatId, Path), HistoryParams),
    responses((status = 200, body = Page<MessageView>)))]
pub async fn list(
    caller: Caller,
    id: Id<ChatId>,
    params: Params<HistoryParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Page<MessageView>>> {
    let params = params.0;
    let request = ListMessages {
        viewer: caller.user_id,
        chat_id: id.0,
        before: seq("before", params.before)?,
        after: seq("after", params.after)?,
        limit: page::limit(params.limit)?,
        cursor: params.cursor,
    };
    Ok(Json(ask(&messages.list_messages, request).await?))
}

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DigestParams {
    /// First seq.
    from: u64,
    /// Last seq; one beyond the newest is fine.
    to: u64,
}

/// A sum over the messages the caller can see, to check a copy against.
#[utoipa::path(get, path = "/chats/{id}/digest", tag = "messages",
    params(("id" = ChatId, Path), DigestParams), responses((status = 200, body = DigestView)))]
pub async fn digest(
    caller: Caller,
    id: Id<ChatId>,
    params: Params<DigestParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<DigestView>> {
    let request = GetDigest {
        viewer: caller.user_id,
        chat_id: id.0,
        from: params.0.from,
        to: params.0.to,
    };
    Ok(Json(ask(&messages.get_digest, request).await?))
}
