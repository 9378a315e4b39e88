//! The frames a sender writes: one text prepared once, with the number of each send put into it.

use super::mark::{MARK_BYTES, Mark};

/// A `message.send` with holes for its mark.
pub struct Line {
    json: Vec<u8>,
    holes: [usize; 2],
}

impl Line {
    pub fn new(chat_id: &str, chars: usize) -> Self {
        let mut json = br#"{"type":"message.send","id":""#.to_vec();
        let first = json.len();
        json.extend_from_slice(&[b'0'; MARK_BYTES]);
        json.extend_from_slice(format!(r#"","chatId":"{chat_id}","clientMessageId":""#).as_bytes());
        let second = json.len();
        json.extend_from_slice(&[b'0'; MARK_BYTES]);
        json.extend_from_slice(br#"","message":{"type":"text","content":""#);
        let words = b"the quick brown fox jumps over the lazy dog "
            .iter()
            .cycle();
        json.extend(words.take(chars.saturating_sub(1)));
        json.extend_from_slice(br#"."}}"#);
        Self {
            json,
            holes: [first, second],
        }
    }

    /// The text of one send.
    pub fn fill(&mut self, mark: Mark) -> &[u8] {
        for hole in self.holes {
            mark.write(&mut self.json[hole..hole + MARK_BYTES]);
        }
        &self.json
    }
}
