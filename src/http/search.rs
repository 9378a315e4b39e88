//! `GET /messages/search`.

use actix_web::web::{Data, Json};
use serde::Deserialize;

use super::error::Answer;
use super::extract::{Caller, Params};
use super::page::{self, Page};
use crate::actors::message::requests::{MessagePeers, SearchMessages};
use crate::actors::request::ask;
use crate::id::ChatId;
use crate::wire::message::MessageView;

#[derive(Clone, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SearchParams {
    /// 1–256 characters: words, each of which a message must have, or their beginnings. Case and
    /// accents do not matter, and nothing in it is an operator.
    q: String,
    /// Only in this chat.
    #[serde(alias = "chat_id")]
    chat_id: Option<ChatId>,
    /// 1–200, 50 when absent.
    limit: Option<usize>,
    /// `nextCursor` of the page before; with it a page may be short, or empty.
    cursor: Option<String>,
}

/// Messages with these words, newest first.
#[utoipa::path(get, path = "/messages/search", tag = "messages", params(SearchParams),
    responses((status = 200, body = Page<MessageView>)))]
pub async fn search(
    caller: Caller,
    params: Params<SearchParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Page<MessageView>>> {
    let params = params.0;
    let request = SearchMessages {
        viewer: caller.user_id,
        q: params.q,
        chat_id: params.chat_id,
        limit: page::limit(params.limit)?,
        cursor: params.cursor,
    };
    Ok(Json(ask(&messages.search_messages, request).await?))
}
