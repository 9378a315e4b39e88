//! `/docs`: readable pages.

use std::sync::{Arc, LazyLock};

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::Config;

use crate::error::Failure;
use crate::http::Answer;

const OVERVIEW: &str = include_str!("overview.html");
/// The viewer's page; the one it brings does not fit a phone and leads nowhere else.
const REST: &str = include_str!("rest.html");
const STYLE: &str = include_str!("docs.css");

pub async fn overview() -> HttpResponse {
    html(page("Troupe API", OVERVIEW))
}

/// A page of HTML.
pub fn html(page: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(page)
}

/// What stands around the content of every page but the viewer's.
pub fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n\
         <link rel=\"icon\" href=\"/demo/icon.svg\" type=\"image/svg+xml\">\n\
         <style>\n{STYLE}</style>\n</head>\n<body>\n{content}</body>\n</html>\n"
    )
}

/// Where people type it without the slash, which the viewer's files need.
pub async fn rest_root() -> HttpResponse {
    HttpResponse::PermanentRedirect()
        .insert_header((header::LOCATION, "/docs/rest/"))
        .finish()
}

/// The REST API in a viewer that can also call it; its files are in the binary.
pub async fn rest(file: web::Path<String>) -> Answer<HttpResponse> {
    if matches!(file.as_str(), "" | "index.html") {
        return Ok(html(REST.to_owned()));
    }
    static VIEWER: LazyLock<Arc<Config<'static>>> =
        LazyLock::new(|| Arc::new(Config::from("/api/v1/openapi.json").use_base_layout()));
    match utoipa_swagger_ui::serve(&file, Arc::clone(&VIEWER)) {
        Ok(Some(file)) => Ok(HttpResponse::Ok()
            .content_type(file.content_type)
            .body(file.bytes.into_owned())),
        Ok(None) => Err(Failure::not_found().into()),
        Err(error) => {
            tracing::error!(cause = %error, "a page could not be made");
            Err(Failure::internal().into())
        }
    }
}
