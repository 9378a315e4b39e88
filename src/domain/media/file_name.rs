//! What a file is called when it is offered to be kept: the sender's words, made harmless.

/// Longest file name that is kept, in characters.
const CHARS: usize = 255;

/// The last part of a name, without what file systems, headers or readers trip over; `None` when
/// nothing is left.
pub fn clean(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let kept: String = last
        .chars()
        .filter(|letter| !letter.is_control() && !is_direction(*letter))
        .take(CHARS)
        .collect();
    let kept = kept.trim_matches([' ', '.']);
    (!kept.is_empty()).then(|| kept.to_owned())
}

/// Turns the reading direction round, so that `exe.jpg` may be no picture.
const fn is_direction(letter: char) -> bool {
    matches!(letter, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The ending in lower case, without its dot.
pub fn ending(name: &str) -> Option<String> {
    let (stem, ending) = name.rsplit_once('.')?;
    (!stem.is_empty() && ending.len() <= 8).then(|| ending.to_ascii_lowercase())
}

/// The value of `Content-Disposition`; RFC 6266, with the name in RFC 8187's form.
pub fn disposition(kind: &str, name: Option<&str>) -> String {
    let Some(name) = name else {
        return kind.to_owned();
    };
    let mut value = format!("{kind}; filename*=UTF-8''");
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            value.push(char::from(byte));
        } else {
            value.push_str(&format!("%{byte:02X}"));
        }
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_made_harmless() {
        let cases = [
            ("photo.jpg", Some("photo.jpg")),
            ("../../etc/passwd", Some("passwd")),
            ("C:\\Users\\me\\a b.pdf", Some("a b.pdf")),
            ("a\0b\r\n.txt", Some("ab.txt")),
            ("..", None),
            ("/", None),
            ("", None),
            ("invoice\u{202e}gpj.exe", Some("invoicegpj.exe")),
            ("größe.pdf", Some("größe.pdf")),
        ];
        for (name, expected) in cases {
            assert_eq!(clean(name).as_deref(), expected, "{name:?}");
        }
        let long = clean(&"x".repeat(10_000)).unwrap();
        assert_eq!(long.chars().count(), CHARS);
    }

    #[test]
    fn a_header_holds_any_name() {
        let value = disposition("attachment", Some("a \"b\".pdf"));
        assert_eq!(value, "attachment; filename*=UTF-8''a%20%22b%22.pdf");
        assert_eq!(disposition("inline", None), "inline");
        assert_eq!(ending("a.PDF").as_deref(), Some("pdf"));
        assert_eq!(ending(".profile"), None);
    }
}
