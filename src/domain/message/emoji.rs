//! What a reaction may be: one emoji.

use unicode_properties::UnicodeEmoji;
use unicode_segmentation::UnicodeSegmentation;

use crate::error::Failure;

/// Longest emoji, in bytes; a couple with two skin tones has 35.
const EMOJI_BYTES: usize = 64;

const ZERO_WIDTH_JOINER: char = '\u{200d}';
const KEYCAP: char = '\u{20e3}';

/// One emoji, however many characters make it; anything else is 422 on `emoji`.
pub fn check(text: &str) -> Result<(), Failure> {
    if text.len() <= EMOJI_BYTES && text.graphemes(true).count() == 1 && is_emoji(text) {
        return Ok(());
    }
    Err(Failure::invalid("emoji", "must be one emoji"))
}

/// Of one grapheme. A letter under a heap of marks is one too, so each character has to belong.
fn is_emoji(grapheme: &str) -> bool {
    let mut chars = grapheme.chars();
    let Some(first) = chars.next() else {
        return false;
    };
    let starts = match first {
        '0'..='9' | '#' | '*' => grapheme.ends_with(KEYCAP),
        flag if is_flag_letter(flag) => {
            grapheme.chars().filter(|c| is_flag_letter(*c)).count() == 2
        }
        other => other.is_emoji_char(),
    };
    starts && chars.all(belongs)
}

fn belongs(char: char) -> bool {
    match char {
        ZERO_WIDTH_JOINER | KEYCAP | '\u{fe0e}' | '\u{fe0f}' => true,
        // The letters of a region's flag, as in that of Scotland.
        '\u{e0020}'..='\u{e007f}' => true,
        flag if is_flag_letter(flag) => true,
        other => !other.is_ascii() && other.is_emoji_char(),
    }
}

fn is_flag_letter(char: char) -> bool {
    ('\u{1f1e6}'..='\u{1f1ff}').contains(&char)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn an_emoji_is_one_however_it_is_made() {
        for emoji in [
            "👍",
            "👍🏽",
            "❤",
            "❤️",
            "😂",
            "🇩🇪",
            "🏴\u{e0067}\u{e0062}\u{e0073}\u{e0063}\u{e0074}\u{e007f}",
            "👨‍👩‍👧‍👦",
            "👩🏽‍❤️‍💋‍👨🏿",
            "1️⃣",
            "#⃣",
            "©",
            "🫠",
            "🏳️‍🌈",
        ] {
            assert!(check(emoji).is_ok(), "{emoji}");
        }
    }

    #[test]
    fn anything_else_is_none() {
        let long = format!("👩{}", "\u{200d}👩".repeat(20));
        for other in [
            "",
            " ",
            "a",
            "1",
            "#",
            "é",
            "ok",
            "👍👍",
            "👍a",
            "a👍",
            " 👍",
            "\0",
            "\u{200d}",
            "\u{fe0f}",
            "🇩",
            "👍\u{301}",
            "你",
            "<b>",
            "$set",
            &long,
        ] {
            assert!(check(other).is_err(), "{other:?}");
        }
    }
}
