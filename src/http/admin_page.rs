//! The operator's page at `/admin`: its files in the binary, what it shows asked of the routes beside it.

use actix_web::http::header;
use actix_web::{HttpResponse, web};

use super::Answer;
use crate::error::Failure;

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        &[
            $(($name, include_bytes!(concat!("admin_page/", $name))),)*
            ("dom.js", include_bytes!("demo/dom.js")),
            ("icon.svg", include_bytes!("demo/icon.svg")),
        ]
    };
}

const FILES: &[(&str, &[u8])] = files![
    "api.js",
    "chats.js",
    "detail.js",
    "faults.js",
    "format.js",
    "index.html",
    "jobs.js",
    "main.js",
    "nodes.js",
    "stats.js",
    "style.css",
];

/// It runs its own scripts and styles, speaks to this listener alone, and stands in no other page.
const POLICY: &str = "default-src 'self'; img-src 'self' data:; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'none'";

pub async fn page() -> Answer<HttpResponse> {
    answer("index.html")
}

pub async fn file(name: web::Path<String>) -> Answer<HttpResponse> {
    answer(&name)
}

fn answer(name: &str) -> Answer<HttpResponse> {
    let file = FILES.iter().find(|(known, _)| *known == name);
    let (_, bytes) = file.ok_or_else(Failure::not_found)?;
    let kind = match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "svg" => "image/svg+xml",
        _ => "application/octet-stream",
    };
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::X_FRAME_OPTIONS, "DENY"))
        .content_type(kind)
        .body(*bytes))
}
