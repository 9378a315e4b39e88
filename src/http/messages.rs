//! `/messages`: sending, reading, editing and deleting.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use garde::Validate;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::error::Answer;
use super::extract::{Body, Caller, Id, Params};
use crate::actors::chat::requests::{
    ChatCommand, ChatPeers, DeleteMessage, EditMessage, HideMessage, SendAnswer, SendMessage,
};
use crate::actors::message::requests::{GetMessage, LocateMessages, Located, MessagePeers};
use crate::actors::placement::ChatDoor;
use crate::actors::request::ask;
use crate::domain::message::{CLIENT_ID_CHARS, draft};
use crate::error::{ErrorCode, Failure};
use crate::fault;
use crate::id::{ChatId, MessageId};
use crate::wire::message::{MessageView, SentView};

/// `POST /messages`; below `/chats/{id}` the chat is the path's.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SendBody {
    #[serde(alias = "chat_id")]
    #[garde(skip)]
    chat_id: Option<ChatId>,
    /// `text image video audio document location`
    #[serde(rename = "type")]
    #[garde(skip)]
    kind: String,
    /// Of a text, 1–4096 characters; may stand in the payload instead.
    #[garde(skip)]
    content: Option<String>,
    #[schema(value_type = Option<Object>)]
    #[garde(skip)]
    payload: Option<Box<RawValue>>,
    #[serde(alias = "reply_to_id")]
    #[garde(skip)]
    reply_to_id: Option<MessageId>,
    /// Makes the send repeatable: the same again answers with the first ids.
    #[serde(alias = "client_message_id")]
    #[garde(length(chars, min = 1, max = CLIENT_ID_CHARS))]
    client_message_id: Option<String>,
}

/// Sends a message.
#[utoipa::path(post, path = "/messages", tag = "messages", request_body = SendBody,
    responses((status = 201, body = SentView),
        (status = 200, body = SentView, description = "It was sent before")))]
pub async fn send(
    caller: Caller,
    body: Body<SendBody>,
    door: Data<ChatDoor>,
) -> Answer<HttpResponse> {
    let chat_id = body.0.chat_id;
    let chat_id = chat_id.ok_or_else(|| Failure::invalid("chatId", "is missing"))?;
    send_to(&door, caller, chat_id, body.0).await
}

/// Sends a message to the chat of the path.
#[utoipa::path(post, path = "/chats/{id}/messages", tag = "messages",
    params(("id" = ChatId, Path)), request_body = SendBody,
    responses((status = 201, body = SentView),
        (status = 200, body = SentView, description = "It was sent before")))]
pub async fn send_in_chat(
    caller: Caller,
    id: Id<ChatId>,
    body: Body<SendBody>,
    door: Data<ChatDoor>,
) -> Answer<HttpResponse> {
    if body.0.chat_id.is_some_and(|named| named != id.0) {
        return Err(Failure::invalid("chatId", "is not the chat of this address").into());
    }
    send_to(&door, caller, id.0, body.0).await
}

async fn send_to(
    door: &ChatDoor,
    caller: Caller,
    chat_id: ChatId,
    body: SendBody,
) -> Answer<HttpResponse> {
    let payload = body.payload.as_deref();
    let draft = draft::parse(&body.kind, body.content, payload, body.reply_to_id)?;
    let is_named = body.client_message_id.is_some();
    let client_message_id = body
        .client_message_id
        .unwrap_or_else(|| MessageId::new().to_string());
    let send = |reply| {
        ChatCommand::Send(SendMessage {
            sender: caller.user_id,
            client_message_id,
            is_named,
            draft,
            forwarded: false,
            reply: SendAnswer::caller(reply),
        })
    };
    let sent: SentView = door.ask(chat_id, send).await?;
    if fault::loses_ack(caller.user_id) {
        let lost = "no answer in time; it may still have happened";
        return Err(Failure::new(ErrorCode::Timeout, lost).into());
    }
    Ok(match sent.duplicate {
        true => HttpResponse::Ok().json(sent),
        false => HttpResponse::Created().json(sent),
    })
}

/// One message; to its sender with the people in its `status`.
#[utoipa::path(get, path = "/messages/{id}", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 200, body = MessageView)))]
pub async fn get(
    caller: Caller,
    id: Id<MessageId>,
    messages: Data<MessagePeers>,
) -> Answer<Json<MessageView>> {
    let request = GetMessage {
        viewer: caller.user_id,
        message_id: id.0,
    };
    Ok(Json(ask(&messages.get_message, request).await?))
}

/// `PATCH /messages/{id}`.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditBody {
    /// 1–4096 characters.
    #[garde(skip)]
    content: String,
}

/// Edits an own text within 15 minutes.
#[utoipa::path(patch, path = "/messages/{id}", tag = "messages",
    params(("id" = MessageId, Path)), request_body = EditBody,
    responses((status = 200, body = MessageView)))]
pub async fn edit(
    caller: Caller,
    id: Id<MessageId>,
    body: Body<EditBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<MessageView>> {
    draft::edited(&body.0.content)?;
    let place = locate_one(&messages, caller, id.0).await?;
    let change = EditMessage {
        actor: caller.user_id,
        message_id: id.0,
        content: body.0.content,
    };
    door.ask(place.chat_id, |reply| ChatCommand::Edit(change, reply))
        .await?;
    get(caller, id, messages).await
}

#[derive(Clone, Copy, Debug, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    Me,
    Everyone,
}

#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct DeleteParams {
    /// `me`: gone from my lists; `everyone`: a tombstone for all.
    #[param(inline)]
    scope: Scope,
}

/// Deletes a message for me, or for everyone.
#[utoipa::path(delete, path = "/messages/{id}", tag = "messages",
    params(("id" = MessageId, Path), DeleteParams), responses((status = 204)))]
pub async fn delete(
    caller: Caller,
    id: Id<MessageId>,
    params: Params<DeleteParams>,
    door: Data<ChatDoor>,
    chats: Data<ChatPeers>,
    messages: Data<MessagePeers>,
) -> Answer<HttpResponse> {
    match params.0.scope {
        Scope::Me => {
            let request = HideMessage {
                user: caller.user_id,
                message_id: id.0,
            };
            ask(&chats.hide_message, request).await?;
        }
        Scope::Everyone => {
            let place = locate_one(&messages, caller, id.0).await?;
            let change = DeleteMessage {
                actor: caller.user_id,
                message_id: id.0,
            };
            door.ask(place.chat_id, |reply| ChatCommand::Delete(change, reply))
                .await?;
        }
    }
    Ok(HttpResponse::NoContent().finish())
}

pub(super) async fn locate_one(
    messages: &MessagePeers,
    caller: Caller,
    message_id: MessageId,
) -> Answer<Located> {
    let request = LocateMessages {
        viewer: caller.user_id,
        message_ids: vec![message_id],
    };
    let found = ask(&messages.locate_messages, request).await?;
    Ok(found.into_iter().next().ok_or_else(Failure::not_found)?)
}
