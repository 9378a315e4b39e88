//! `/messages/{id}/reaction`: the caller's own.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use garde::Validate;
use serde::Deserialize;

use super::error::Answer;
use super::extract::{Body, Caller, Id};
use super::messages::{get, locate_one};
use crate::actors::chat::requests::{ChatCommand, ReactToMessage};
use crate::actors::message::requests::MessagePeers;
use crate::actors::placement::ChatDoor;
use crate::domain::message::emoji;
use crate::error::Failure;
use crate::id::MessageId;
use crate::wire::message::MessageView;

/// `PUT /messages/{id}/reaction`.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReactionBody {
    /// One emoji, however many characters make it.
    #[garde(skip)]
    emoji: String,
}

/// Reacts to a message; one's reaction before is replaced.
#[utoipa::path(put, path = "/messages/{id}/reaction", tag = "messages",
    params(("id" = MessageId, Path)), request_body = ReactionBody,
    responses((status = 200, body = MessageView)))]
pub async fn set(
    caller: Caller,
    id: Id<MessageId>,
    body: Body<ReactionBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<MessageView>> {
    emoji::check(&body.0.emoji)?;
    react(&door, &messages, caller, id.0, Some(body.0.emoji)).await?;
    get(caller, id, messages).await
}

/// Takes one's reaction back.
#[utoipa::path(delete, path = "/messages/{id}/reaction", tag = "messages",
    params(("id" = MessageId, Path)), responses((status = 204)))]
pub async fn remove(
    caller: Caller,
    id: Id<MessageId>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<HttpResponse> {
    react(&door, &messages, caller, id.0, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn react(
    door: &ChatDoor,
    messages: &MessagePeers,
    caller: Caller,
    message_id: MessageId,
    emoji: Option<String>,
) -> Answer<()> {
    let place = locate_one(messages, caller, message_id).await?;
    if !place.is_member {
        return Err(Failure::not_found().into());
    }
    let change = ReactToMessage {
        actor: caller.user_id,
        message_id,
        emoji,
    };
    let command = |reply| ChatCommand::React(change, reply);
    Ok(door.ask(place.chat_id, command).await?)
}
