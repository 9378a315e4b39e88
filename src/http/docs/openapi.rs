//! REST as an OpenAPI document, made from the handlers and their types.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde_json::Value;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::http::error::ProblemBody;
use crate::http::{health, metrics};

/// Every handler; a test holds this list against the table of routes.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Troupe",
        description = "Chats, messages and people over REST. What happens live comes over the \
            WebSocket at `/ws`, which has an AsyncAPI document of its own.",
        license(name = "MIT OR Apache-2.0")
    ),
    paths(
        super::get_openapi,
        health::health,
        health::live,
        health::ready,
        metrics::metrics,
    ),
    components(schemas(ProblemBody)),
    modifiers(&Finish),
    security(("token" = [])),
)]
struct Document;

/// Adds what every call has: the token, and problems as the answer to anything refused.
struct Finish;

impl Modify for Finish {
    fn modify(&self, document: &mut utoipa::openapi::OpenApi) {
        let token = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        document
            .components
            .get_or_insert_default()
            .add_security_scheme("token", SecurityScheme::Http(token));
    }
}

/// The document.
pub fn openapi() -> Value {
    serde_json::to_value(Document::openapi()).unwrap_or_default()
}

/// This document.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "documents", security(()),
    responses((status = 200, content_type = "application/json")))]
pub async fn get_openapi() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| openapi().to_string());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(TEXT.as_str())
}
