//! What a client asks to send: the one validation of it, for REST and WebSocket alike.

use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{Draft, MessageKind, TEXT_CHARS};
use crate::error::Failure;
use crate::id::MessageId;

/// Longest caption of a picture, video or audio, in characters.
pub const CAPTION_CHARS: usize = 1024;
/// Longest `fileName` of a document, in characters.
pub const FILE_NAME_CHARS: usize = 255;
/// Longest `name` of a location, in characters.
pub const PLACE_CHARS: usize = 200;
/// Longest `address` of a location, in characters.
pub const ADDRESS_CHARS: usize = 500;

/// Checks what was asked and brings it into the form that is stored: camelCase, only known fields.
///
/// 422 names the field as the client spelled its place: `type`, `content`, `payload.latitude`.
/// Whether a named medium exists is for the chat to say.
pub fn parse(
    kind: &str,
    content: Option<String>,
    payload: Option<&RawValue>,
    reply_to: Option<MessageId>,
) -> Result<Draft, Failure> {
    let Some(kind) = MessageKind::from_client(kind) else {
        return Err(Failure::invalid(
            "type",
            "must be text, image, video, audio, document or location",
        ));
    };
    let mut fields = Fields::read(payload)?;
    let stored = match kind {
        MessageKind::Text => text(content, &mut fields)?,
        _ if content.is_some() => {
            return Err(Failure::invalid("content", "belongs to type text alone"));
        }
        MessageKind::Image | MessageKind::Video | MessageKind::Audio => {
            media(&mut fields, "caption", CAPTION_CHARS)?
        }
        MessageKind::Document => media(&mut fields, "fileName", FILE_NAME_CHARS)?,
        MessageKind::Location => location(&mut fields)?,
        MessageKind::System => return Err(Failure::invalid("type", "is the server's own")),
    };
    fields.nothing_left()?;
    let payload = serde_json::value::to_raw_value(&stored).map_err(|_| Failure::internal())?;
    Ok(Draft {
        kind,
        content_hash: content_hash(kind, &payload, reply_to),
        payload,
        reply_to_id: reply_to,
    })
}

/// The payload of an edited text; 422 on `content`.
pub fn edited(content: &str) -> Result<Box<RawValue>, Failure> {
    check_text("content", content)?;
    serde_json::value::to_raw_value(&serde_json::json!({ "content": content }))
        .map_err(|_| Failure::internal())
}

/// Tells a repeat from another message (D2): type, payload as stored and reply.
pub fn content_hash(
    kind: MessageKind,
    payload: &RawValue,
    reply_to: Option<MessageId>,
) -> [u8; 16] {
    let mut hasher = Sha256::new();
    hasher.update(kind.as_str());
    hasher.update([0]);
    hasher.update(payload.get());
    hasher.update([0]);
    if let Some(reply_to) = reply_to {
        hasher.update(reply_to.as_bytes());
    }
    let mut hash = [0; 16];
    hash.copy_from_slice(&hasher.finalize()[..16]);
    hash
}

fn text(content: Option<String>, fields: &mut Fields) -> Result<Map<String, Value>, Failure> {
    let inside = fields.text("content", TEXT_CHARS)?;
    let content = match (content, inside) {
        (Some(one), Some(other)) if one != other => {
            return Err(Failure::invalid(
                "content",
                "differs from the payload's content",
            ));
        }
        (Some(content), _) | (None, Some(content)) => content,
        (None, None) => return Err(Failure::invalid("content", "is required")),
    };
    check_text("content", &content)?;
    Ok(object([("content", Some(Value::String(content)))]))
}

fn check_text(field: &'static str, content: &str) -> Result<(), Failure> {
    let chars = content.chars().take(TEXT_CHARS + 1).count();
    if chars == 0 || chars > TEXT_CHARS {
        let message = format!("must have 1 to {TEXT_CHARS} characters");
        return Err(Failure::invalid(field, message));
    }
    Ok(())
}

fn media(
    fields: &mut Fields,
    extra: &'static str,
    most: usize,
) -> Result<Map<String, Value>, Failure> {
    let id = match fields.take("mediaId")? {
        Some(Value::String(text)) => Uuid::parse_str(&text).ok(),
        None => return Err(Failure::invalid("payload.mediaId", "is required")),
        Some(_) => None,
    };
    let id = id.ok_or_else(|| Failure::invalid("payload.mediaId", "must be a UUID"))?;
    let words = fields.text(extra, most)?;
    Ok(object([
        ("mediaId", Some(Value::String(id.to_string()))),
        (extra, words.map(Value::String)),
    ]))
}

fn location(fields: &mut Fields) -> Result<Map<String, Value>, Failure> {
    let latitude = fields.degrees("latitude", 90.0)?;
    let longitude = fields.degrees("longitude", 180.0)?;
    let name = fields.text("name", PLACE_CHARS)?;
    let address = fields.text("address", ADDRESS_CHARS)?;
    Ok(object([
        ("latitude", Some(Value::from(latitude))),
        ("longitude", Some(Value::from(longitude))),
        ("name", name.map(Value::String)),
        ("address", address.map(Value::String)),
    ]))
}

fn object<const N: usize>(fields: [(&str, Option<Value>); N]) -> Map<String, Value> {
    fields
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .collect()
}

/// The payload's fields that nobody has asked for yet; `null` is as good as absent.
struct Fields(Map<String, Value>);

impl Fields {
    fn read(payload: Option<&RawValue>) -> Result<Self, Failure> {
        let Some(payload) = payload else {
            return Ok(Self(Map::new()));
        };
        match serde_json::from_str(payload.get()) {
            Ok(Value::Object(fields)) => Ok(Self(fields)),
            Ok(Value::Null) => Ok(Self(Map::new())),
            _ => Err(Failure::invalid("payload", "must be an object")),
        }
    }

    /// By its camelCase name, or the snake_case of it.
    fn take(&mut self, name: &'static str) -> Result<Option<Value>, Failure> {
        let camel = self.0.remove(name);
        let snake = snake_case(name);
        let other = (snake != name).then(|| self.0.remove(&snake)).flatten();
        if camel.is_some() && other.is_some() {
            return Err(Failure::invalid(at(name), "is given twice"));
        }
        Ok(camel.or(other).filter(|value| !value.is_null()))
    }

    fn text(&mut self, name: &'static str, most: usize) -> Result<Option<String>, Failure> {
        match self.take(name)? {
            None => Ok(None),
            Some(Value::String(text)) if text.chars().take(most + 1).count() <= most => {
                Ok(Some(text))
            }
            Some(Value::String(_)) => Err(Failure::invalid(
                at(name),
                format!("must have at most {most} characters"),
            )),
            Some(_) => Err(Failure::invalid(at(name), "must be a string")),
        }
    }

    fn degrees(&mut self, name: &'static str, most: f64) -> Result<f64, Failure> {
        let Some(value) = self.take(name)? else {
            return Err(Failure::invalid(at(name), "is required"));
        };
        value
            .as_f64()
            .filter(|degrees| degrees.is_finite() && degrees.abs() <= most)
            .ok_or_else(|| {
                let message = format!("must be a number from -{most} to {most}");
                Failure::invalid(at(name), message)
            })
    }

    fn nothing_left(self) -> Result<(), Failure> {
        match self.0.into_iter().next() {
            None => Ok(()),
            Some((name, _)) => {
                let shown: String = name.chars().take(64).collect();
                Err(Failure::invalid(at(&shown), "is not a field of this type"))
            }
        }
    }
}

fn at(name: &str) -> String {
    format!("payload.{name}")
}

fn snake_case(name: &str) -> String {
    let mut snake = String::with_capacity(name.len() + 2);
    for letter in name.chars() {
        if letter.is_ascii_uppercase() {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
