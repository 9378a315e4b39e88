//! A message's payload: JSON inside, `google.protobuf.Struct` outside.

use prost_types::value::Kind;
use prost_types::{ListValue, Struct, Value as ProtoValue};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use crate::error::Failure;
use crate::wire::origin;

/// Out of what a caller sent.
pub fn read(payload: Struct) -> Result<Box<RawValue>, Failure> {
    serde_json::value::to_raw_value(&object(payload)).map_err(|_| Failure::internal())
}

/// Out of what is stored.
pub fn written(payload: &RawValue) -> Struct {
    match serde_json::from_str(&origin::plain(payload.get())) {
        Ok(Value::Object(fields)) => fields_of(fields),
        _ => Struct::default(),
    }
}

fn object(payload: Struct) -> Value {
    let fields = payload.fields.into_iter();
    let fields: Map<String, Value> = fields.map(|(name, value)| (name, json(value))).collect();
    Value::Object(fields)
}

fn json(value: ProtoValue) -> Value {
    match value.kind {
        None | Some(Kind::NullValue(_)) => Value::Null,
        Some(Kind::NumberValue(number)) => {
            Number::from_f64(number).map_or(Value::Null, Value::from)
        }
        Some(Kind::StringValue(text)) => Value::String(text),
        Some(Kind::BoolValue(flag)) => Value::Bool(flag),
        Some(Kind::StructValue(fields)) => object(fields),
        Some(Kind::ListValue(list)) => Value::Array(list.values.into_iter().map(json).collect()),
    }
}

fn fields_of(fields: Map<String, Value>) -> Struct {
    Struct {
        fields: fields
            .into_iter()
            .map(|(name, value)| (name, proto(value)))
            .collect(),
    }
}

fn proto(value: Value) -> ProtoValue {
    let kind = match value {
        Value::Null => Kind::NullValue(0),
        Value::Bool(flag) => Kind::BoolValue(flag),
        Value::Number(number) => Kind::NumberValue(number.as_f64().unwrap_or_default()),
        Value::String(text) => Kind::StringValue(text),
        Value::Array(values) => Kind::ListValue(ListValue {
            values: values.into_iter().map(proto).collect(),
        }),
        Value::Object(fields) => Kind::StructValue(fields_of(fields)),
    };
    ProtoValue { kind: Some(kind) }
}
