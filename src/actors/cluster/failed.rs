//! Refusals as they travel between processes.

use std::time::Duration;

use super::proto;
use crate::error::{ErrorCode, Failure, FieldError};

/// Code, message, fields and waiting time: all that may leave a node of what went wrong.
pub fn encode(failure: &Failure) -> proto::Failed {
    proto::Failed {
        code: failure.code().as_str().to_owned(),
        message: failure.message().to_owned(),
        fields: failure
            .fields()
            .iter()
            .map(|FieldError { field, message }| proto::FailedField {
                field: field.to_string(),
                message: message.to_string(),
            })
            .collect(),
        retry_after_ms: failure
            .retry_delay()
            .map(|delay| u64::try_from(delay.as_millis()).unwrap_or(u64::MAX)),
    }
}

/// A code that this version does not know is `internal`.
pub fn decode(failed: proto::Failed) -> Failure {
    let code = ErrorCode::parse(&failed.code).unwrap_or(ErrorCode::Internal);
    let mut failure = Failure::new(code, failed.message);
    for field in failed.fields {
        failure = failure.with_field(field.field, field.message);
    }
    match failed.retry_after_ms {
        Some(millis) => failure.retry_after(Duration::from_millis(millis)),
        None => failure,
    }
}
