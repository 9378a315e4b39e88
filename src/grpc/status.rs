//! Refusals as gRPC statuses: the one place where codes become these.

use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::{Code, Status};

use crate::error::{ErrorCode, Failure};

/// The contract's code, beside the status. What is refused before any handler has none.
const CODE: &str = "troupe-code";
const RETRY_AFTER: &str = "retry-after-ms";

pub fn code_of(code: ErrorCode) -> Code {
    match code {
        ErrorCode::BadRequest
        | ErrorCode::Invalid
        | ErrorCode::TooLarge
        | ErrorCode::UnsupportedMedia => Code::InvalidArgument,
        ErrorCode::Unauthenticated => Code::Unauthenticated,
        ErrorCode::Forbidden => Code::PermissionDenied,
        ErrorCode::NotFound => Code::NotFound,
        ErrorCode::Conflict => Code::AlreadyExists,
        ErrorCode::UpgradeRequired => Code::FailedPrecondition,
        ErrorCode::RateLimited => Code::ResourceExhausted,
        ErrorCode::Internal => Code::Internal,
        ErrorCode::Unavailable => Code::Unavailable,
        ErrorCode::Timeout => Code::DeadlineExceeded,
        // Not UNAVAILABLE, which clients repeat by themselves whether or not it is safe.
        ErrorCode::OutcomeUnknown => Code::Aborted,
    }
}

impl From<Failure> for Status {
    fn from(failure: Failure) -> Self {
        let mut message = failure.message().to_owned();
        for field in failure.fields() {
            message = format!("{message}; {}: {}", field.field, field.message);
        }
        let mut metadata = MetadataMap::new();
        let code = failure.code();
        metadata.insert(CODE, MetadataValue::from_static(code.as_str()));
        if let Some(delay) = failure.retry_delay() {
            let millis = u64::try_from(delay.as_millis()).unwrap_or(u64::MAX);
            metadata.insert(RETRY_AFTER, MetadataValue::from(millis));
        }
        Self::with_metadata(code_of(code), message, metadata)
    }
}
