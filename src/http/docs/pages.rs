//! `/docs`: readable pages.

use std::sync::{Arc, LazyLock};

use actix_web::{HttpResponse, web};
use utoipa_swagger_ui::Config;

use crate::error::Failure;
use crate::http::Answer;

const OVERVIEW: &str = include_str!("overview.html");

pub async fn overview() -> HttpResponse {
    page(OVERVIEW.to_owned())
}

/// A page of HTML.
pub fn page(html: String) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/html; charset=utf-8")
        .body(html)
}

/// The REST API in a viewer that can also call it; its files are in the binary.
pub async fn rest(file: web::Path<String>) -> Answer<HttpResponse> {
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
