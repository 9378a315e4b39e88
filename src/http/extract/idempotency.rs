//! `Idempotency-Key`.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use crate::error::Failure;
use crate::http::error::Problem;

/// 1–64 characters, if it was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub Option<String>);

impl FromRequest for IdempotencyKey {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(value) = request.headers().get("idempotency-key") else {
            return ready(Ok(Self(None)));
        };
        ready(match std::str::from_utf8(value.as_bytes()) {
            Ok(key) if (1..=64).contains(&key.chars().count()) => Ok(Self(Some(key.to_owned()))),
            _ => Err(Failure::invalid("Idempotency-Key", "must have 1 to 64 characters").into()),
        })
    }
}
