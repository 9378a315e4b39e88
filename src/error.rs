//! What can go wrong, as clients see it: one closed set of codes (contract, "Errors").

use std::borrow::Cow;
use std::time::Duration;

use serde::Serialize;

/// The contract's codes. HTTP statuses are mapped once, in `http/error.rs`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    BadRequest,
    Unauthenticated,
    Forbidden,
    NotFound,
    Conflict,
    TooLarge,
    UnsupportedMedia,
    Invalid,
    UpgradeRequired,
    RateLimited,
    Internal,
    Unavailable,
    Timeout,
    /// The write may or may not have happened; the same `clientMessageId` settles it.
    OutcomeUnknown,
}

impl ErrorCode {
    /// The name on the wire, as in `"code":"not_found"`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadRequest => "bad_request",
            Self::Unauthenticated => "unauthenticated",
            Self::Forbidden => "forbidden",
            Self::NotFound => "not_found",
            Self::Conflict => "conflict",
            Self::TooLarge => "too_large",
            Self::UnsupportedMedia => "unsupported_media",
            Self::Invalid => "invalid",
            Self::UpgradeRequired => "upgrade_required",
            Self::RateLimited => "rate_limited",
            Self::Internal => "internal",
            Self::Unavailable => "unavailable",
            Self::Timeout => "timeout",
            Self::OutcomeUnknown => "outcome_unknown",
        }
    }

    /// The code that is written so, as by another node.
    pub fn parse(name: &str) -> Option<Self> {
        const ALL: [ErrorCode; 14] = [
            ErrorCode::BadRequest,
            ErrorCode::Unauthenticated,
            ErrorCode::Forbidden,
            ErrorCode::NotFound,
            ErrorCode::Conflict,
            ErrorCode::TooLarge,
            ErrorCode::UnsupportedMedia,
            ErrorCode::Invalid,
            ErrorCode::UpgradeRequired,
            ErrorCode::RateLimited,
            ErrorCode::Internal,
            ErrorCode::Unavailable,
            ErrorCode::Timeout,
            ErrorCode::OutcomeUnknown,
        ];
        ALL.into_iter().find(|code| code.as_str() == name)
    }
}

/// One field that was refused; `field` is spelled as the contract spells it, dotted when nested.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, utoipa::ToSchema, schemars::JsonSchema)]
pub struct FieldError {
    #[schema(value_type = String)]
    pub field: Cow<'static, str>,
    #[schema(value_type = String)]
    pub message: Cow<'static, str>,
}

/// A refusal that may be shown to a client: nothing in it is internal.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}: {}", .0.code.as_str(), .0.message)]
pub struct Failure(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    code: ErrorCode,
    message: Cow<'static, str>,
    fields: Vec<FieldError>,
    retry_after: Option<Duration>,
}

impl Failure {
    pub fn new(code: ErrorCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Details {
            code,
            message: message.into(),
            fields: Vec::new(),
            retry_after: None,
        }))
    }

    /// 422 for one field.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::new(ErrorCode::Invalid, "a field is not valid").with_field(field, message)
    }

    /// The same words for everything that is not there or may not be known to be there.
    pub fn not_found() -> Self {
        Self::new(ErrorCode::NotFound, "there is nothing here for you")
    }

    pub fn forbidden(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Forbidden, message)
    }

    pub fn unauthenticated(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Unauthenticated, message)
    }

    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Conflict, message)
    }

    pub fn unavailable(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(ErrorCode::Unavailable, message).retry_after(Duration::from_secs(1))
    }

    pub fn rate_limited(retry_after: Duration) -> Self {
        Self::new(ErrorCode::RateLimited, "too many requests, try again later")
            .retry_after(retry_after)
    }

    /// For what should not happen; the cause is logged where this is made, never sent.
    pub fn internal() -> Self {
        Self::new(ErrorCode::Internal, "something went wrong on our side")
    }

    #[must_use]
    pub fn with_field(
        mut self,
        field: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Self {
        self.0.fields.push(FieldError {
            field: field.into(),
            message: message.into(),
        });
        self
    }

    #[must_use]
    pub fn retry_after(mut self, after: Duration) -> Self {
        self.0.retry_after = Some(after);
        self
    }

    pub fn code(&self) -> ErrorCode {
        self.0.code
    }

    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// The same where what was refused is the value of a field itself.
    #[must_use]
    pub fn within(mut self, field: &str) -> Self {
        for error in &mut self.0.fields {
            error.field = format!("{field}.{}", error.field).into();
        }
        self
    }

    pub fn fields(&self) -> &[FieldError] {
        &self.0.fields
    }

    /// How long a client should wait before it tries again.
    pub fn retry_delay(&self) -> Option<Duration> {
        self.0.retry_after
    }
}
