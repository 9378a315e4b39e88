//! `/media`: what was uploaded, and where it is to be had. Uploading itself is `upload.rs`.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use serde::{Deserialize, Deserializer, de};

use super::Answer;
use super::etag::tagged_by;
use super::extract::{Caller, Id, Params};
use super::origin::origin;
use crate::actors::media::requests::{FoundMedium, GetMedium, MediaPeers, RemoveMedium};
use crate::actors::request::ask;
use crate::clock::Clock;
use crate::domain::media::steady;
use crate::error::Failure;
use crate::id::MediaId;
use crate::storage::blobs::BlobStore;
use crate::wire::media::MediumView;
use crate::wire::origin as address;

/// A medium with fresh addresses. Its tag holds for half of their life: a copy that is not modified
/// has good ones.
#[utoipa::path(get, path = "/media/{id}", tag = "media", params(("id" = MediaId, Path)),
    responses((status = 200, body = MediumView), (status = 304), (status = 404)))]
pub async fn get(
    caller: Caller,
    id: Id<MediaId>,
    request: HttpRequest,
    media: web::Data<MediaPeers>,
    blobs: web::Data<dyn BlobStore>,
    clock: web::Data<Clock>,
) -> Answer<HttpResponse> {
    let found = find(caller, id.0, &media).await?;
    let since = steady(clock.now(), blobs.address_life());
    let by = (&found.medium, since, origin(&request));
    let by = serde_json::to_value(by).map_err(|_| Failure::internal())?;
    tagged_by(&request, &view(found), &by)
}

async fn find(caller: Caller, id: MediaId, media: &MediaPeers) -> Answer<FoundMedium> {
    let request = GetMedium {
        viewer: caller.user_id,
        id,
    };
    Ok(ask(&media.get_medium, request).await?)
}

fn view(found: FoundMedium) -> MediumView {
    let medium = found.medium;
    MediumView {
        media_id: medium.id,
        kind: medium.kind,
        mime_type: medium.mime_type,
        size_bytes: medium.size_bytes,
        url: found.url,
        thumbnail_url: found.thumbnail_url,
        width: medium.width,
        height: medium.height,
        duration_ms: medium.duration_ms,
        file_name: medium.file_name,
        created_at: medium.created_at,
        expires_at: found.expires_at,
    }
}

#[derive(Clone, Copy, Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct ContentParams {
    /// The thumbnail; 404 where there is none.
    #[serde(default, deserialize_with = "flag")]
    thumbnail: bool,
}

/// `thumbnail`, `thumbnail=`, `=1` and `=true` all say so.
fn flag<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match String::deserialize(deserializer)?.as_str() {
        "" | "1" | "true" => Ok(true),
        "0" | "false" => Ok(false),
        _ => Err(de::Error::custom("expected true or false")),
    }
}

/// To a fresh address of the file itself: an address that stays, for image loaders and players.
#[utoipa::path(get, path = "/media/{id}/content", tag = "media",
    params(("id" = MediaId, Path), ContentParams),
    responses((status = 302, description = "To the file"), (status = 404)))]
pub async fn content(
    caller: Caller,
    id: Id<MediaId>,
    params: Params<ContentParams>,
    request: HttpRequest,
    media: web::Data<MediaPeers>,
) -> Answer<HttpResponse> {
    let found = find(caller, id.0, &media).await?;
    let to = match params.0.thumbnail {
        true => found.thumbnail_url.ok_or_else(Failure::not_found)?,
        false => found.url,
    };
    let to = address::at(&to, &origin(&request)).into_owned();
    Ok(HttpResponse::Found()
        .insert_header((header::LOCATION, to))
        .finish())
}

/// Removes an own medium that nothing refers to.
#[utoipa::path(delete, path = "/media/{id}", tag = "media", params(("id" = MediaId, Path)),
    responses((status = 204), (status = 404), (status = 409)))]
pub async fn remove(
    caller: Caller,
    id: Id<MediaId>,
    media: web::Data<MediaPeers>,
) -> Answer<HttpResponse> {
    let request = RemoveMedium {
        user: caller.user_id,
        id: id.0,
    };
    ask(&media.remove_medium, request).await?;
    Ok(HttpResponse::NoContent().finish())
}
