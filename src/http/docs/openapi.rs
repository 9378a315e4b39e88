//! REST as an OpenAPI document, made from the handlers and their types.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde_json::Value;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::http::error::ProblemBody;
use crate::http::{
    auth, chat_settings, chats, contacts, devices, health, history, messages, metrics,
    participants, receipts, sync, users,
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
        receipts::set_status,
        receipts::read,
        receipts::list,
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
                Some((path, renamed(item.clone())))
            })
            .collect();
        document.paths.paths.extend(devices);
        for item in document.paths.paths.values_mut() {
            for operation in operations(item) {
                let responses = &mut operation.responses.responses;
                responses
                    .entry("default".to_owned())
                    .or_insert_with(problem);
            }
        }
    }
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut item.get,
        &mut item.put,
        &mut item.post,
        &mut item.patch,
        &mut item.delete,
    ]
    .into_iter()
    .flatten()
}

/// Operation ids are unique in a document.
fn renamed(mut item: PathItem) -> PathItem {
    for operation in operations(&mut item) {
        if let Some(id) = &mut operation.operation_id {
            *id = format!("notifications_{id}");
        }
    }
    item
}

fn problem() -> RefOr<Response> {
    let schema = Ref::from_schema_name("Problem");
    ResponseBuilder::new()
        .description("Refused; `code` says why")
        .content(
            "application/problem+json",
            ContentBuilder::new().schema(Some(schema)).build(),
        )
        .build()
        .into()
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
