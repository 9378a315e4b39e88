//! Reads the few fields of a frame that the checks need, without building anything.
//!
//! The tester shares its machine with the server it measures, so it must not cost more per frame.
//! Frames are our own server's JSON; every so often one is parsed in full to check this reader.

/// The frame types that are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Kind {
    Hello,
    Ack,
    Error,
    MessageNew,
    Status,
    /// Anything else; where it carries a rev, it is a change of the chat.
    #[default]
    Other,
}

/// Fields as they stand in the text; empty or 0 when absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen<'a> {
    pub kind: Kind,
    pub id: &'a [u8],
    pub code: &'a [u8],
    pub chat_id: &'a [u8],
    pub user_id: &'a [u8],
    pub status: &'a [u8],
    pub message_id: &'a [u8],
    pub client_message_id: &'a [u8],
    pub seq: u64,
    pub rev: u64,
    pub up_to_seq: u64,
}

impl Seen<'_> {
    fn enough(&self) -> bool {
        match self.kind {
            Kind::Hello => true,
            Kind::Ack => self.rev > 0 && self.seq > 0 && !self.message_id.is_empty(),
            Kind::MessageNew => !self.message_id.is_empty() && !self.client_message_id.is_empty(),
            _ => false,
        }
    }
}

/// Reads a frame; `None` when it is no JSON object or the text ends early.
pub fn scan(json: &[u8]) -> Option<Seen<'_>> {
    let mut reader = Reader { json, at: 0 };
    let mut seen = Seen::default();
    reader.object(&mut seen, false)?;
    Some(seen)
}

struct Reader<'a> {
    json: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// Answers `None` at broken text. Stops as soon as the frame has told what it must.
    fn object(&mut self, seen: &mut Seen<'a>, nested: bool) -> Option<()> {
        self.expect(b'{')?;
        if self.peek()? == b'}' {
            self.at += 1;
            return Some(());
        }
        loop {
            let key = self.string()?;
            self.expect(b':')?;
            if nested {
                self.message_field(key, seen)?;
            } else {
                self.field(key, seen)?;
            }
            if seen.enough() {
                return Some(());
            }
            match self.next()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    fn field(&mut self, key: &[u8], seen: &mut Seen<'a>) -> Option<()> {
        match key {
            b"type" => {
                seen.kind = match self.string()? {
                    b"hello" => Kind::Hello,
                    b"ack" => Kind::Ack,
                    b"error" => Kind::Error,
                    b"message.new" => Kind::MessageNew,
                    b"message.status" => Kind::Status,
                    _ => Kind::Other,
                }
            }
            b"id" => seen.id = self.text()?,
            b"code" => seen.code = self.text()?,
            b"chatId" => seen.chat_id = self.text()?,
            b"userId" => seen.user_id = self.text()?,
            b"status" => seen.status = self.text()?,
            b"messageId" => seen.message_id = self.text()?,
            b"seq" => seen.seq = self.number()?,
            b"rev" => seen.rev = self.number()?,
            b"upToSeq" => seen.up_to_seq = self.number()?,
            b"message" if self.peek()? == b'{' => self.object(seen, true)?,
            _ => self.skip()?,
        }
        Some(())
    }

    fn message_field(&mut self, key: &[u8], seen: &mut Seen<'a>) -> Option<()> {
        match key {
            b"id" => seen.message_id = self.text()?,
            b"clientMessageId" => seen.client_message_id = self.text()?,
            _ => self.skip()?,
        }
        Some(())
    }

    fn peek(&mut self) -> Option<u8> {
        while self.json.get(self.at)?.is_ascii_whitespace() {
            self.at += 1;
        }
        self.json.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn expect(&mut self, wanted: u8) -> Option<()> {
        (self.next()? == wanted).then_some(())
    }

    /// A string as it stands in the text: the fields read here hold nothing that is escaped.
    fn string(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let start = self.at;
        loop {
            match self.json.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        self.json.get(start..self.at - 1)
    }

    /// A string, or nothing where the value is something else.
    fn text(&mut self) -> Option<&'a [u8]> {
        if self.peek()? == b'"' {
            return self.string();
        }
        self.skip()?;
        Some(b"")
    }

    fn number(&mut self) -> Option<u64> {
        let mut value = 0u64;
        self.peek()?;
        while let Some(digit @ b'0'..=b'9') = self.json.get(self.at) {
            value = value
                .checked_mul(10)?
                .checked_add(u64::from(digit - b'0'))?;
            self.at += 1;
        }
        Some(value)
    }

    fn skip(&mut self) -> Option<()> {
        let mut depth = 0usize;
        loop {
            match self.peek()? {
                b'"' => {
                    self.string()?;
                }
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' => {
                    self.at += 1;
                    continue;
                }
                _ => self.bare()?,
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn bare(&mut self) -> Option<()> {
        let rest = self.json.get(self.at..)?;
        let length = rest.iter().position(
            |byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'+' | b'.' | b'E'),
        )?;
        self.at += length;
        (length > 0).then_some(())
    }
}
