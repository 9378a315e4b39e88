//! `/chats/{id}/participants`: who is in a chat, and who comes, goes and leads.

use actix_web::HttpResponse;
use actix_web::web::{Data, Json};
use garde::Validate;
use serde::Deserialize;

use super::error::Answer;
use super::extract::{Body, Caller, Id, Id2, Params};
use super::page::{Page, PageParams};
use crate::actors::chat::requests::{AddMembers, ChatCommand, RemoveMember, SetRole};
use crate::actors::message::requests::{FindParticipants, ListParticipants, MessagePeers};
use crate::actors::placement::ChatDoor;
use crate::actors::request::ask;
use crate::domain::chat::{GROUP_MEMBERS, Role};
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::wire::chat::ParticipantView;

/// Who is in the chat, longest-standing first.
#[utoipa::path(get, path = "/chats/{id}/participants", tag = "chats",
    params(("id" = ChatId, Path), PageParams),
    responses((status = 200, body = Page<ParticipantView>)))]
pub async fn list(
    caller: Caller,
    id: Id<ChatId>,
    params: Params<PageParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Page<ParticipantView>>> {
    let limit = params.0.limit()?;
    let request = ListParticipants {
        viewer: caller.user_id,
        chat_id: id.0,
        cursor: params.0.cursor,
        limit,
    };
    Ok(Json(ask(&messages.list_participants, request).await?))
}

/// `POST /chats/{id}/participants`.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct AddBody {
    #[serde(alias = "user_ids")]
    #[garde(length(min = 1, max = GROUP_MEMBERS))]
    user_ids: Vec<UserId>,
}

/// Adds people to a group; admins only. Answers those who were named.
#[utoipa::path(post, path = "/chats/{id}/participants", tag = "chats",
    params(("id" = ChatId, Path)), request_body = AddBody,
    responses((status = 201, body = Page<ParticipantView>),
        (status = 200, body = Page<ParticipantView>, description = "All of them were in it")))]
pub async fn add(
    caller: Caller,
    id: Id<ChatId>,
    body: Body<AddBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<HttpResponse> {
    let mut user_ids = Vec::with_capacity(body.0.user_ids.len());
    for user in body.0.user_ids {
        if !user_ids.contains(&user) {
            user_ids.push(user);
        }
    }
    let before = find(&messages, caller, id.0, user_ids.clone()).await?;
    let all_there = before.len() == user_ids.len();
    let change = AddMembers {
        actor: caller.user_id,
        user_ids: user_ids.clone(),
    };
    door.ask(id.0, |reply| ChatCommand::AddMembers(change, reply))
        .await?;
    let page = Page::whole(find(&messages, caller, id.0, user_ids).await?);
    Ok(match all_there {
        true => HttpResponse::Ok().json(page),
        false => HttpResponse::Created().json(page),
    })
}

async fn find(
    messages: &MessagePeers,
    caller: Caller,
    chat_id: ChatId,
    user_ids: Vec<UserId>,
) -> Answer<Vec<ParticipantView>> {
    let request = FindParticipants {
        viewer: caller.user_id,
        chat_id,
        user_ids,
    };
    Ok(ask(&messages.find_participants, request).await?)
}

/// `PATCH /chats/{id}/participants/{userId}`.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleBody {
    #[garde(skip)]
    role: Role,
}

/// Makes someone an admin or a member; admins only.
#[utoipa::path(patch, path = "/chats/{id}/participants/{userId}", tag = "chats",
    params(("id" = ChatId, Path), ("userId" = UserId, Path)), request_body = RoleBody,
    responses((status = 200, body = ParticipantView)))]
pub async fn set_role(
    caller: Caller,
    ids: Id2<ChatId, UserId>,
    body: Body<RoleBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<ParticipantView>> {
    let Id2(chat_id, user) = ids;
    let change = SetRole {
        actor: caller.user_id,
        user,
        role: body.0.role,
    };
    door.ask(chat_id, |reply| ChatCommand::SetRole(change, reply))
        .await?;
    let found = find(&messages, caller, chat_id, vec![user]).await?;
    let item = found.into_iter().next().ok_or_else(Failure::not_found)?;
    Ok(Json(item))
}

/// Removes someone from a group (admins), or leaves it.
#[utoipa::path(delete, path = "/chats/{id}/participants/{userId}", tag = "chats",
    params(("id" = ChatId, Path), ("userId" = UserId, Path)), responses((status = 204)))]
pub async fn remove(
    caller: Caller,
    ids: Id2<ChatId, UserId>,
    door: Data<ChatDoor>,
) -> Answer<HttpResponse> {
    remove_from(&door, caller, ids.0, ids.1).await
}

/// Leaves a group.
#[utoipa::path(post, path = "/chats/{id}/leave", tag = "chats",
    params(("id" = ChatId, Path)), responses((status = 204)))]
pub async fn leave(
    caller: Caller,
    id: Id<ChatId>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<HttpResponse> {
    // Who is not in it (any more) has nothing to leave: 404.
    find(&messages, caller, id.0, Vec::new()).await?;
    remove_from(&door, caller, id.0, caller.user_id).await
}

async fn remove_from(
    door: &ChatDoor,
    caller: Caller,
    chat_id: ChatId,
    user: UserId,
) -> Answer<HttpResponse> {
    let change = RemoveMember {
        actor: caller.user_id,
        user,
    };
    door.ask(chat_id, |reply| ChatCommand::RemoveMember(change, reply))
        .await?;
    Ok(HttpResponse::NoContent().finish())
}
