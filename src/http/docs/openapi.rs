//! REST as an OpenAPI document, made from the handlers and their types.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::http::error::ProblemBody;
use crate::http::{
    auth, chat_settings, chats, contacts, devices, files, forward, health, history, media,
    messages, metrics, participants, pushes, reactions, receipts, search, stars, sync, upload,
    users,
};

/// What lies below `/api/v1`; a test holds this list against the table of routes.
#[derive(OpenApi)]
#[openapi(
    paths(
        auth::request_otp,
        auth::verify_otp,
        auth::refresh,
        auth::logout,
        auth::logout_all,
        auth::list_sessions,
        auth::remove_session,
        auth::issue_ticket,
        users::get_me,
        users::update_me,
        users::delete_me,
        users::export_me,
        users::get_export,
        users::get_privacy,
        users::update_privacy,
        users::get_profile,
        users::get_presence,
        contacts::sync_contacts,
        contacts::list_contacts,
        contacts::block,
        contacts::unblock,
        contacts::list_blocked,
        devices::list_devices,
        devices::add_device,
        devices::remove_device,
        pushes::list_pushes,
        chats::list,
        chats::create,
        chats::get,
        chats::update,
        participants::list,
        participants::add,
        participants::set_role,
        participants::remove,
        participants::leave,
        chat_settings::mute,
        chat_settings::unmute,
        chat_settings::pin,
        chat_settings::unpin,
        chat_settings::set_timer,
        chat_settings::clear_timer,
        history::list,
        history::digest,
        messages::send,
        messages::send_in_chat,
        messages::get,
        messages::edit,
        messages::delete,
        forward::forward,
        reactions::set,
        reactions::remove,
        stars::add,
        stars::remove,
        stars::list,
        search::search,
        receipts::set_status,
        receipts::read,
        receipts::list,
        upload::upload,
        media::get,
        media::content,
        media::remove,
        sync::sync,
        super::get_openapi,
        super::get_asyncapi,
    ),
    components(schemas(ProblemBody))
)]
struct Api;

/// What lies beside it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Troupe",
        description = "Chats, messages and people over REST. What happens live comes over the \
            WebSocket at `/ws`, which has an AsyncAPI document of its own.",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0")
    ),
    nest((path = "/api/v1", api = Api)),
    paths(
        health::health,
        health::live,
        health::ready,
        metrics::metrics,
        auth::public_keys,
        files::serve,
        files::probe,
    ),
    // The order in which the viewer shows them.
    tags(
        (name = "auth"),
        (name = "users"),
        (name = "contacts"),
        (name = "chats"),
        (name = "messages"),
        (name = "media"),
        (name = "sync"),
        (name = "devices"),
        (name = "operations"),
        (name = "documents"),
    ),
    modifiers(&Finish),
    security(("token" = [])),
)]
struct Document;

/// Adds what every call has: the token, and a problem as the answer to whatever is refused.
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
        let devices: Vec<_> = document
            .paths
            .paths
            .iter()
            .filter_map(|(path, item)| {
                let rest = path.strip_prefix("/api/v1/users/devices")?;
                let path = format!("/api/v1/notifications/devices{rest}");
                Some((path, item.clone()))
            })
            .collect();
        document.paths.paths.extend(devices);
        for (path, item) in &mut document.paths.paths {
            for (method, operation) in operations(item) {
                operation.operation_id = Some(operation_id(method, path));
                let responses = &mut operation.responses.responses;
                for (status, response) in responses.iter_mut() {
                    finish(status, response);
                }
                responses
                    .entry("default".to_owned())
                    .or_insert_with(problem);
            }
        }
    }
}

/// A response must be described, and every refusal has the one body of refusals.
fn finish(status: &str, response: &mut RefOr<Response>) {
    let status = status
        .parse()
        .ok()
        .and_then(|code| StatusCode::from_u16(code).ok());
    let (RefOr::T(response), Some(status)) = (response, status) else {
        return;
    };
    if response.description.is_empty() {
        response.description = status.canonical_reason().unwrap_or_default().to_owned();
    }
    if status.is_client_error() && response.content.is_empty() {
        let (kind, body) = problem_body();
        response.content.insert(kind.to_owned(), RefOr::T(body));
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = (&'static str, &mut Operation)> {
    [
        ("get", &mut item.get),
        ("put", &mut item.put),
        ("post", &mut item.post),
        ("patch", &mut item.patch),
        ("delete", &mut item.delete),
        ("head", &mut item.head),
    ]
    .into_iter()
    .filter_map(|(method, operation)| Some((method, operation.as_mut()?)))
}

/// What generated clients call it, one of a kind: `getChatsByIdMessages`.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.strip_prefix("/api/v1").unwrap_or(path);
    let mut id = method.to_owned();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        if segment.starts_with('{') {
            id.push_str("By");
        }
        for word in segment.split(|c: char| !c.is_alphanumeric()) {
            let mut letters = word.chars();
            id.extend(letters.next().map(|first| first.to_ascii_uppercase()));
            id.push_str(letters.as_str());
        }
    }
    id
}

fn problem() -> RefOr<Response> {
    let (kind, body) = problem_body();
    ResponseBuilder::new()
        .description("Refused; `code` says why")
        .content(kind, body)
        .build()
        .into()
}

fn problem_body() -> (&'static str, Content) {
    let schema = Ref::from_schema_name("Problem");
    let body = ContentBuilder::new().schema(Some(schema)).build();
    ("application/problem+json", body)
}

/// The document.
pub fn openapi() -> Value {
    serde_json::to_value(Document::openapi()).unwrap_or_default()
}

/// This document.
#[utoipa::path(get, path = "/openapi.json", tag = "documents", security(()),
    responses((status = 200, content_type = "application/json")))]
pub async fn get_openapi() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| openapi().to_string());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(TEXT.as_str())
}
