//! The operator's listener asks for no token, so a page of another site that is open in the operator's
//! browser could have it do things. What a browser says of where a request comes from is believed here.

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;

use crate::error::Failure;
use crate::http::error::Problem;

/// Refuses what changes something and comes from a page of another origin; programs name none.
pub async fn same_origin(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    if request.method().is_safe() || is_own(&request) {
        return Ok(next.call(request).await?.map_into_boxed_body());
    }
    let refused = Failure::forbidden("this listener takes nothing from pages of other origins");
    Ok(request.error_response(Problem::from(refused)))
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
