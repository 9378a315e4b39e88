//! How ids and times stand in a row.

use rusqlite::Row;
use rusqlite::types::Type;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::clock::Timestamp;

/// An id out of its 16 bytes.
pub fn id<T: From<Uuid>>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    row.get::<_, [u8; 16]>(column)
        .map(|bytes| Uuid::from_bytes(bytes).into())
}

/// An id that may be missing.
pub fn optional_id<T: From<Uuid>>(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<T>> {
    row.get::<_, Option<[u8; 16]>>(column)
        .map(|bytes| bytes.map(|bytes| Uuid::from_bytes(bytes).into()))
}

pub fn time(row: &Row<'_>, column: usize) -> rusqlite::Result<Timestamp> {
    row.get(column).map(Timestamp)
}

pub fn optional_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Timestamp>> {
    let at: Option<i64> = row.get(column)?;
    Ok(at.map(Timestamp))
}

/// JSON as it was stored.
pub fn json(row: &Row<'_>, column: usize) -> rusqlite::Result<Box<RawValue>> {
    RawValue::from_string(row.get(column)?).map_err(|error| broken(column, error))
}

/// A count or a number of a log, which SQLite keeps signed.
pub fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    let value: i64 = row.get(column)?;
    u64::try_from(value).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(column, value))
}

/// A number as SQLite keeps it.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A column whose text is none of those this version writes.
pub fn unknown(column: usize, what: &'static str) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, what.into())
}

/// A column whose text does not parse.
pub fn broken(
    column: usize,
    error: impl std::error::Error + Send + Sync + 'static,
) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

/// Most values of one `IN (…)` list.
pub const PARAMETERS: usize = 500;

/// `?,?,?` for an `IN (…)` list.
pub fn marks(count: usize) -> String {
    vec!["?"; count].join(",")
}
