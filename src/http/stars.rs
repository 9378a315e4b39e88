//! Stars: mine alone, on all my devices.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};

use super::error::Answer;
use super::extract::{Caller, Id, Params};
use super::messages::get;
use super::page::{Page, PageParams};
use crate::actors::chat::requests::{ChatPeers, StarMessage};
use crate::actors::message::requests::{ListStarred, MessagePeers};
use crate::actors::request::ask;
use crate::id::MessageId;
use crate::wire::message::MessageView;

/// Stars a message for me.
#[utoipa::path(put, path = "/messages/{id}/star", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 200, body = MessageView)))]
pub async fn add(
    caller: Caller,
    id: Id<MessageId>,
    chats: Data<ChatPeers>,
    messages: Data<MessagePeers>,
) -> Answer<Json<MessageView>> {
    star(&chats, caller, id.0, true).await?;
    get(caller, id, messages).await
}

/// Takes my star back.
#[utoipa::path(delete, path = "/messages/{id}/star", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 204)))]
pub async fn remove(
    caller: Caller,
    id: Id<MessageId>,
    chats: Data<ChatPeers>,
) -> Answer<HttpResponse> {
    star(&chats, caller, id.0, false).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn star(
    chats: &ChatPeers,
    caller: Caller,
    message_id: MessageId,
    starred: bool,
) -> Answer<()> {
    let request = StarMessage {
        user: caller.user_id,
        message_id,
        starred,
    };
    Ok(ask(&chats.star_message, request).await?)
}

/// What I have starred and may still see, newest star first.
#[utoipa::path(get, path = "/messages/starred", tag = "messages", params(PageParams),
    responses((status = 200, body = Page<MessageView>)))]
pub async fn list(
    caller: Caller,
    params: Params<PageParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Page<MessageView>>> {
    let request = ListStarred {
        viewer: caller.user_id,
        limit: params.0.limit()?,
        cursor: params.0.cursor,
    };
    Ok(Json(ask(&messages.list_starred, request).await?))
}
