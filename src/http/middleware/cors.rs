//! CORS as the settings say.

use actix_cors::Cors;

use crate::config::CorsConfig;

/// A request of a foreign origin is served all the same; its browser hides the answer from the page.
pub fn cors(config: &CorsConfig) -> Cors {
    let methods = config.methods.iter().map(String::as_str);
    let headers = config.headers.iter().map(String::as_str);
    let seconds = usize::try_from(config.max_age.as_secs()).unwrap_or(usize::MAX);
    let cors = Cors::default()
        .allowed_methods(methods)
        .allowed_headers(headers)
        .expose_headers(["X-Request-ID", "Retry-After", "ETag"])
        .max_age(seconds);
    if config.origins.iter().any(|origin| origin == "*") {
        return cors.allow_any_origin().send_wildcard();
    }
    config
        .origins
        .iter()
        .fold(cors, |cors, origin| cors.allowed_origin(origin))
}
