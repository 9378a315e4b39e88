//! Every route, on one screen.

use actix_web::web::{self, ServiceConfig};

use super::middleware::{Access, resource};
use super::{
    auth, chat_settings, chats, contacts, demo, devices, docs, files, forward, health, history,
    media, messages, metrics, participants, pushes, reactions, receipts, search, stars, sync,
    upload, users, ws,
};
use crate::actors::group::{Group, GroupSet};

/// Mounts a table, and keeps it as data for the documents and the tests.
macro_rules! table {
    ($mount:ident, $list:ident, $access:expr; $($path:literal => $($method:ident $handler:path),+;)*) => {
        /// Method and path of each route.
        pub const $list: &[(&str, &str)] = &[$($((stringify!($method), $path),)+)*];

        fn $mount(routes: &mut ServiceConfig) {
            $(
                routes.service(
                    resource($path, &[$(stringify!($method)),+], $access)
                        $(.route(web::$method().to($handler)))+,
                );
            )*
            let _ = routes;
        }
    };
}
pub(super) use table;

// Below /api/v1, for anyone.
table! { open, OPEN, Access::Anyone;
    "/auth/request-otp" => post auth::request_otp;
    "/auth/verify-otp" => post auth::verify_otp;
    "/auth/refresh" => post auth::refresh;
    "/openapi.json" => get docs::get_openapi;
    "/asyncapi.json" => get docs::get_asyncapi;
}

// Below /api/v1, for who is signed in. A literal segment stands before a `{id}` in its place.
table! { api, API, Access::SignedIn;
    "/auth/logout" => post auth::logout;
    "/auth/logout-all" => post auth::logout_all;
    "/auth/sessions" => get auth::list_sessions;
    "/auth/sessions/{id}" => delete auth::remove_session;
    "/auth/ws-ticket" => post auth::issue_ticket;
    "/users/me" => get users::get_me, patch users::update_me, delete users::delete_me;
    "/users/me/export" => get users::get_export, post users::export_me;
    "/users/me/privacy" => get users::get_privacy, put users::update_privacy;
    "/users/contacts/sync" => post contacts::sync_contacts;
    "/users/contacts" => get contacts::list_contacts;
    "/users/contacts/{id}/block" => put contacts::block, delete contacts::unblock;
    "/users/blocked" => get contacts::list_blocked;
    "/users/devices" => get devices::list_devices, post devices::add_device;
    "/users/devices/{id}" => delete devices::remove_device;
    "/notifications/devices" => get devices::list_devices, post devices::add_device;
    "/notifications/devices/{id}" => delete devices::remove_device;
    "/notifications/inbox" => get pushes::list_pushes;
    "/users/{id}" => get users::get_profile;
    "/users/{id}/presence" => get users::get_presence;
    "/chats" => get chats::list, post chats::create;
    "/chats/{id}" => get chats::get, patch chats::update;
    "/chats/{id}/participants" => get participants::list, post participants::add;
    "/chats/{id}/participants/{userId}" => patch participants::set_role, delete participants::remove;
    "/chats/{id}/leave" => post participants::leave;
    "/chats/{id}/mute" => put chat_settings::mute, delete chat_settings::unmute;
    "/chats/{id}/pin" => put chat_settings::pin, delete chat_settings::unpin;
    "/chats/{id}/auto-delete" => put chat_settings::set_timer, delete chat_settings::clear_timer;
    "/chats/{id}/messages" => get history::list, post messages::send_in_chat;
    "/chats/{id}/digest" => get history::digest;
    "/messages" => post messages::send;
    "/messages/status" => put receipts::set_status;
    "/messages/read" => post receipts::read;
    "/messages/search" => get search::search;
    "/messages/starred" => get stars::list;
    "/messages/{id}" => get messages::get, patch messages::edit, delete messages::delete;
    "/messages/{id}/forward" => post forward::forward;
    "/messages/{id}/reaction" => put reactions::set, delete reactions::remove;
    "/messages/{id}/star" => put stars::add, delete stars::remove;
    "/messages/{id}/receipts" => get receipts::list;
    "/media/upload" => post upload::upload;
    "/media/{id}" => get media::get, delete media::remove;
    "/media/{id}/content" => get media::content;
    "/sync" => post sync::sync;
}

// Of every process, whatever it runs.
table! { watched, WATCHED, Access::Anyone;
    "/health" => get health::health;
    "/health/live" => get health::live;
    "/health/ready" => get health::ready;
    "/metrics" => get metrics::metrics;
}

// Where the sockets are, and at the gateway, which passes on what is not there.
table! { sockets, SOCKETS, Access::Anyone;
    "/ws" => get ws::open;
}

// Below /api/v1, where media are and no gateway: what that passes on.
table! { uploads, UPLOADS, Access::SignedIn;
    "/media/upload" => post upload::upload;
}

// Beside the API.
table! { operations, OPERATIONS, Access::Anyone;
    "/.well-known/jwks.json" => get auth::public_keys;
    "/files/{id}/{part}" => get files::serve, head files::probe;
    "/" => get demo::page;
    "/demo/{file}" => get demo::file;
    "/docs" => get docs::overview;
    "/docs/frames" => get docs::frames_page;
    "/docs/rest" => get docs::rest_root;
    "/docs/rest/{file:.*}" => get docs::rest;
}

/// What a process serves that runs these groups.
pub fn of(groups: GroupSet) -> fn(&mut ServiceConfig) {
    let (sockets, media) = (Group::Websocket, Group::Media);
    match (groups.contains(sockets), groups.contains(media)) {
        _ if groups.contains(Group::Gateway) => public,
        (true, true) => |routes| with_uploads(routes.configure(with_sockets)),
        (true, false) => with_sockets,
        (false, true) => |routes| with_uploads(routes.configure(watched)),
        (false, false) => watched,
    }
}

fn with_uploads(routes: &mut ServiceConfig) {
    routes.service(web::scope("/api/v1").configure(uploads));
}

fn with_sockets(routes: &mut ServiceConfig) {
    routes.configure(watched).configure(sockets);
}

/// The public listener.
pub fn public(routes: &mut ServiceConfig) {
    routes
        .configure(with_sockets)
        .configure(operations)
        .service(web::scope("/api/v1").configure(open).configure(api));
}
