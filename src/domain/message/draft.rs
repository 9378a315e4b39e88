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
        (extra, words.map(Value::String)),
        ("mediaId", Some(Value::String(id.to_string()))),
    ]))
}

fn location(fields: &mut Fields) -> Result<Map<String, Value>, Failure> {
    let latitude = fields.degrees("latitude", 90.0)?;
    let longitude = fields.degrees("longitude", 180.0)?;
    let name = fields.text("name", PLACE_CHARS)?;
    let address = fields.text("address", ADDRESS_CHARS)?;
    Ok(object([
        ("address", address.map(Value::String)),
        ("latitude", Some(Value::from(latitude))),
        ("longitude", Some(Value::from(longitude))),
        ("name", name.map(Value::String)),
    ]))
}

/// Given by name, so that the hash of a message does not hang on how maps are ordered.
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

#[cfg(test)]
mod tests {
    use serde_json::value::RawValue;

    use super::{TEXT_CHARS, parse};

    fn payload(json: &str) -> Box<RawValue> {
        RawValue::from_string(json.to_owned()).unwrap()
    }

    fn refused(kind: &str, content: Option<&str>, json: Option<&str>) -> String {
        let payload = json.map(payload);
        let content = content.map(str::to_owned);
        let failure = parse(kind, content, payload.as_deref(), None).unwrap_err();
        failure.fields()[0].field.to_string()
    }

    fn stored(kind: &str, json: &str) -> String {
        let draft = parse(kind, None, Some(&payload(json)), None).unwrap();
        draft.payload.get().to_owned()
    }

    #[test]
    fn text_stands_at_the_top_or_in_the_payload() {
        let top = parse("text", Some("hi".to_owned()), None, None).unwrap();
        let inside = parse("text", None, Some(&payload(r#"{"content":"hi"}"#)), None).unwrap();
        assert_eq!(top.payload.get(), r#"{"content":"hi"}"#);
        assert_eq!(top.content_hash, inside.content_hash, "the same message");
        let both = parse("text", Some("hi".to_owned()), Some(&inside.payload), None);
        assert!(both.is_ok(), "both, alike");
        assert_eq!(
            refused("text", Some("ho"), Some(inside.payload.get())),
            "content"
        );
    }

    #[test]
    fn text_has_limits_in_characters() {
        let longest = "é".repeat(TEXT_CHARS);
        assert!(parse("text", Some(longest.clone()), None, None).is_ok());
        assert_eq!(refused("text", Some(&(longest + "é")), None), "content");
        assert_eq!(refused("text", Some(""), None), "content");
        assert_eq!(refused("text", None, None), "content");
        assert_eq!(refused("text", None, Some("null")), "content");
    }

    #[test]
    fn fields_are_normalised_and_strangers_named() {
        let id = "0190a0a0-0000-7000-8000-000000000001";
        let snake = format!(r#"{{"caption":"c","media_id":"{}"}}"#, id.to_uppercase());
        let camel = format!(r#"{{"caption":"c","mediaId":"{id}"}}"#);
        assert_eq!(stored("image", &snake), camel);
        let extra = format!(r#"{{"mediaId":"{id}","width":3}}"#);
        assert_eq!(refused("image", None, Some(&extra)), "payload.width");
        let twice = format!(r#"{{"mediaId":"{id}","media_id":"{id}"}}"#);
        assert_eq!(refused("image", None, Some(&twice)), "payload.mediaId");
        assert_eq!(refused("document", None, Some("{}")), "payload.mediaId");
        assert_eq!(refused("image", Some("c"), Some(&camel)), "content");
        assert_eq!(refused("image", None, Some("[]")), "payload");
        let deep = format!(r#"{{"x":{}1{}}}"#, "[".repeat(500), "]".repeat(500));
        assert_eq!(refused("image", None, Some(&deep)), "payload");
    }

    #[test]
    fn places_lie_on_the_globe() {
        assert_eq!(
            stored(
                "location",
                r#"{"longitude":-180,"latitude":90,"name":null}"#
            ),
            r#"{"latitude":90.0,"longitude":-180.0}"#
        );
        for (json, field) in [
            (r#"{"latitude":90.1,"longitude":0}"#, "payload.latitude"),
            (r#"{"latitude":0,"longitude":-180.1}"#, "payload.longitude"),
            (r#"{"latitude":"0","longitude":0}"#, "payload.latitude"),
            (r#"{"latitude":0}"#, "payload.longitude"),
        ] {
            assert_eq!(refused("location", None, Some(json)), field);
        }
    }

    #[test]
    fn only_what_people_send_is_a_type() {
        for kind in ["system", "Text", "", "sticker"] {
            assert_eq!(refused(kind, Some("x"), None), "type");
        }
    }

    #[test]
    fn the_hash_tells_types_payloads_and_replies_apart() {
        let reply = Some(crate::id::MessageId::new());
        let hash = |text: &str, reply| {
            let draft = parse("text", Some(text.to_owned()), None, reply).unwrap();
            draft.content_hash
        };
        assert_eq!(hash("a", reply), hash("a", reply));
        assert_ne!(hash("a", reply), hash("a", None));
        assert_ne!(hash("a", None), hash("b", None));
    }
}
