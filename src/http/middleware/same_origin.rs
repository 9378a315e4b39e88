//! The operator's listener asks for no token, so a page of another site that is open in the operator's
//! browser could have it do things. What a browser says of where a request comes from is believed here.

use std::net::IpAddr;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, web};

use crate::config::Config;
use crate::error::Failure;
use crate::http::error::Problem;

/// Refuses what changes something and comes from a page of another origin; programs name none.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if !is_meant(&request) {
        let refused = Failure::forbidden("ask for this listener as localhost, or by its address");
        return Ok(request.error_response(Problem::from(refused)));
    }
    if request.method().is_safe() || is_own(&request) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let refused = Failure::forbidden("this listener takes nothing from pages of other origins");
    Ok(request.error_response(Problem::from(refused)))
}

/// On loopback nobody has a name for it but `localhost`. Who asks for another is a page whose name was
/// made to lead here after it was loaded.
fn is_meant(request: &ServiceRequest) -> bool {
    let config = request.app_data::<web::Data<Config>>();
    let is_loopback = config.is_some_and(|config| config.admin.host.is_loopback());
    let host = request.headers().get(header::HOST);
    let Some(host) = host
        .and_then(|host| host.to_str().ok())
        .filter(|_| is_loopback)
    else {
        return true;
    };
    let (name, port) = host.rsplit_once(':').unwrap_or((host, ""));
    let name = match port.parse::<u16>() {
        Ok(_) => name,
        Err(_) => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    let name = name.to_ascii_lowercase();
    name == "localhost" || name.ends_with(".localhost") || name.parse::<IpAddr>().is_ok()
}

fn is_own(request: &ServiceRequest) -> bool {
    let said = |name| request.headers().get(name);
    let Some(origin) = said(header::ORIGIN) else {
        return true;
    };
    let origin = origin.to_str().unwrap_or_default();
    let host = origin.split_once("://").map(|(_, host)| host);
    let own = said(header::HOST).and_then(|host| host.to_str().ok());
    host.is_some() && host == own
}
