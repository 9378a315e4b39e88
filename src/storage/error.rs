//! What a store may answer besides a value. No driver's type leaves a store.

use crate::error::{ErrorCode, Failure};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreErrorKind {
    /// Away, full or overloaded: nothing was written.
    Unavailable,
    /// It may or may not have been written.
    OutcomeUnknown,
    /// A uniqueness the caller did not ask about, a broken row: a bug.
    Internal,
}

#[derive(Clone, Debug, thiserror::Error)]
#[error("{store}: {message}")]
pub struct StoreError {
    pub kind: StoreErrorKind,
    /// Which store, as operators know it: `sqlite`, `mongodb`.
    pub store: &'static str,
    /// For the log only.
    pub message: String,
}

pub type StoreResult<T> = Result<T, StoreError>;

impl From<StoreError> for Failure {
    /// Logged here, once, because here it becomes an answer.
    fn from(error: StoreError) -> Self {
        match error.kind {
            StoreErrorKind::Unavailable => {
                tracing::warn!(store = error.store, cause = %error.message, "store unavailable");
                Self::unavailable("the storage is not available right now")
            }
            StoreErrorKind::OutcomeUnknown => {
                tracing::warn!(store = error.store, cause = %error.message, "outcome unknown");
                Self::new(
                    ErrorCode::OutcomeUnknown,
                    "it may or may not have happened; send it again with the same id",
                )
            }
            StoreErrorKind::Internal => {
                tracing::error!(store = error.store, cause = %error.message, "store failed");
                Self::internal()
            }
        }
    }
}
