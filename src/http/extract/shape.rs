//! Which field was wrong, in words that show nothing of the inside.

use crate::error::{ErrorCode, Failure};

/// A shape that serde refused, at a path such as `message.payload` (`.` is the whole).
pub fn refused(path: &str, message: &str) -> Failure {
    let path = if path == "." || path == "?" { "" } else { path };
    if let Some(name) = between(message, "unknown field `") {
        return Failure::invalid(sibling(path, name), "is no field of this request");
    }
    if let Some(name) = between(message, "missing field `") {
        return Failure::invalid(join(path, name), "is missing");
    }
    if let Some(name) = between(message, "duplicate field `") {
        return Failure::invalid(sibling(path, name), "is there twice");
    }
    let field = if path.is_empty() { "body" } else { path };
    let expected = message
        .split_once("expected ")
        .map(|(_, expected)| expected.split(" at line ").next().unwrap_or(expected));
    match expected {
        Some("value") => Failure::invalid(camel(field), "is of the wrong type"),
        Some(expected) if !expected.starts_with("struct") => {
            let expected = expected.replace("a formatted UUID string", "a UUID");
            let expected: String = expected.chars().take(200).collect();
            Failure::invalid(camel(field), format!("must be {expected}"))
        }
        Some(_) => Failure::invalid(camel(field), "must be an object"),
        None => Failure::invalid(camel(field), "is not valid"),
    }
}

/// Everything garde refused.
pub fn report(report: &garde::Report) -> Failure {
    report.iter().fold(
        Failure::new(ErrorCode::Invalid, "a field is not valid"),
        |failure, (path, error)| {
            let path = path.to_string();
            let field = if path.is_empty() { "body" } else { &path };
            failure.with_field(camel(field), error.message().to_owned())
        },
    )
}

fn between<'a>(message: &'a str, before: &str) -> Option<&'a str> {
    let (_, rest) = message.split_once(before)?;
    rest.split('`').next()
}

/// The path may or may not end in the field itself.
fn sibling(path: &str, name: &str) -> String {
    let last = path.rsplit_once('.').map_or(path, |(_, last)| last);
    if last == name {
        return path.to_owned();
    }
    match path {
        "" => name.to_owned(),
        path => format!("{path}.{name}"),
    }
}

fn join(path: &str, name: &str) -> String {
    match path {
        "" => camel(name),
        path => format!("{}.{}", camel(path), camel(name)),
    }
}

/// `display_name` as clients know it: `displayName`.
fn camel(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut upper = false;
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if upper => {
                out.extend(c.to_uppercase());
                upper = false;
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(path: &str, message: &str) -> (String, String) {
        let failure = refused(path, message);
        let error = &failure.fields()[0];
        (error.field.to_string(), error.message.to_string())
    }

    #[test]
    fn names_the_field() {
        let cases = [
            (
                ".",
                "unknown field `role`, expected one of `a`, `b` at line 1 column 9",
                ("role", "is no field of this request"),
            ),
            (
                "message.rle",
                "unknown field `rle`, expected `a`",
                ("message.rle", "is no field of this request"),
            ),
            (
                ".",
                "missing field `chatId` at line 1 column 2",
                ("chatId", "is missing"),
            ),
            (
                "message",
                "missing field `type`",
                ("message.type", "is missing"),
            ),
            (
                "phone",
                "invalid type: integer `5`, expected a string at line 1 column 10",
                ("phone", "must be a string"),
            ),
            (
                ".",
                "invalid type: sequence, expected struct Secret at line 1 column 0",
                ("body", "must be an object"),
            ),
        ];
        for (path, message, (name, text)) in cases {
            assert_eq!(field(path, message), (name.to_owned(), text.to_owned()));
        }
    }
}
