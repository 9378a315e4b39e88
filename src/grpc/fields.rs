//! Ids and times between `proto/` and the rest.

use std::str::FromStr;

use prost_types::Timestamp as ProtoTime;

use crate::clock::Timestamp;
use crate::error::Failure;

/// An id that must be there and be a UUID.
pub fn id<T: FromStr>(field: &'static str, text: &str) -> Result<T, Failure> {
    if text.is_empty() {
        return Err(Failure::invalid(field, "is missing"));
    }
    text.parse()
        .map_err(|_| Failure::invalid(field, "must be a UUID"))
}

/// An id that may be absent.
pub fn optional_id<T: FromStr>(
    field: &'static str,
    text: Option<&str>,
) -> Result<Option<T>, Failure> {
    text.map(|text| id(field, text)).transpose()
}

pub fn time(at: Timestamp) -> Option<ProtoTime> {
    Some(ProtoTime {
        seconds: at.0.div_euclid(1000),
        nanos: i32::try_from(at.0.rem_euclid(1000) * 1_000_000).unwrap_or(0),
    })
}
