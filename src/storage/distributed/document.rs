//! How ids and times stand in a document.

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, Bson, DateTime, Document};
use uuid::Uuid;

use super::postgres::number as unsigned;
use crate::clock::Timestamp;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

/// An id as a binary UUID.
pub fn binary(id: Uuid) -> Bson {
    Bson::Binary(Binary {
        subtype: BinarySubtype::Uuid,
        bytes: id.as_bytes().to_vec(),
    })
}

pub fn binaries(ids: impl IntoIterator<Item = Uuid>) -> Vec<Bson> {
    ids.into_iter().map(binary).collect()
}

pub fn date(at: Timestamp) -> Bson {
    Bson::DateTime(DateTime::from_millis(at.0))
}

/// An id out of its 16 bytes.
pub fn id<T: From<Uuid>>(document: &Document, field: &str) -> StoreResult<T> {
    document
        .get(field)
        .and_then(uuid)
        .map(T::from)
        .ok_or_else(|| broken(field))
}

/// An id that may be missing or null.
pub fn optional_id<T: From<Uuid>>(document: &Document, field: &str) -> StoreResult<Option<T>> {
    match document.get(field) {
        None | Some(Bson::Null) => Ok(None),
        Some(_) => id(document, field).map(Some),
    }
}

/// The UUID in a value.
pub fn uuid(value: &Bson) -> Option<Uuid> {
    match value {
        Bson::Binary(binary) => Uuid::from_slice(&binary.bytes).ok(),
        _ => None,
    }
}

pub fn time(document: &Document, field: &str) -> StoreResult<Timestamp> {
    match document.get(field) {
        Some(Bson::DateTime(at)) => Ok(Timestamp(at.timestamp_millis())),
        _ => Err(broken(field)),
    }
}

pub fn optional_time(document: &Document, field: &str) -> StoreResult<Option<Timestamp>> {
    match document.get(field) {
        None | Some(Bson::Null) => Ok(None),
        Some(_) => time(document, field).map(Some),
    }
}

/// A count or a number of a log.
pub fn number(document: &Document, field: &str) -> StoreResult<u64> {
    match document.get(field) {
        Some(Bson::Int64(value)) => Ok(unsigned(*value)),
        Some(Bson::Int32(value)) => Ok(unsigned(i64::from(*value))),
        _ => Err(broken(field)),
    }
}

pub fn text<'d>(document: &'d Document, field: &str) -> StoreResult<&'d str> {
    document.get_str(field).map_err(|_| broken(field))
}

/// A field that is missing, or is not what this version writes.
pub fn broken(field: &str) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "mongodb",
        message: format!("a document whose {field} is missing or of another kind"),
    }
}
