//! Mute and pin, which are mine alone, and the disappearing timer, which is the chat's.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use garde::Validate;
use serde::Deserialize;

use super::chats::read;
use super::error::Answer;
use super::extract::{Body, Caller, Id, MaybeBody};
use crate::actors::chat::requests::{ChatCommand, ChatPeers, SetPersonal, SetTimer};
use crate::actors::message::requests::MessagePeers;
use crate::actors::placement::ChatDoor;
use crate::actors::request::ask;
use crate::clock::Timestamp;
use crate::domain::chat::Mute;
use crate::id::ChatId;
use crate::storage::chats::PersonalSetting;
use crate::wire::chat::ChatView;

/// Longest disappearing timer: a year, in seconds.
const LONGEST_TIMER: u32 = 365 * 24 * 60 * 60;

/// `PUT /chats/{id}/mute`; no body at all is fine.
#[derive(Debug, Default, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct MuteBody {
    /// Absent: for good.
    #[garde(skip)]
    until: Option<Timestamp>,
}

/// Mutes a chat for me.
#[utoipa::path(put, path = "/chats/{id}/mute", tag = "chats", params(("id" = ChatId, Path)),
    request_body = MuteBody, responses((status = 200, body = ChatView)))]
pub async fn mute(
    caller: Caller,
    id: Id<ChatId>,
    body: MaybeBody<MuteBody>,
    chats: Data<ChatPeers>,
    messages: Data<MessagePeers>,
) -> Answer<Json<ChatView>> {
    let until = body.0.until;
    let setting = PersonalSetting::Mute(Some(Mute { until }));
    set(&chats, caller, id.0, setting).await?;
    Ok(Json(read(&messages, caller, id.0).await?))
}

/// Lets a chat be heard again.
#[utoipa::path(delete, path = "/chats/{id}/mute", tag = "chats",
    params(("id" = ChatId, Path)), responses((status = 204)))]
pub async fn unmute(
    caller: Caller,
    id: Id<ChatId>,
    chats: Data<ChatPeers>,
) -> Answer<HttpResponse> {
    set(&chats, caller, id.0, PersonalSetting::Mute(None)).await
}

/// Pins a chat for me.
#[utoipa::path(put, path = "/chats/{id}/pin", tag = "chats", params(("id" = ChatId, Path)),
    responses((status = 200, body = ChatView)))]
pub async fn pin(
    caller: Caller,
    id: Id<ChatId>,
    chats: Data<ChatPeers>,
    messages: Data<MessagePeers>,
) -> Answer<Json<ChatView>> {
    set(&chats, caller, id.0, PersonalSetting::Pin(true)).await?;
    Ok(Json(read(&messages, caller, id.0).await?))
}

/// Unpins a chat.
#[utoipa::path(delete, path = "/chats/{id}/pin", tag = "chats",
    params(("id" = ChatId, Path)), responses((status = 204)))]
pub async fn unpin(caller: Caller, id: Id<ChatId>, chats: Data<ChatPeers>) -> Answer<HttpResponse> {
    set(&chats, caller, id.0, PersonalSetting::Pin(false)).await
}

async fn set(
    chats: &ChatPeers,
    caller: Caller,
    chat_id: ChatId,
    setting: PersonalSetting,
) -> Answer<HttpResponse> {
    let request = SetPersonal {
        user: caller.user_id,
        chat_id,
        setting,
    };
    ask(&chats.set_personal, request).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PUT /chats/{id}/auto-delete`.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TimerBody {
    /// Until a message sent from now on disappears; at most a year.
    #[garde(range(min = 1, max = LONGEST_TIMER))]
    seconds: u32,
}

/// Sets the disappearing timer.
#[utoipa::path(put, path = "/chats/{id}/auto-delete", tag = "chats",
    params(("id" = ChatId, Path)), request_body = TimerBody,
    responses((status = 200, body = ChatView)))]
pub async fn set_timer(
    caller: Caller,
    id: Id<ChatId>,
    body: Body<TimerBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<ChatView>> {
    change_timer(&door, caller, id.0, Some(body.0.seconds)).await?;
    Ok(Json(read(&messages, caller, id.0).await?))
}

/// Messages stay again.
#[utoipa::path(delete, path = "/chats/{id}/auto-delete", tag = "chats",
    params(("id" = ChatId, Path)), responses((status = 204)))]
pub async fn clear_timer(
    caller: Caller,
    id: Id<ChatId>,
    door: Data<ChatDoor>,
) -> Answer<HttpResponse> {
    change_timer(&door, caller, id.0, None).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn change_timer(
    door: &ChatDoor,
    caller: Caller,
    chat_id: ChatId,
    seconds: Option<u32>,
) -> Answer<()> {
    let change = SetTimer {
        actor: caller.user_id,
        seconds,
    };
    let command = |reply| ChatCommand::SetTimer(change, reply);
    Ok(door.ask(chat_id, command).await?)
}
