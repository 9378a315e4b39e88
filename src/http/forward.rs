//! `POST /messages/{id}/forward`.

use std::collections::HashSet;

use actix_web::HttpResponse;
use actix_web::web::Data;
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::error::Answer;
use super::extract::{Body, Caller, Id, IdempotencyKey};
use crate::actors::chat::requests::{ChatPeers, ForwardMessage};
use crate::actors::request::ask;
use crate::id::{ChatId, MessageId};
use crate::wire::message::SentView;

/// Most chats of one call.
const CHATS: usize = 20;

#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ForwardBody {
    /// 1–20 chats in which the caller may send.
    #[serde(alias = "chat_ids")]
    #[garde(length(min = 1, max = CHATS))]
    chat_ids: Vec<ChatId>,
}

/// What was sent, in the order of the chats.
#[derive(Debug, Serialize, utoipa::ToSchema)]
pub struct ForwardedView {
    items: Vec<SentView>,
}

/// Sends copies of a message to other chats: to all of them, or to none.
#[utoipa::path(post, path = "/messages/{id}/forward", tag = "messages",
    params(("id" = MessageId, Path), ("Idempotency-Key" = Option<String>, Header,
        description = "1–64 characters, kept 7 days; a repeat finishes what was begun")),
    request_body = ForwardBody,
    responses((status = 201, body = ForwardedView), (status = 200, body = ForwardedView,
        description = "The key was used before")))]
pub async fn forward(
    caller: Caller,
    id: Id<MessageId>,
    key: IdempotencyKey,
    body: Body<ForwardBody>,
    chats: Data<ChatPeers>,
) -> Answer<HttpResponse> {
    let mut seen = HashSet::new();
    let chat_ids = body.0.chat_ids.into_iter();
    let request = ForwardMessage {
        user: caller.user_id,
        message_id: id.0,
        chat_ids: chat_ids.filter(|id| seen.insert(*id)).collect(),
        idempotency_key: key.0,
    };
    let done = ask(&chats.forward_message, request).await?;
    let mut answer = match done.is_repeat {
        true => HttpResponse::Ok(),
        false => HttpResponse::Created(),
    };
    Ok(answer.json(ForwardedView { items: done.items }))
}
