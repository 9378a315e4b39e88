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
    let expected = message.strip_prefix("expected ").or_else(|| {
        let (_, expected) = message.split_once(", expected ")?;
        Some(expected)
    });
    let expected = expected.map(|expected| expected.split(" at line ").next().unwrap_or(expected));
    match expected {
        Some("u8" | "u16" | "u32" | "u64" | "usize" | "i64") => {
            Failure::invalid(camel(field), "must be a whole number, and not too large")
        }
        Some("a sequence") => Failure::invalid(camel(field), "must be a list"),
        Some("a map") => Failure::invalid(camel(field), "must be an object"),
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
            failure.with_field(camel(field), cure(error.message()))
        },
    )
}

/// What would be right, where garde says what is wrong.
fn cure(wrong: &str) -> String {
    match wrong.rsplit_once(' ') {
        Some(("length is lower than", "1")) => "must not be empty".to_owned(),
        Some(("length is lower than", least)) => format!("must have a length of at least {least}"),
        Some(("length is greater than", most)) => format!("must have a length of at most {most}"),
        Some(("lower than", least)) => format!("must be at least {least}"),
        Some(("greater than", most)) => format!("must be at most {most}"),
        _ => wrong.to_owned(),
    }
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
    fn says_what_would_be_right() {
        #[derive(garde::Validate)]
        struct Limited {
            #[garde(length(chars, min = 1, max = 3))]
            name: String,
            #[garde(length(min = 2))]
            items: Vec<u8>,
            #[garde(range(min = 5, max = 7))]
            count: u32,
        }
        let texts = |name: &str, items: usize, count| {
            let limited = Limited {
                name: name.to_owned(),
                items: vec![0; items],
                count,
            };
            let failure = report(&garde::Validate::validate(&limited).expect_err("refused"));
            let errors = failure.fields().iter();
            let texts = errors.map(|one| format!("{} {}", one.field, one.message));
            texts.collect::<std::collections::BTreeSet<_>>()
        };
        let expected = [
            "name must not be empty",
            "items must have a length of at least 2",
            "count must be at least 5",
        ];
        assert_eq!(texts("", 0, 4), expected.map(str::to_owned).into());
        let expected = [
            "name must have a length of at most 3",
            "count must be at most 7",
        ];
        assert_eq!(texts("four", 2, 8), expected.map(str::to_owned).into());
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
            (
                "seconds",
                "invalid value: integer `-1`, expected u32 at line 1 column 13",
                ("seconds", "must be a whole number, and not too large"),
            ),
            (
                "userIds",
                "invalid type: string \"x\", expected a sequence at line 1 column 13",
                ("userIds", "must be a list"),
            ),
            (
                "content",
                "unexpected end of hex escape at line 1 column 20",
                ("content", "is not valid"),
            ),
        ];
        for (path, message, (name, text)) in cases {
            assert_eq!(field(path, message), (name.to_owned(), text.to_owned()));
        }
    }
}
