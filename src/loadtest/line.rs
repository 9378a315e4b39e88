//! The frames a sender writes: one text prepared once, with the number of each send put into it.

/// Hex digits of the moment of sending in nanoseconds since the test began.
const MOMENT_DIGITS: usize = 16;
/// A mark: moment, dash, counter.
pub const MARK_BYTES: usize = MOMENT_DIGITS + 9;

/// What names one send: it is the frame's `id` and the `clientMessageId`, and tells when it was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    pub nanoseconds: u64,
    pub counter: u32,
}

impl Mark {
    fn write(self, into: &mut [u8]) {
        hex(self.nanoseconds, &mut into[..MOMENT_DIGITS]);
        into[MOMENT_DIGITS] = b'-';
        hex(
            u64::from(self.counter),
            &mut into[MOMENT_DIGITS + 1..MARK_BYTES],
        );
    }

    /// Reads a mark back; `None` when the text is none of ours.
    pub fn read(text: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (moment, counter) = text.split_once('-')?;
        Some(Self {
            nanoseconds: u64::from_str_radix(moment, 16).ok()?,
            counter: u32::from_str_radix(counter, 16).ok()?,
        })
    }
}

fn hex(mut value: u64, into: &mut [u8]) {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    for byte in into.iter_mut().rev() {
        *byte = DIGITS[(value & 15) as usize];
        value >>= 4;
    }
}

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
