//! What a message is found by: its words, and what is asked for.
//!
//! Words are folded (compatibility forms, case, accents). Scripts without spaces between words are
//! cut into single characters and pairs, so that any stretch of them is found.

use std::collections::BTreeSet;

use serde::Deserialize;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;
use unicode_properties::UnicodeEmoji;

use super::message::{Message, MessageKind};
use crate::error::Failure;

/// Longest question, in characters.
pub const QUERY_CHARS: usize = 256;
/// Longest term, in characters; of a longer word the beginning counts.
pub const TERM_CHARS: usize = 64;

/// One word of a text, or a stretch of a script without spaces.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Found by its beginning.
    Word(String),
    /// Found by any stretch of it.
    Run(String),
}

/// One thing that the index is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    pub text: String,
    /// Any term that begins so will do.
    pub is_prefix: bool,
}

/// What is asked for; every piece must be there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    pieces: Vec<Piece>,
}

impl Query {
    /// 422 on `q`. A question without a word in it, such as `.*`, is one that nothing answers.
    pub fn parse(text: &str) -> Result<Self, Failure> {
        let text = text.trim();
        let chars = text.chars().take(QUERY_CHARS + 1).count();
        if chars == 0 || chars > QUERY_CHARS {
            let message = format!("must have 1 to {QUERY_CHARS} characters");
            return Err(Failure::invalid("q", message));
        }
        Ok(Self {
            pieces: pieces(text),
        })
    }

    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// What the index is asked for, the most telling first: a message that answers the question has
    /// all of them.
    pub fn terms(&self) -> Vec<Term> {
        let mut terms = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Word(word) => terms.push(Term {
                    text: cut(word),
                    is_prefix: true,
                }),
                Piece::Run(run) => terms.extend(stretches(run).map(|text| Term {
                    text,
                    is_prefix: false,
                })),
            }
        }
        terms.sort_by_key(|term| std::cmp::Reverse(weight(term)));
        terms.dedup();
        terms
    }

    /// Whether a text answers it.
    pub fn finds(&self, text: &str) -> bool {
        let there = pieces(text);
        !self.is_empty()
            && self.pieces.iter().all(|wanted| {
                there.iter().any(|piece| match (wanted, piece) {
                    (Piece::Word(wanted), Piece::Word(word)) => word.starts_with(wanted.as_str()),
                    (Piece::Run(wanted), Piece::Run(run)) => run.contains(wanted.as_str()),
                    _ => false,
                })
            })
    }
}

/// How much a term tells: a pair of characters more than a letter or two.
fn weight(term: &Term) -> usize {
    let chars = term.text.chars().count();
    if term.is_prefix { chars } else { chars * 3 }
}

/// What a text is found by, each once.
pub fn terms(text: &str) -> BTreeSet<String> {
    let mut terms = BTreeSet::new();
    for piece in pieces(text) {
        match piece {
            Piece::Word(word) => {
                terms.insert(cut(&word));
            }
            Piece::Run(run) => {
                terms.extend(run.chars().map(String::from));
                terms.extend(stretches(&run));
            }
        }
    }
    terms
}

/// What of a message can be searched; nothing of a system message, which the server said.
pub fn text_of(message: &Message) -> Option<String> {
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Words {
        content: Option<String>,
        caption: Option<String>,
        file_name: Option<String>,
        name: Option<String>,
        address: Option<String>,
    }
    if message.kind == MessageKind::System || message.is_deleted {
        return None;
    }
    let words: Words = serde_json::from_str(message.payload.get()).unwrap_or_default();
    let all = [
        words.content,
        words.caption,
        words.file_name,
        words.name,
        words.address,
    ];
    let text = all.into_iter().flatten().collect::<Vec<_>>().join("\n");
    (!text.is_empty()).then_some(text)
}

fn cut(word: &str) -> String {
    word.chars().take(TERM_CHARS).collect()
}

/// The pairs of a run, or itself when it is a single character.
fn stretches(run: &str) -> impl Iterator<Item = String> {
    let chars: Vec<char> = run.chars().collect();
    let size = chars.len().clamp(1, 2);
    let all: Vec<String> = chars
        .windows(size)
        .map(|some| some.iter().collect())
        .collect();
    all.into_iter()
}

fn pieces(text: &str) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut word, mut run) = (String::new(), String::new());
    let mut end = |word: &mut String, run: &mut String| {
        if !word.is_empty() {
            pieces.push(Piece::Word(std::mem::take(word)));
        }
        if !run.is_empty() {
            pieces.push(Piece::Run(std::mem::take(run)));
        }
    };
    for char in folded(text) {
        if is_unspaced(char) {
            if !word.is_empty() {
                end(&mut word, &mut run);
            }
            run.push(char);
        } else if char.is_alphanumeric() || (is_combining_mark(char) && !word.is_empty()) {
            if !run.is_empty() {
                end(&mut word, &mut run);
            }
            word.push(char);
        } else {
            end(&mut word, &mut run);
            if !char.is_ascii() && char.is_emoji_char() {
                run.push(char);
                end(&mut word, &mut run);
            }
        }
    }
    end(&mut word, &mut run);
    pieces
}

/// Compatibility forms made one, capitals small, accents gone.
fn folded(text: &str) -> impl Iterator<Item = char> {
    text.nfkd()
        .filter(|char| !is_accent(*char))
        .flat_map(char::to_lowercase)
        .filter(|char| !is_accent(*char))
        .flat_map(|char| match char {
            '\u{df}' => ['s', 's'].into_iter().take(2),
            '\u{3c2}' => ['\u{3c3}', ' '].into_iter().take(1),
            // Without its dot, as a Turkish capital is made small elsewhere.
            '\u{131}' => ['i', ' '].into_iter().take(1),
            other => [other, ' '].into_iter().take(1),
        })
        .nfc()
}

/// Marks that people leave out when they search: accents, vowel points of Arabic and Hebrew.
fn is_accent(char: char) -> bool {
    matches!(char,
        '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{5c7}' | '\u{610}'..='\u{61a}'
        | '\u{640}' | '\u{64b}'..='\u{65f}' | '\u{670}' | '\u{1ab0}'..='\u{1aff}'
        | '\u{1dc0}'..='\u{1dff}' | '\u{20d0}'..='\u{20ff}' | '\u{fe00}'..='\u{fe0f}'
        | '\u{fe20}'..='\u{fe2f}')
}

/// Of a script that is written without spaces: Han, Kana, Thai, Lao, Burmese, Khmer.
fn is_unspaced(char: char) -> bool {
    matches!(char,
        '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{2e80}'..='\u{2fdf}' | '\u{3005}'..='\u{3007}' | '\u{3031}'..='\u{3035}'
        | '\u{3041}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}' | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{20000}'..='\u{323af}')
        && char != '\u{30fb}'
}

#[cfg(test)]
mod tests {
    use super::{Query, terms};

    fn finds(text: &str, query: &str) -> bool {
        let query = Query::parse(query).unwrap();
        let found = query.finds(text);
        let there = terms(text);
        let indexed = query.terms().iter().all(|term| match term.is_prefix {
            true => there.iter().any(|word| word.starts_with(&term.text)),
            false => there.contains(&term.text),
        });
        assert!(
            indexed || !found,
            "{text:?} is found by the index for {query:?}"
        );
        found
    }

    #[test]
    fn words_are_found_by_their_beginning_whatever_their_case_and_accents() {
        for (text, query) in [
            ("Hello world", "hello"),
            ("Hello world", "WOR hel"),
            ("Café crème", "cafe creme"),
            ("cafe", "CAFÉ"),
            ("Straße", "strasse"),
            ("STRASSE", "straße"),
            ("Οδυσσεύς", "οδυσσευσ"),
            ("İstanbul", "istanbul"),
            ("don't", "don't"),
            ("e\u{301}t\u{e9}", "ete"),
            ("ﬁne ２０２６", "fine 2026"),
            ("مُحَمَّد", "محمد"),
            ("हिन्दी भाषा", "हिन्"),
            ("Привет, мир", "мир привет"),
            ("안녕하세요", "안녕"),
            ("room 12b", "12"),
            ("nice 👍🏽 one", "👍"),
        ] {
            assert!(finds(text, query), "{text:?} by {query:?}");
        }
        for (text, query) in [
            ("Hello world", "ello"),
            ("Hello world", "hello there"),
            ("world", "worlds"),
            ("nothing", ".*"),
            ("a.*b", ".*"),
            ("nice 👍", "👎"),
        ] {
            assert!(!finds(text, query), "{text:?} by {query:?}");
        }
    }

    #[test]
    fn any_stretch_of_a_script_without_spaces_is_found() {
        for (text, query) in [
            ("今天天气很好", "天气"),
            ("今天天气很好", "气"),
            ("今天天气很好", "天天气"),
            ("東京タワーへ行く", "タワー"),
            ("明日はThanksだね", "thanks"),
            ("ｶﾀｶﾅ", "カタカナ"),
            ("がんばって", "がん"),
            ("สวัสดีครับ", "ครับ"),
        ] {
            assert!(finds(text, query), "{text:?} by {query:?}");
        }
        for (text, query) in [
            ("今天天气很好", "天好"),
            ("今天 天气", "天天"),
            ("かん", "がん"),
        ] {
            assert!(!finds(text, query), "{text:?} by {query:?}");
        }
    }

    #[test]
    fn a_question_has_limits() {
        assert!(Query::parse("  ").is_err());
        assert!(Query::parse("").is_err());
        assert!(Query::parse(&"x".repeat(257)).is_err());
        assert!(Query::parse(&"é".repeat(256)).is_ok());
        assert!(Query::parse("(.*)+$").unwrap().is_empty());
        assert!(terms(&"字".repeat(4096)).len() <= 2);
        let long = "x".repeat(4096);
        assert!(
            finds(&long, &"x".repeat(200)),
            "of a long word its beginning counts"
        );
    }
}
