//! Around everything: the request's id, its span, its numbers, problems and security headers.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpResponse};
use tokio::time::Instant;
use tracing::{Instrument, Span, field};

use super::request_id::{self, RequestId};
use crate::http::error::Problem;
use crate::http::extract::Caller;
use crate::http::origin::addressed;
use crate::trace::{self, TraceContext};

/// Pages run their own scripts and styles, and speak to this host alone.
const PAGE_POLICY: &str = "default-src 'self'; connect-src 'self' ws: wss:; \
    img-src 'self' data: blob:; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
/// The API pages' viewer sets styles from its scripts.
const DOCS_POLICY: &str = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'";

pub async fn frame(
    mut request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let began = Instant::now();
    let id = RequestId::of(request.headers());
    // Never believed, whoever sends it: the caller is whom the token names.
    request
        .headers_mut()
        .remove(HeaderName::from_static("x-user-id"));
    request.extensions_mut().insert(id.clone());
    let method = request.method().clone();
    let span = tracing::info_span!(
        "request",
        request.id = %id,
        trace.id = field::Empty,
        http.method = %method,
        http.route = field::Empty,
        http.status = field::Empty,
        user.id = field::Empty,
    );
    let sent = traceparent(request.headers());
    trace::adopt(&span, sent);
    if let Some(trace) = sent.or_else(|| trace::of(&span)) {
        span.record(
            "trace.id",
            field::display(format_args!("{:032x}", trace.trace_id)),
        );
    }
    let in_flight = InFlight::enter();
    let response = next.call(request).instrument(span.clone()).await?;
    drop(in_flight);
    let response = worded(response.map_into_boxed_body(), &id);
    let mut response = addressed(response);
    finish_headers(&mut response, &id);
    account(&response, &span, began);
    Ok(response)
}

/// Where in a trace the caller stands.
fn traceparent(headers: &HeaderMap) -> Option<TraceContext> {
    TraceContext::parse(headers.get("traceparent")?.to_str().ok()?)
}

struct InFlight;

impl InFlight {
    fn enter() -> Self {
        metrics::gauge!("http_requests_in_flight").increment(1.0);
        Self
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        metrics::gauge!("http_requests_in_flight").decrement(1.0);
    }
}

/// Gives every refusal the one body that refusals have.
fn worded(response: ServiceResponse<BoxBody>, id: &RequestId) -> ServiceResponse<BoxBody> {
    let Some(problem) = refusal(response.response()) else {
        return response;
    };
    let mut worded = problem.response(id.as_str());
    for (name, value) in response.headers() {
        if name != header::CONTENT_LENGTH && !worded.headers().contains_key(name) {
            worded.headers_mut().append(name.clone(), value.clone());
        }
    }
    let (request, _) = response.into_parts();
    ServiceResponse::new(request, worded)
}

/// A refusal that has no body of its own kind.
fn refusal(response: &HttpResponse<BoxBody>) -> Option<Problem> {
    if let Some(error) = response.error() {
        return Some(match error.as_error::<Problem>() {
            Some(problem) => problem.clone(),
            None => Problem::of_status(error.as_response_error().status_code()),
        });
    }
    let status = response.status();
    let refused = status.is_client_error() || status.is_server_error();
    let bare = match response.headers().get(header::CONTENT_TYPE) {
        Some(content_type) => content_type.as_bytes().starts_with(b"text/plain"),
        None => true,
    };
    (refused && bare).then(|| Problem::of_status(status))
}

fn finish_headers(response: &mut ServiceResponse<BoxBody>, id: &RequestId) {
    let path = response.request().path();
    let policy = if path == "/docs" || path.starts_with("/docs/") {
        DOCS_POLICY
    } else {
        PAGE_POLICY
    };
    let cached = response.headers().contains_key(header::ETAG);
    let fixed = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (
            header::CACHE_CONTROL,
            if cached {
                "private, no-cache"
            } else {
                "no-store"
            },
        ),
    ];
    let headers = response.headers_mut();
    for (name, value) in fixed {
        if !headers.contains_key(&name) {
            headers.insert(name, HeaderValue::from_static(value));
        }
    }
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HeaderName::from_static(request_id::HEADER), value);
    }
}

/// Counts and logs. By the route's pattern: a path holds ids, a query may hold a token.
fn account(response: &ServiceResponse<BoxBody>, span: &Span, began: Instant) {
    let request = response.request();
    let route = request
        .match_pattern()
        .unwrap_or_else(|| "unmatched".to_owned());
    let status = response.status();
    let seconds = began.elapsed().as_secs_f64();
    let method = match request.method().as_str() {
        known @ ("GET" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS" | "HEAD") => {
            known.to_owned()
        }
        _ => "other".to_owned(),
    };
    metrics::counter!(
        "http_requests_total",
        "method" => method, "route" => route.clone(), "status" => status.as_str().to_owned(),
    )
    .increment(1);
    metrics::histogram!("http_request_seconds", "route" => route.clone()).record(seconds);

    span.record("http.route", &route);
    span.record("http.status", status.as_u16());
    if let Some(caller) = request.extensions().get::<Caller>() {
        span.record("user.id", field::display(caller.user_id));
    }
    let _entered = span.enter();
    if status.is_server_error() {
        tracing::warn!(seconds, "request failed");
    } else {
        tracing::debug!(seconds, "request answered");
    }
}
