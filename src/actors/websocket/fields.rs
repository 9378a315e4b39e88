//! The fields of a JSON object, each read when it is asked for, so that a refusal names its field.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::actors::request::Answer;
use crate::error::{ErrorCode, Failure};

/// Most fields of one object; no frame has nearly as many.
const FIELDS: usize = 32;

/// One object, split into fields without reading their values.
pub struct Fields<'a> {
    path: &'static str,
    fields: Vec<(Cow<'a, str>, &'a RawValue)>,
}

impl<'a> Fields<'a> {
    /// Reads an object; what is no JSON is `bad_request`, what is no object `invalid`.
    pub fn parse(text: &'a str) -> Answer<Self> {
        serde_json::from_str(text).map_err(|error| {
            let code = if error.is_data() {
                ErrorCode::Invalid
            } else {
                ErrorCode::BadRequest
            };
            Failure::new(code, "a frame is one JSON object")
        })
    }

    /// Takes a field out; `null` is as good as absent.
    pub fn optional<T: Deserialize<'a>>(
        &mut self,
        name: &'static str,
        snake: &'static str,
        expected: &'static str,
    ) -> Answer<Option<T>> {
        let found = self
            .fields
            .iter()
            .position(|(key, _)| key == name || key == snake);
        let Some(index) = found else { return Ok(None) };
        let (_, value) = self.fields.swap_remove(index);
        serde_json::from_str(value.get())
            .map_err(|_| self.refuse(name, format!("must be {expected}")))
    }

    /// Takes a field that must be there.
    pub fn required<T: Deserialize<'a>>(
        &mut self,
        name: &'static str,
        snake: &'static str,
        expected: &'static str,
    ) -> Answer<T> {
        self.optional(name, snake, expected)?
            .ok_or_else(|| self.refuse(name, "is required"))
    }

    /// Takes a field that holds an object.
    pub fn object(&mut self, name: &'static str) -> Answer<Self> {
        let mut inner: Self = self.required(name, name, "an object")?;
        inner.path = name;
        Ok(inner)
    }

    /// Refuses what was not asked for.
    pub fn finish(self) -> Answer<()> {
        match self.fields.first() {
            None => Ok(()),
            Some((key, _)) => {
                let key: String = key.chars().take(64).collect();
                Err(self.refuse(key, "there is no such field"))
            }
        }
    }

    /// An `invalid` for one field, named with the path to it.
    pub fn refuse(
        &self,
        name: impl Into<Cow<'static, str>>,
        message: impl Into<Cow<'static, str>>,
    ) -> Failure {
        let name = name.into();
        if self.path.is_empty() {
            Failure::invalid(name, message)
        } else {
            Failure::invalid(format!("{}.{name}", self.path), message)
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(FieldsVisitor(std::marker::PhantomData))
    }
}

struct FieldsVisitor<'a>(std::marker::PhantomData<&'a ()>);

impl<'de: 'a, 'a> Visitor<'de> for FieldsVisitor<'a> {
    type Value = Fields<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'a>, A::Error> {
        let mut fields = Vec::with_capacity(8);
        while let Some(Key(key)) = map.next_key()? {
            if fields.len() == FIELDS {
                return Err(serde::de::Error::custom("too many fields"));
            }
            fields.push((key, map.next_value::<&'de RawValue>()?));
        }
        Ok(Fields { path: "", fields })
    }
}

/// A key, borrowed unless it holds escapes.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
