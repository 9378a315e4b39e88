//! Every route, on one screen.

use actix_web::web::{self, ServiceConfig};

use super::middleware::resource;

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
}

/// The public listener.
pub fn public(routes: &mut ServiceConfig) {
    routes.service(web::scope("/api/v1").configure(api));
}
