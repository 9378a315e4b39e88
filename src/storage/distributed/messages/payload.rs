//! Payloads: JSON on the wire, documents in the store, with the same fields in the same order.

use mongodb::bson::{Bson, Document};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::storage::distributed::document::broken;
use crate::storage::error::StoreResult;

/// The document of a payload, which is a JSON object.
pub fn to_bson(payload: &RawValue) -> StoreResult<Bson> {
    let value: Value = serde_json::from_str(payload.get()).map_err(|_| broken("payload"))?;
    Ok(bson(value))
}

/// Read as plain JSON: nothing a client writes is taken for MongoDB's extended form of it.
fn bson(value: Value) -> Bson {
    match value {
        Value::Null => Bson::Null,
        Value::Bool(value) => Bson::Boolean(value),
        // Beyond 63 bits an integer becomes a double, as it does for most readers of JSON.
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Bson::Int64(integer),
            (None, Some(double)) => Bson::Double(double),
            (None, None) => Bson::Null,
        },
        Value::String(text) => Bson::String(text),
        Value::Array(values) => Bson::Array(values.into_iter().map(bson).collect()),
        Value::Object(fields) => {
            let fields = fields.into_iter().map(|(name, value)| (name, bson(value)));
            Bson::Document(fields.collect())
        }
    }
}

/// The JSON of a payload.
pub fn to_json(payload: &Document) -> StoreResult<Box<RawValue>> {
    serde_json::value::to_raw_value(payload).map_err(|_| broken("payload"))
}
