//! Delivered and read: what a device says, and what a sender may see of it.

use std::collections::BTreeMap;

use actix_web::web::{Data, Json};
use futures_util::future::try_join_all;
use garde::Validate;
use serde::{Deserialize, Serialize};

use super::error::Answer;
use super::extract::{Body, Caller, Id, Params};
use super::page::{Page, PageParams};
use crate::actors::chat::requests::{Acknowledge, ChatCommand, MarkAnswer};
use crate::actors::message::requests::{ListReceipts, LocateMessages, MessagePeers};
use crate::actors::placement::ChatDoor;
use crate::actors::request::ask;
use crate::domain::receipts::ReceiptKind;
use crate::error::Failure;
use crate::id::{ChatId, MessageId};
use crate::wire::message::RecipientView;

/// Messages that one call may mark.
const MOST_IDS: usize = 1000;

/// `{}`.
#[derive(Clone, Copy, Debug, Serialize, utoipa::ToSchema)]
pub struct Done {}

/// `PUT /messages/status`: one message or several.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct StatusBody {
    #[serde(alias = "message_id")]
    #[garde(skip)]
    message_id: Option<MessageId>,
    #[serde(alias = "message_ids")]
    #[garde(inner(length(min = 1, max = MOST_IDS)))]
    message_ids: Option<Vec<MessageId>>,
    #[garde(skip)]
    status: ReceiptKind,
}

/// Marks messages, and all before them in their chats, as delivered or read.
#[utoipa::path(put, path = "/messages/status", tag = "messages", request_body = StatusBody,
    responses((status = 200, body = Done)))]
pub async fn set_status(
    caller: Caller,
    body: Body<StatusBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Done>> {
    let body = body.0;
    let mut ids = body.message_ids.unwrap_or_default();
    ids.extend(body.message_id);
    if ids.is_empty() {
        return Err(Failure::invalid("messageIds", "is missing").into());
    }
    mark(&door, &messages, caller, ids, body.status).await
}

/// `POST /messages/read`.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadBody {
    #[serde(alias = "message_ids")]
    #[garde(length(min = 1, max = MOST_IDS))]
    message_ids: Vec<MessageId>,
}

/// Marks messages, and all before them in their chats, as read.
#[utoipa::path(post, path = "/messages/read", tag = "messages", request_body = ReadBody,
    responses((status = 200, body = Done)))]
pub async fn read(
    caller: Caller,
    body: Body<ReadBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Done>> {
    let ids = body.0.message_ids;
    mark(&door, &messages, caller, ids, ReceiptKind::Read).await
}

/// The furthest message of each chat is what counts. One that is not there for the caller, or in a
/// chat he has left: 404, and nothing moves, so that is known before any owner is asked.
async fn mark(
    door: &ChatDoor,
    messages: &MessagePeers,
    caller: Caller,
    message_ids: Vec<MessageId>,
    kind: ReceiptKind,
) -> Answer<Json<Done>> {
    let user = caller.user_id;
    let request = LocateMessages {
        viewer: user,
        message_ids,
    };
    let places = ask(&messages.locate_messages, request).await?;
    if places.iter().any(|place| !place.is_member) {
        return Err(Failure::not_found().into());
    }
    let mut furthest: BTreeMap<ChatId, u64> = BTreeMap::new();
    for place in places {
        let seq = furthest.entry(place.chat_id).or_default();
        *seq = place.seq.max(*seq);
    }
    let marks = furthest.into_iter().map(|(chat_id, up_to_seq)| {
        door.ask(chat_id, move |reply| {
            ChatCommand::Acknowledge(vec![Acknowledge {
                user,
                kind,
                up_to_seq,
                from: None,
                reply: MarkAnswer::caller(reply),
            }])
        })
    });
    try_join_all(marks).await?;
    Ok(Json(Done {}))
}

/// Who has got and read my message, person by person.
#[utoipa::path(get, path = "/messages/{id}/receipts", tag = "messages",
    params(("id" = MessageId, Path), PageParams),
    responses((status = 200, body = Page<RecipientView>)))]
pub async fn list(
    caller: Caller,
    id: Id<MessageId>,
    params: Params<PageParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Page<RecipientView>>> {
    let limit = params.0.limit()?;
    let request = ListReceipts {
        viewer: caller.user_id,
        message_id: id.0,
        cursor: params.0.cursor,
        limit,
    };
    Ok(Json(ask(&messages.list_receipts, request).await?))
}
