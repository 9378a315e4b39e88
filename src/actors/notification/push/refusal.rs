//! What FCM's refusals mean, after its table of error codes.

use std::time::Duration;

use chrono::DateTime;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::clock::Timestamp;

/// The least to wait after a 429 without a word, as FCM asks; and while only an operator can help.
pub const MINUTE: Duration = Duration::from_secs(60);
/// A longer `Retry-After` is taken as this.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Whom a refusal concerns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The device's token is no more: it goes, and nothing else.
    TokenGone,
    /// Our access token is not taken.
    Unauthenticated,
    /// This device can be tried again later.
    Device(Option<Duration>),
    /// Nothing can be sent for some time.
    Everyone(Option<Duration>),
    /// Only the operator can help, with everything.
    Installation(String),
    /// This push is never taken.
    Push(String),
}

#[derive(Default, Deserialize)]
struct Body {
    #[serde(default)]
    error: Told,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Told {
    message: String,
    status: String,
    details: Vec<Detail>,
}

/// `FcmError`, `BadRequest` and `QuotaFailure` in one: each has fields of its own.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Detail {
    error_code: String,
    field_violations: Vec<FieldViolation>,
    violations: Vec<QuotaViolation>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FieldViolation {
    field: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct QuotaViolation {
    subject: String,
    description: String,
}

impl Told {
    fn code(&self) -> &str {
        let mut codes = self.details.iter().map(|detail| detail.error_code.as_str());
        codes.find(|code| !code.is_empty()).unwrap_or(&self.status)
    }

    /// The token is no token at all: FCM names the field, or says so.
    fn names_token(&self) -> bool {
        let fields = self.details.iter().flat_map(|one| &one.field_violations);
        let mut fields = fields.map(|violation| violation.field.as_str());
        fields.any(|field| field == "message.token") || self.message.contains("registration token")
    }

    fn is_about_device(&self) -> bool {
        let quotas = self.details.iter().flat_map(|one| &one.violations);
        let names = |text: &str| text.to_lowercase().contains("device");
        quotas
            .into_iter()
            .any(|one| names(&one.subject) || names(&one.description))
    }

    fn words(&self) -> String {
        format!("{} {}", self.code(), self.message)
            .chars()
            .take(200)
            .collect()
    }
}

/// Reads a refusal.
pub fn read(status: StatusCode, wait: Option<Duration>, body: &[u8]) -> Refusal {
    let Body { error } = serde_json::from_slice(body).unwrap_or_default();
    match (status.as_u16(), error.code()) {
        (_, "UNREGISTERED") => Refusal::TokenGone,
        (400, "INVALID_ARGUMENT") if error.names_token() => Refusal::TokenGone,
        (_, "THIRD_PARTY_AUTH_ERROR" | "SENDER_ID_MISMATCH") => Refusal::Push(error.words()),
        (401, _) => Refusal::Unauthenticated,
        (403 | 404, _) => Refusal::Installation(error.words()),
        (429, _) if error.is_about_device() => Refusal::Device(Some(wait.unwrap_or(MINUTE))),
        (429, _) => Refusal::Everyone(Some(wait.unwrap_or(MINUTE))),
        (500.., _) => match wait {
            Some(wait) => Refusal::Everyone(Some(wait)),
            None => Refusal::Device(None),
        },
        _ => Refusal::Push(error.words()),
    }
}

/// `Retry-After`, in seconds or as a date.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let wait = match text.parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date = DateTime::parse_from_rfc2822(text).ok()?;
            Timestamp(date.timestamp_millis()).since(now)
        }
    };
    Some(wait.min(LONGEST_WAIT))
}
