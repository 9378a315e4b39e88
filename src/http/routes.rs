//! Every route, on one screen.

use actix_web::web::{self, ServiceConfig};

use super::middleware::resource;
use super::{auth, contacts, devices, users};

/// Mounts a table, and keeps it as data for the documents and the tests.
macro_rules! table {
    ($mount:ident, $list:ident: $($path:literal => $($method:ident $handler:path),+;)*) => {
        /// Method and path of each route.
        pub const $list: &[(&str, &str)] = &[$($((stringify!($method), $path),)+)*];

        fn $mount(routes: &mut ServiceConfig) {
            $(
                routes.service(
                    resource($path, &[$(stringify!($method)),+])
                        $(.route(web::$method().to($handler)))+,
                );
            )*
            let _ = routes;
        }
    };
}

// Below /api/v1. A literal segment stands before a `{id}` in its place.
table! { api, API:
    "/auth/request-otp" => post auth::request_otp;
    "/auth/verify-otp" => post auth::verify_otp;
    "/auth/refresh" => post auth::refresh;
    "/auth/logout" => post auth::logout;
    "/auth/logout-all" => post auth::logout_all;
    "/auth/sessions" => get auth::list_sessions;
    "/auth/sessions/{id}" => delete auth::remove_session;
    "/auth/ws-ticket" => post auth::issue_ticket;
    "/users/me" => get users::get_me, patch users::update_me;
    "/users/me/privacy" => get users::get_privacy, put users::update_privacy;
    "/users/contacts/sync" => post contacts::sync_contacts;
    "/users/contacts" => get contacts::list_contacts;
    "/users/contacts/{id}/block" => put contacts::block, delete contacts::unblock;
    "/users/blocked" => get contacts::list_blocked;
    "/users/devices" => get devices::list_devices, post devices::add_device;
    "/users/devices/{id}" => delete devices::remove_device;
    "/notifications/devices" => get devices::list_devices, post devices::add_device;
    "/notifications/devices/{id}" => delete devices::remove_device;
    "/users/{id}" => get users::get_profile;
    "/users/{id}/presence" => get users::get_presence;
}

/// The public listener.
pub fn public(routes: &mut ServiceConfig) {
    routes.service(web::scope("/api/v1").configure(api));
    routes.service(
        resource("/.well-known/jwks.json", &["get"]).route(web::get().to(auth::public_keys)),
    );
}
