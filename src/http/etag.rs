//! `ETag` and `If-None-Match`.

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::error::Answer;
use crate::error::Failure;

/// A JSON answer with a tag of its content; `304` when the client has just that.
pub fn tagged<T: Serialize>(request: &HttpRequest, body: &T) -> Answer<HttpResponse> {
    let json = written(body)?;
    let tag = tag_of(&json);
    answer(request, tag, json)
}

/// The same with a tag of something else: of what says whether the client's copy still holds.
pub fn tagged_by<T: Serialize>(
    request: &HttpRequest,
    body: &T,
    by: &impl Serialize,
) -> Answer<HttpResponse> {
    let tag = tag_of(&written(by)?);
    answer(request, tag, written(body)?)
}

fn written<T: Serialize>(body: &T) -> Answer<Vec<u8>> {
    let json = serde_json::to_vec(body).map_err(|error| {
        tracing::error!(cause = %error, "an answer could not be written");
        Failure::internal()
    })?;
    Ok(json)
}

fn tag_of(json: &[u8]) -> EntityTag {
    EntityTag::new_strong(hex::encode(&Sha256::digest(json)[..16]))
}

fn answer(request: &HttpRequest, tag: EntityTag, json: Vec<u8>) -> Answer<HttpResponse> {
    let mut response = if is_known(request, &tag) {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header(header::ETag(tag.clone()));
    response.insert_header((header::CACHE_CONTROL, "private, no-cache"));
    if is_known(request, &tag) {
        return Ok(response.finish());
    }
    Ok(response.content_type("application/json").body(json))
}

/// Whether the client has what this tag stands for.
pub fn is_known(request: &HttpRequest, tag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => request.headers().contains_key(header::IF_NONE_MATCH),
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(tag)),
        Err(_) => false,
    }
}
