//! Before any handler: heads that are too large, apps that are too old, addresses that ask too much.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, web};

use crate::config::Config;
use crate::error::{ErrorCode, Failure};
use crate::http::error::Problem;
use crate::http::extract::{ClientAddress, PassedOn};
use crate::http::tunnel::Seal;
use crate::storage::limits::LimitStore;

/// Largest head, in bytes of names and values.
const HEAD_BYTES: usize = 16 * 1024;

pub async fn doorkeeper(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match admit(&request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_boxed_body()),
        Err(problem) => Ok(request.error_response(problem)),
    }
}

async fn admit(request: &ServiceRequest) -> Result<(), Problem> {
    let config = request
        .app_data::<web::Data<Config>>()
        .ok_or_else(Failure::internal)?;
    if head_bytes(request) > HEAD_BYTES {
        return Err(Problem::of_status(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
        ));
    }
    let peer = request.peer_addr().map(|peer| peer.ip());
    let seal = request.app_data::<web::Data<Seal>>();
    let passed_on = seal.and_then(|seal| seal.open(request.headers()));
    let proxies = &config.http.trusted_proxies;
    let address = passed_on.map_or_else(
        || ClientAddress::of(peer, request.headers(), proxies),
        ClientAddress,
    );
    request.extensions_mut().insert(address);
    if passed_on.is_some() {
        request.extensions_mut().insert(PassedOn);
    }
    // What a gateway passes on it has let in and charged.
    if is_watched(request.path()) || passed_on.is_some() {
        return Ok(());
    }
    let client = request
        .headers()
        .get("x-client")
        .and_then(|value| value.to_str().ok());
    if client.is_some_and(|client| config.clients.refuses(client)) {
        return Err(Failure::new(
            ErrorCode::UpgradeRequired,
            "this version of the app is too old, update it",
        )
        .into());
    }
    let limits = request
        .app_data::<web::Data<dyn LimitStore>>()
        .ok_or_else(Failure::internal)?;
    let key = format!("address:{}", address.budget_key());
    match limits.take(&key, config.limits.address.bucket(), 1).await? {
        None => Ok(()),
        Some(wait) => Err(Failure::rate_limited(wait).into()),
    }
}

/// What operators ask again and again has no budget.
fn is_watched(path: &str) -> bool {
    path == "/metrics" || path == "/health" || path.starts_with("/health/")
}

fn head_bytes(request: &ServiceRequest) -> usize {
    let headers: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    headers + request.uri().to_string().len()
}
