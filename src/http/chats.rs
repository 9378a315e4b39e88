//! `/chats`: making, listing, reading and changing chats.

use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use garde::Validate;
use serde::Deserialize;

use super::error::Answer;
use super::etag::tagged;
use super::extract::{Body, Caller, Id, IdempotencyKey, Params, storable};
use super::page::{Page, PageParams};
use crate::actors::chat::requests::{ChatCommand, ChatPeers, CreateChat, UpdateChat};
use crate::actors::message::requests::{GetChat, ListChats, MessagePeers};
use crate::actors::placement::ChatDoor;
use crate::actors::request::ask;
use crate::domain::chat::{ChatKind, DESCRIPTION_CHARS, NAME_CHARS};
use crate::error::Failure;
use crate::id::{ChatId, MediaId, UserId};
use crate::storage::messages::ChatPatch;
use crate::wire::chat::ChatView;
use crate::wire::named::named;

/// `POST /chats`: a direct chat with `userId`, or a group of `participantIds` and the caller.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewChatBody {
    #[serde(rename = "type")]
    #[garde(skip)]
    kind: ChatKind,
    /// Direct: the other one.
    #[serde(alias = "user_id")]
    #[garde(skip)]
    user_id: Option<UserId>,
    /// Group: 1–100 characters.
    #[garde(length(chars, min = 1, max = NAME_CHARS), inner(custom(storable)))]
    name: Option<String>,
    #[garde(length(chars, max = DESCRIPTION_CHARS), inner(custom(storable)))]
    description: Option<String>,
    #[serde(alias = "avatar_media_id")]
    #[garde(skip)]
    avatar_media_id: Option<MediaId>,
    #[serde(alias = "participant_ids")]
    #[garde(skip)]
    participant_ids: Option<Vec<UserId>>,
    #[serde(alias = "admin_only")]
    #[garde(skip)]
    admin_only: Option<bool>,
}

impl NewChatBody {
    fn request(self, creator: UserId, idempotency_key: Option<String>) -> Answer<CreateChat> {
        let others = match self.kind {
            ChatKind::Direct => self.direct_others()?,
            ChatKind::Group => self.group_others(creator)?,
        };
        Ok(CreateChat {
            creator,
            kind: self.kind,
            others,
            name: self.name,
            description: self.description,
            avatar_media_id: self.avatar_media_id,
            admin_only: self.admin_only.unwrap_or(false),
            idempotency_key,
        })
    }

    fn direct_others(&self) -> Answer<Vec<UserId>> {
        let of_groups = [
            ("name", self.name.is_some()),
            ("description", self.description.is_some()),
            ("avatarMediaId", self.avatar_media_id.is_some()),
            ("participantIds", self.participant_ids.is_some()),
            ("adminOnly", self.admin_only.is_some()),
        ];
        if let Some((field, _)) = of_groups.into_iter().find(|(_, given)| *given) {
            return Err(Failure::invalid(field, "belongs to type group").into());
        }
        let peer = self.user_id;
        Ok(vec![
            peer.ok_or_else(|| Failure::invalid("userId", "is missing"))?,
        ])
    }

    /// Each once, the creator left out.
    fn group_others(&self, creator: UserId) -> Answer<Vec<UserId>> {
        if self.user_id.is_some() {
            return Err(Failure::invalid("userId", "belongs to type direct").into());
        }
        match &self.name {
            None => return Err(Failure::invalid("name", "is missing").into()),
            Some(name) if name.trim().is_empty() => {
                return Err(Failure::invalid("name", "must not be blank").into());
            }
            Some(_) => {}
        }
        let Some(ids) = &self.participant_ids else {
            return Err(Failure::invalid("participantIds", "is missing").into());
        };
        let mut seen = std::collections::HashSet::from([creator]);
        Ok(ids.iter().copied().filter(|id| seen.insert(*id)).collect())
    }
}

/// Makes a chat, or finds the one it repeats.
#[utoipa::path(post, path = "/chats", tag = "chats", request_body = NewChatBody,
    params(("Idempotency-Key" = Option<String>, Header, description = "1–64 characters, kept 7 days")),
    responses((status = 201, body = ChatView), (status = 200, body = ChatView,
        description = "It existed, or the key was used before")))]
pub async fn create(
    caller: Caller,
    key: IdempotencyKey,
    body: Body<NewChatBody>,
    chats: Data<ChatPeers>,
    messages: Data<MessagePeers>,
) -> Answer<HttpResponse> {
    let viewer = caller.user_id;
    let made = ask(&chats.create_chat, body.0.request(viewer, key.0)?).await?;
    let chat_id = made.chat_id;
    let view = ask(&messages.get_chat, GetChat { viewer, chat_id }).await?;
    Ok(match made.created {
        true => HttpResponse::Created().json(view),
        false => HttpResponse::Ok().json(view),
    })
}

/// My chats, newest activity first.
#[utoipa::path(get, path = "/chats", tag = "chats", params(PageParams),
    responses((status = 200, body = Page<ChatView>)))]
pub async fn list(
    caller: Caller,
    params: Params<PageParams>,
    messages: Data<MessagePeers>,
) -> Answer<Json<Page<ChatView>>> {
    let limit = params.0.limit()?;
    let request = ListChats {
        viewer: caller.user_id,
        cursor: params.0.cursor,
        limit,
    };
    Ok(Json(ask(&messages.list_chats, request).await?))
}

/// One chat of mine.
#[utoipa::path(get, path = "/chats/{id}", tag = "chats", params(("id" = ChatId, Path)),
    responses((status = 200, body = ChatView), (status = 304, description = "As in If-None-Match")))]
pub async fn get(
    request: HttpRequest,
    caller: Caller,
    id: Id<ChatId>,
    messages: Data<MessagePeers>,
) -> Answer<HttpResponse> {
    tagged(&request, &read(&messages, caller, id.0).await?)
}

/// The chat as its caller sees it after a change.
pub(super) async fn read(
    messages: &MessagePeers,
    caller: Caller,
    chat_id: ChatId,
) -> Answer<ChatView> {
    let viewer = caller.user_id;
    Ok(ask(&messages.get_chat, GetChat { viewer, chat_id }).await?)
}

/// `PATCH /chats/{id}`: what is absent stays, `null` clears.
#[derive(Debug, Deserialize, Validate, utoipa::ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ChatPatchBody {
    #[serde(default, deserialize_with = "named")]
    #[garde(length(chars, min = 1, max = NAME_CHARS), inner(custom(storable)))]
    name: Option<String>,
    #[serde(default, deserialize_with = "named")]
    #[schema(value_type = Option<String>)]
    #[garde(inner(inner(length(chars, max = DESCRIPTION_CHARS), custom(storable))))]
    description: Option<Option<String>>,
    #[serde(default, deserialize_with = "named", alias = "avatar_media_id")]
    #[schema(value_type = Option<MediaId>)]
    #[garde(skip)]
    avatar_media_id: Option<Option<MediaId>>,
    #[serde(alias = "admin_only")]
    #[garde(skip)]
    admin_only: Option<bool>,
}

/// Changes a group; admins only.
#[utoipa::path(patch, path = "/chats/{id}", tag = "chats", params(("id" = ChatId, Path)),
    request_body = ChatPatchBody, responses((status = 200, body = ChatView)))]
pub async fn update(
    caller: Caller,
    id: Id<ChatId>,
    body: Body<ChatPatchBody>,
    door: Data<ChatDoor>,
    messages: Data<MessagePeers>,
) -> Answer<Json<ChatView>> {
    let body = body.0;
    if body
        .name
        .as_ref()
        .is_some_and(|name| name.trim().is_empty())
    {
        return Err(Failure::invalid("name", "must not be blank").into());
    }
    let change = UpdateChat {
        actor: caller.user_id,
        patch: ChatPatch {
            name: body.name,
            description: body.description,
            avatar_media_id: body.avatar_media_id,
            admin_only: body.admin_only,
        },
    };
    door.ask(id.0, |reply| ChatCommand::UpdateChat(change, reply))
        .await?;
    Ok(Json(read(&messages, caller, id.0).await?))
}
