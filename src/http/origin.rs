//! Where a client found this server, and answers that say so.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::ServiceResponse;
use actix_web::http::header;
use actix_web::{HttpRequest, web};

use crate::config::Config;
use crate::wire::origin;

/// By its `Host`; behind a proxy that is trusted, with the scheme that the client used there.
pub fn origin(request: &HttpRequest) -> String {
    let said = |name: &str| request.headers().get(name)?.to_str().ok();
    let is_secure = is_behind_proxy(request)
        && said("x-forwarded-proto").is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"));
    let host = said(header::HOST.as_str()).and_then(|host| origin::of_host(host, is_secure));
    // Who names none must have come by the address itself.
    host.unwrap_or_else(|| format!("http://{}", request.app_config().local_addr()))
}

fn is_behind_proxy(request: &HttpRequest) -> bool {
    let config = request.app_data::<web::Data<Config>>();
    let peer = request.peer_addr().map(|peer| peer.ip().to_canonical());
    config.zip(peer).is_some_and(|(config, peer)| {
        let proxies = &config.http.trusted_proxies;
        proxies.iter().any(|proxy| proxy.contains(peer))
    })
}

/// The answer with this origin in the addresses on this server, if there are any in it.
pub fn addressed(response: ServiceResponse<BoxBody>) -> ServiceResponse<BoxBody> {
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_json = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/json"));
    if !is_json {
        return response;
    }
    let origin = origin(response.request());
    response.map_body(|_, body| match body.try_into_bytes() {
        Ok(bytes) => BoxBody::new(origin::put_into(&bytes, &origin).unwrap_or(bytes)),
        Err(body) => body,
    })
}
