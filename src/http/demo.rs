//! The demo client at `/`: two phones in one page, its files in the binary.

use std::sync::LazyLock;

use actix_web::http::header::{self, EntityTag, Header, IfNoneMatch};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::config::Config;
use crate::error::Failure;
use crate::http::Answer;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("demo/", $name)))),*]
    };
}

/// Every file of the page.
const FILES: &[(&str, &[u8])] = files![
    "api.js",
    "attach.js",
    "avatar.js",
    "bubble-content.js",
    "bubble-media.js",
    "bubble.js",
    "catch-up.js",
    "chat-copy.js",
    "chat-search.js",
    "chat.css",
    "client.js",
    "composer.js",
    "dom.js",
    "dropping.js",
    "face.js",
    "files.js",
    "form.js",
    "format.js",
    "group-info.js",
    "icon.svg",
    "icons.js",
    "index.html",
    "lightbox.js",
    "main.js",
    "map.js",
    "marking.js",
    "marks.js",
    "media.css",
    "message-info.js",
    "message-menu.js",
    "message.css",
    "night.css",
    "night.js",
    "outbox.js",
    "parts.js",
    "people.js",
    "phone.css",
    "phone.js",
    "player.js",
    "pushes.js",
    "quote.js",
    "reactions.js",
    "search.css",
    "search.js",
    "session.js",
    "sheet.js",
    "socket.js",
    "store.js",
    "style.css",
    "summary.js",
    "system-text.js",
    "uploads.js",
    "view-account.js",
    "view-chat.js",
    "view-chats.js",
    "view-forward.js",
    "view-info.js",
    "view-new-chat.js",
    "view-new-group.js",
    "view-privacy.js",
    "view-search.js",
    "view-settings.js",
    "view-signin.js",
    "view-starred.js",
    "voice.js",
    "waiting.js",
    "webm.js",
];

/// The page runs its own scripts and styles and speaks to this host; `blob:` is what it has not sent yet.
const POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; \
    img-src 'self' data: blob:; media-src 'self' blob:; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The page itself.
pub async fn page(request: HttpRequest, config: web::Data<Config>) -> Answer<HttpResponse> {
    answer(&request, &config, "index.html")
}

/// A file of the page.
pub async fn file(
    request: HttpRequest,
    config: web::Data<Config>,
    name: web::Path<String>,
) -> Answer<HttpResponse> {
    answer(&request, &config, &name)
}

fn answer(request: &HttpRequest, config: &Config, name: &str) -> Answer<HttpResponse> {
    let known = FILES.iter().position(|(known, _)| *known == name);
    let Some(index) = known.filter(|_| config.http.demo_page) else {
        return Err(Failure::not_found().into());
    };
    let (_, bytes) = FILES[index];
    let tag = EntityTag::new_strong(tags()[index].clone());
    let is_same = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Items(items)) => items.iter().any(|item| item.weak_eq(&tag)),
        _ => false,
    };
    let mut response = if is_same {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response.insert_header(header::ETag(tag));
    response.insert_header((header::CACHE_CONTROL, "no-cache"));
    response.insert_header((header::CONTENT_SECURITY_POLICY, POLICY));
    if is_same {
        return Ok(response.finish());
    }
    Ok(response.content_type(content_type(name)).body(bytes))
}

/// A tag per file, in the order of [`FILES`].
fn tags() -> &'static [String] {
    static TAGS: LazyLock<Vec<String>> = LazyLock::new(|| {
        let digests = FILES.iter().map(|(_, bytes)| Sha256::digest(bytes));
        digests.map(|digest| hex::encode(&digest[..16])).collect()
    });
    &TAGS
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    }
}
