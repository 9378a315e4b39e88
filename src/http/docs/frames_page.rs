//! `/docs/frames`: the frames of the socket, readable.

use std::fmt::Write;
use std::sync::LazyLock;

use actix_web::HttpResponse;
use serde_json::Value;

use super::asyncapi::{FrameShape, frames};
use super::pages::{html, page};

const INTRODUCTION: &str = include_str!("frames.html");

pub async fn frames_page() -> HttpResponse {
    static PAGE: LazyLock<String> = LazyLock::new(render);
    html(PAGE.clone())
}

/// Writing to a string cannot fail, so the results are not looked at.
fn render() -> String {
    let frames = frames();
    let mut html = INTRODUCTION.to_owned();
    for (title, side, shapes) in [
        ("Client → server", "client", &frames.client),
        ("Server → client", "server", &frames.server),
    ] {
        let _ = write!(html, "<h2 id=\"{side}\">{title}</h2>");
        names(&mut html, side, shapes);
        for frame in shapes {
            section(&mut html, side, frame);
        }
    }
    let _ = write!(html, "<h2 id=\"shapes\">Shapes</h2>");
    for (name, schema) in &frames.shared {
        let _ = write!(html, "<section id=\"{name}\"><h3>{name}</h3>");
        describe(&mut html, schema);
        html.push_str("</section>");
    }
    page("Troupe: WebSocket frames", &html)
}

/// What there is, to jump to.
fn names(html: &mut String, side: &str, shapes: &[FrameShape]) {
    html.push_str("<ul class=\"names\">");
    for frame in shapes {
        let (name, key) = (escaped(&frame.name), escaped(&frame.key));
        let _ = write!(
            html,
            "<li><a href=\"#{side}.{key}\"><code>{name}</code></a></li>"
        );
    }
    html.push_str("</ul>");
}

fn section(html: &mut String, side: &str, frame: &FrameShape) {
    let (name, key) = (escaped(&frame.name), escaped(&frame.key));
    let _ = write!(
        html,
        "<section id=\"{side}.{key}\"><h3><code>{name}</code></h3>"
    );
    describe(html, &frame.schema);
    html.push_str("</section>");
}

fn describe(html: &mut String, schema: &Value) {
    if let Some(text) = schema.get("description").and_then(Value::as_str) {
        let _ = write!(html, "<p>{}</p>", prose(text));
    }
    if let Some(fields) = schema.get("properties").and_then(Value::as_object) {
        let required = schema.get("required").and_then(Value::as_array);
        html.push_str("<table><tr><th>field</th><th>type</th><th></th></tr>");
        for (name, field) in fields {
            let is_required =
                required.is_some_and(|names| names.iter().any(|required| required == name));
            let mark = if is_required { "" } else { "?" };
            let text = field.get("description").and_then(Value::as_str);
            let _ = write!(
                html,
                "<tr><td><code>{}{mark}</code></td><td>{}</td><td>{}</td></tr>",
                escaped(name),
                kind(field),
                prose(text.unwrap_or_default()),
            );
        }
        html.push_str("</table>");
    } else {
        let _ = write!(html, "<p>{}</p>", kind(schema));
    }
    for part in parts(schema, "allOf") {
        let _ = write!(html, "<p>and the fields of {}</p>", kind(part));
    }
}

fn parts<'a>(schema: &'a Value, name: &str) -> &'a [Value] {
    let parts = schema.get(name).and_then(Value::as_array);
    parts.map(Vec::as_slice).unwrap_or_default()
}

/// A type in a few words, as HTML.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let name = escaped(reference.rsplit('/').next().unwrap_or(reference));
        return format!("<a href=\"#{name}\">{name}</a>");
    }
    if let Some(constant) = schema.get("const") {
        return format!("<code>{}</code>", escaped(&constant.to_string()));
    }
    if let Some(names) = schema.get("enum").and_then(Value::as_array) {
        let names: Vec<_> = names
            .iter()
            .map(|name| escaped(&name.to_string()))
            .collect();
        return names.join(" · ");
    }
    for choice in ["anyOf", "oneOf", "allOf"] {
        let kinds: Vec<_> = parts(schema, choice).iter().map(kind).collect();
        if !kinds.is_empty() {
            return kinds.join(" or ");
        }
    }
    let format = schema.get("format").and_then(Value::as_str);
    let simple = match schema.get("type") {
        Some(Value::String(name)) => name.clone(),
        Some(Value::Array(names)) => {
            let names: Vec<_> = names.iter().filter_map(Value::as_str).collect();
            names.join(" or ")
        }
        _ => "any".to_owned(),
    };
    match (simple.as_str(), format) {
        ("array", _) => format!(
            "list of {}",
            schema.get("items").map_or_else(String::new, kind)
        ),
        ("object", _) => match schema.get("additionalProperties") {
            Some(values) if values.is_object() => format!("map to {}", kind(values)),
            _ => "object".to_owned(),
        },
        (_, Some(format @ ("uuid" | "date-time"))) => format!("{simple}, {format}"),
        _ => simple,
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('"', "&quot;")
}

/// Text with `code` in it.
fn prose(text: &str) -> String {
    let pieces = escaped(text);
    let pieces = pieces.split('`').enumerate();
    pieces
        .map(|(index, piece)| match index % 2 {
            1 => format!("<code>{piece}</code>"),
            _ => piece.to_owned(),
        })
        .collect()
}
