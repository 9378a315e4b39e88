//! `/users`: profiles, presence, privacy.

use actix_web::{HttpRequest, HttpResponse, web};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Answer;
use super::etag::tagged;
use super::extract::{Body, Caller, Id, storable};
use crate::actors::request::ask;
use crate::actors::user::requests::{
    DeleteMe, ExportMe, Exported, FindExport, GetMe, GetPresence, GetPrivacy, GetProfile, UpdateMe,
    UpdatePrivacy, UserPeers,
};
use crate::domain::leaving::{StoreWork, WorkState};
use crate::domain::user::{Audience, DISPLAY_NAME_CHARS, Privacy, STATUS_TEXT_CHARS};
use crate::id::{MediaId, UserId};
use crate::storage::described::Descriptions;
use crate::storage::privacy::PrivacyPatch;
use crate::storage::users::UserPatch;
use crate::wire::named::named;
use crate::wire::user::{MeView, PresenceView, ProfileView};

/// The caller's own profile.
#[utoipa::path(get, path = "/users/me", tag = "users",
    responses((status = 200, body = MeView), (status = 304)))]
pub async fn get_me(
    caller: Caller,
    request: HttpRequest,
    peers: web::Data<UserPeers>,
    media: web::Data<Descriptions>,
) -> Answer<HttpResponse> {
    let user = caller.user_id;
    let me = ask(&peers.get_me, GetMe { user }).await?;
    tagged(&request, &MeView::new(me, |id| media.picture(id)))
}

/// Deletes the caller's account and its data. Nobody finds it from now on, its phone is free, its
/// sessions end as by `logout-all`; it leaves its chats within seconds, and what it said there goes.
#[utoipa::path(delete, path = "/users/me", tag = "users", responses((status = 204)))]
pub async fn delete_me(caller: Caller, peers: web::Data<UserPeers>) -> Answer<HttpResponse> {
    let user = caller.user_id;
    ask(&peers.delete_me, DeleteMe { user }).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How far an archive is; `url` once it is whole.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExportView {
    pub state: WorkState,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    pub stores: Vec<StoreWork>,
}

impl From<Exported> for ExportView {
    fn from(exported: Exported) -> Self {
        let Exported { state, url, stores } = exported;
        Self { state, url, stores }
    }
}

/// Has an archive of the caller's data made: profile, contacts, chats, messages and files. One that is
/// being made, or was made within the last hour, is answered again. It is kept for 7 days.
#[utoipa::path(post, path = "/users/me/export", tag = "users",
    responses((status = 200, body = ExportView)))]
pub async fn export_me(
    caller: Caller,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<ExportView>> {
    let user = caller.user_id;
    let exported = ask(&peers.export_me, ExportMe { user }).await?;
    Ok(web::Json(exported.into()))
}

/// How far the caller's archive is.
#[utoipa::path(get, path = "/users/me/export", tag = "users",
    responses((status = 200, body = ExportView), (status = 404)))]
pub async fn get_export(
    caller: Caller,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<ExportView>> {
    let user = caller.user_id;
    let exported = ask(&peers.find_export, FindExport { user }).await?;
    Ok(web::Json(exported.into()))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UpdateMeBody {
    #[serde(default, alias = "display_name", deserialize_with = "named")]
    #[garde(length(chars, max = DISPLAY_NAME_CHARS), inner(custom(storable)))]
    pub display_name: Option<String>,
    #[serde(default, alias = "status_text", deserialize_with = "named")]
    #[garde(length(chars, max = STATUS_TEXT_CHARS), inner(custom(storable)))]
    pub status_text: Option<String>,
    /// `null` takes it away.
    #[serde(default, alias = "avatar_media_id", deserialize_with = "named")]
    #[garde(skip)]
    pub avatar_media_id: Option<Option<MediaId>>,
}

/// Changes what is named of the caller's own profile.
#[utoipa::path(patch, path = "/users/me", tag = "users", request_body = UpdateMeBody,
    responses((status = 200, body = MeView), (status = 404), (status = 422)))]
pub async fn update_me(
    caller: Caller,
    body: Body<UpdateMeBody>,
    peers: web::Data<UserPeers>,
    media: web::Data<Descriptions>,
) -> Answer<web::Json<MeView>> {
    let body = body.0;
    let request = UpdateMe {
        user: caller.user_id,
        patch: UserPatch {
            display_name: body.display_name,
            status_text: body.status_text,
            avatar_media_id: body.avatar_media_id,
        },
    };
    let me = ask(&peers.update_me, request).await?;
    Ok(web::Json(MeView::new(me, |id| media.picture(id))))
}

/// Someone's profile, as privacy and blocks leave it.
#[utoipa::path(get, path = "/users/{id}", tag = "users", params(("id" = UserId, Path)),
    responses((status = 200, body = ProfileView), (status = 304), (status = 404)))]
pub async fn get_profile(
    caller: Caller,
    id: Id<UserId>,
    request: HttpRequest,
    peers: web::Data<UserPeers>,
) -> Answer<HttpResponse> {
    let asked = GetProfile {
        viewer: caller.user_id,
        owner: id.0,
    };
    let profile: ProfileView = ask(&peers.get_profile, asked).await?;
    tagged(&request, &profile)
}

/// Whether someone is online, as privacy and blocks leave it.
#[utoipa::path(get, path = "/users/{id}/presence", tag = "users", params(("id" = UserId, Path)),
    responses((status = 200, body = PresenceView), (status = 404)))]
pub async fn get_presence(
    caller: Caller,
    id: Id<UserId>,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<PresenceView>> {
    let request = GetPresence {
        viewer: caller.user_id,
        owner: id.0,
    };
    Ok(web::Json(ask(&peers.get_presence, request).await?))
}

/// The caller's privacy settings.
#[utoipa::path(get, path = "/users/me/privacy", tag = "users",
    responses((status = 200, body = Privacy)))]
pub async fn get_privacy(
    caller: Caller,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<Privacy>> {
    let user = caller.user_id;
    Ok(web::Json(
        ask(&peers.get_privacy, GetPrivacy { user }).await?,
    ))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct PrivacyBody {
    #[serde(default, alias = "last_seen", deserialize_with = "named")]
    pub last_seen: Option<Audience>,
    #[serde(default, alias = "profile_photo", deserialize_with = "named")]
    pub profile_photo: Option<Audience>,
    #[serde(default, deserialize_with = "named")]
    pub about: Option<Audience>,
    #[serde(default, alias = "read_receipts", deserialize_with = "named")]
    pub read_receipts: Option<bool>,
    #[serde(default, alias = "group_add", deserialize_with = "named")]
    pub group_add: Option<Audience>,
}

/// Changes the settings that are named, and answers all.
#[utoipa::path(put, path = "/users/me/privacy", tag = "users", request_body = PrivacyBody,
    responses((status = 200, body = Privacy), (status = 422)))]
pub async fn update_privacy(
    caller: Caller,
    body: Body<PrivacyBody>,
    peers: web::Data<UserPeers>,
) -> Answer<web::Json<Privacy>> {
    let body = body.0;
    let request = UpdatePrivacy {
        user: caller.user_id,
        patch: PrivacyPatch {
            last_seen: body.last_seen,
            profile_photo: body.profile_photo,
            about: body.about,
            read_receipts: body.read_receipts,
            group_add: body.group_add,
        },
    };
    Ok(web::Json(ask(&peers.update_privacy, request).await?))
}
