//! Who calls is known before anything else of a request is read: extractors run side by side, so one
//! of them could refuse a stranger's body before another has refused the stranger.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};

use crate::http::error::Problem;
use crate::http::extract::Caller;

/// Lets callers with a good token through, for `Caller` to be taken by handlers.
pub async fn signed_in(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match Caller::identify(request.request()).await {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            Ok(next.call(request).await?.map_into_boxed_body())
        }
        Err(failure) => Ok(request.error_response(Problem::from(failure))),
    }
}
