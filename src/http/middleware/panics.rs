//! A panic in a handler is an answer (500), not a connection that breaks off.

use std::panic::AssertUnwindSafe;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::{Next, from_fn};
use actix_web::{Error, HttpResponse, Resource, web};
use futures_util::FutureExt;

use crate::error::Failure;
use crate::http::error::Problem;

/// A resource whose handlers may panic, and which tells the methods it has.
///
/// `methods` are lower case, as in the table of routes.
pub fn resource(
    path: &str,
    methods: &[&str],
) -> Resource<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
    > + 'static,
> {
    let allowed = methods.join(", ").to_ascii_uppercase();
    web::resource(path)
        .default_service(web::to(move || {
            let answer = HttpResponse::MethodNotAllowed()
                .insert_header((header::ALLOW, allowed.clone()))
                .finish();
            async move { answer }
        }))
        .wrap(from_fn(caught))
}

async fn caught(
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
