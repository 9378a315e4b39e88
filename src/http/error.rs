//! Refusals as `application/problem+json` (RFC 9457): the one place where codes become statuses.

use std::fmt;
use std::time::Duration;

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;

use crate::error::{ErrorCode, Failure, FieldError};
use crate::storage::StoreError;

/// What REST handlers return.
pub type Answer<T> = Result<T, Problem>;

const PROBLEM_JSON: &str = "application/problem+json";

/// A refusal on its way to a client; `middleware::frame` adds the request's id.
#[derive(Clone, Debug)]
pub struct Problem {
    failure: Failure,
    status: StatusCode,
}

impl Problem {
    /// One of the statuses that share a code: 405 and 408 are `bad_request`, 431 is `too_large`.
    pub fn with_status(failure: Failure, status: StatusCode) -> Self {
        Self { failure, status }
    }

    /// What a bare status means; for refusals made by the web framework itself.
    pub fn of_status(status: StatusCode) -> Self {
        let (code, message) = match status {
            StatusCode::UNAUTHORIZED => (ErrorCode::Unauthenticated, "sign in first"),
            StatusCode::FORBIDDEN => (ErrorCode::Forbidden, "this is not allowed"),
            StatusCode::NOT_FOUND => return Failure::not_found().into(),
            StatusCode::METHOD_NOT_ALLOWED => {
                (ErrorCode::BadRequest, "this address has no such method")
            }
            StatusCode::REQUEST_TIMEOUT => {
                (ErrorCode::BadRequest, "the request did not arrive in time")
            }
            StatusCode::PAYLOAD_TOO_LARGE => (ErrorCode::TooLarge, "the body is too large"),
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => {
                (ErrorCode::TooLarge, "the headers are too large")
            }
            StatusCode::UNSUPPORTED_MEDIA_TYPE => (
                ErrorCode::UnsupportedMedia,
                "send JSON as application/json, plain or as gzip",
            ),
            StatusCode::SERVICE_UNAVAILABLE => {
                return Failure::unavailable("this is not available right now").into();
            }
            _ if status.is_client_error() => {
                (ErrorCode::BadRequest, "the request could not be read")
            }
            _ => return Failure::internal().into(),
        };
        Self::with_status(Failure::new(code, message), status)
    }

    pub fn failure(&self) -> &Failure {
        &self.failure
    }

    /// The whole answer.
    pub fn response(&self, request_id: &str) -> HttpResponse {
        let retry_after = self.failure.retry_delay();
        let mut response = HttpResponse::build(self.status);
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(delay) = retry_after {
            response.insert_header((header::RETRY_AFTER, whole_seconds(delay).to_string()));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            response.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
        }
        let body = ProblemBody {
            kind: "about:blank",
            title: self.status.canonical_reason().unwrap_or("Error"),
            status: self.status.as_u16(),
            detail: self.failure.message(),
            code: wire_code(self.failure.code()).as_str(),
            request_id,
            errors: self.failure.fields(),
            retry_after_ms: retry_after
                .map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
        };
        response.body(serde_json::to_string(&body).unwrap_or_default())
    }
}

/// The body of every error.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Problem)]
#[serde(rename_all = "camelCase")]
pub struct ProblemBody<'a> {
    #[serde(rename = "type")]
    kind: &'a str,
    title: &'a str,
    status: u16,
    detail: &'a str,
    /// `bad_request unauthenticated forbidden not_found conflict too_large unsupported_media
    /// invalid upgrade_required rate_limited internal unavailable timeout`
    code: &'a str,
    /// Also in `X-Request-ID`.
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [FieldError],
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
}

fn whole_seconds(delay: Duration) -> u64 {
    delay.as_secs() + u64::from(delay.subsec_nanos() > 0)
}

/// `outcome_unknown` is a code of the WebSocket; over REST an outcome that did not come is `timeout`.
fn wire_code(code: ErrorCode) -> ErrorCode {
    match code {
        ErrorCode::OutcomeUnknown => ErrorCode::Timeout,
        code => code,
    }
}

fn status_of(code: ErrorCode) -> StatusCode {
    match code {
        ErrorCode::BadRequest => StatusCode::BAD_REQUEST,
        ErrorCode::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorCode::Forbidden => StatusCode::FORBIDDEN,
        ErrorCode::NotFound => StatusCode::NOT_FOUND,
        ErrorCode::Conflict => StatusCode::CONFLICT,
        ErrorCode::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        ErrorCode::UnsupportedMedia => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        ErrorCode::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorCode::UpgradeRequired => StatusCode::UPGRADE_REQUIRED,
        ErrorCode::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        ErrorCode::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        ErrorCode::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorCode::Timeout | ErrorCode::OutcomeUnknown => StatusCode::GATEWAY_TIMEOUT,
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let status = status_of(failure.code());
        Self { failure, status }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.failure, f)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        self.response("")
    }
}
