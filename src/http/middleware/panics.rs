//! A panic in a handler is an answer (500), not a connection that breaks off.

use std::panic::AssertUnwindSafe;

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use futures_util::FutureExt;

use crate::error::Failure;
use crate::http::error::Problem;

pub async fn caught(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    // Nothing beyond a resource changes the request's path any more, so it may be shared here.
    let kept = request.request().clone();
    match AssertUnwindSafe(next.call(request)).catch_unwind().await {
        Ok(response) => Ok(response?.map_into_boxed_body()),
        Err(_) => {
            let route = kept.match_pattern().unwrap_or_default();
            tracing::error!(http.route = route, "handler panicked");
            Ok(ServiceResponse::from_err(
                Problem::from(Failure::internal()),
                kept,
            ))
        }
    }
}
