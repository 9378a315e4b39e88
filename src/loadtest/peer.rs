//! One connection: what it sends, what it checks of what comes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::net::tcp::OwnedWriteHalf;

use super::line::Line;
use super::mark::Mark;
use super::scan::{Kind, Seen, scan};
use super::socket::{Inbound, Opcode, parse, write};
use super::stage::{Board, Stage};
use super::tally::Tally;
use super::witness::Witness;

/// Unanswered sends beyond which a schedule waits for the server.
const UNANSWERED_AT_MOST: usize = 20_000;
/// One frame in so many is parsed in full, to check the quick reader.
const PARSED_IN_FULL: u32 = 512;

/// What a connection does besides watching.
pub struct Part {
    /// Index of its chat.
    pub room: usize,
    pub chat_id: String,
    /// Keeps a copy of its chat, to be compared with the server's digest.
    pub copies: bool,
    /// What it sends, if it is a sender.
    pub line: Option<Line>,
    /// Unanswered sends it keeps going by itself; 0: it sends when told to.
    pub in_flight: usize,
}

pub struct Peer {
    board: Arc<Board>,
    part: Part,
    socket: OwnedWriteHalf,
    out: Vec<u8>,
    partial: Vec<u8>,
    pending: VecDeque<Mark>,
    counter: u32,
    acknowledged: u64,
    greeted: bool,
    closing: bool,
    frames: u32,
    mask: u32,
    tally: Rc<RefCell<Tally>>,
    pub witness: Witness,
}

impl Peer {
    pub fn new(
        board: Arc<Board>,
        tally: Rc<RefCell<Tally>>,
        part: Part,
        witness: Witness,
        socket: OwnedWriteHalf,
    ) -> Self {
        Self {
            board,
            acknowledged: witness.head_seq(),
            part,
            socket,
            out: Vec::new(),
            partial: Vec::new(),
            pending: VecDeque::new(),
            counter: 0,
            greeted: false,
            closing: false,
            frames: 0,
            mask: 0x9e37_79b9,
            tally,
            witness,
        }
    }

    pub fn sends(&self) -> bool {
        self.part.line.is_some()
    }

    /// Takes what the socket gave. `false`: the connection is over.
    pub fn take(&mut self, bytes: &[u8]) -> bool {
        if self.partial.is_empty() {
            let used = self.frames(bytes);
            self.partial.extend_from_slice(&bytes[used..]);
        } else {
            let mut joined = std::mem::take(&mut self.partial);
            joined.extend_from_slice(bytes);
            let used = self.frames(&joined);
            joined.drain(..used);
            self.partial = joined;
        }
        self.refill();
        self.flush();
        !self.closing
    }

    /// The socket ended.
    pub fn ended(&mut self) {
        if !self.closing && self.board.stage() != Stage::Over {
            self.witness.faults.closed += 1;
        }
        self.closing = true;
    }

    fn frames(&mut self, bytes: &[u8]) -> usize {
        let (now, measuring) = (self.board.now(), self.board.stage() == Stage::Measuring);
        let mut used = 0;
        loop {
            match parse(&bytes[used..]) {
                Ok(Some((inbound, length))) => {
                    used += length;
                    match inbound {
                        Inbound::Text(json) => self.text(json, now, measuring),
                        Inbound::Ping(payload) => self.queue(Opcode::Pong, payload),
                        Inbound::Pong => {}
                        Inbound::Close(_) => {
                            self.ended();
                            return used;
                        }
                    }
                }
                Ok(None) => return used,
                Err(_) => {
                    self.witness.faults.malformed += 1;
                    self.closing = true;
                    return bytes.len();
                }
            }
        }
    }

    fn text(&mut self, json: &[u8], now: u64, measuring: bool) {
        self.frames = self.frames.wrapping_add(1);
        let Some(seen) = scan(json) else {
            self.witness.faults.malformed += 1;
            return;
        };
        if self.frames.is_multiple_of(PARSED_IN_FULL) && !agrees(json, &seen) {
            self.witness.faults.malformed += 1;
        }
        if !self.greeted {
            self.greeted = true;
            if seen.kind == Kind::Hello {
                self.board.open.fetch_add(1, Ordering::AcqRel);
            } else {
                self.witness.faults.malformed += 1;
            }
            return;
        }
        match seen.kind {
            Kind::Ack => self.answered(&seen, now, measuring),
            Kind::Error => {
                self.witness.faults.refused += 1;
                self.settle(&seen);
            }
            Kind::MessageNew => {
                self.witness.entry(&seen);
                self.board.delivered.fetch_add(1, Ordering::Relaxed);
                if measuring && let Some(mark) = Mark::read(seen.client_message_id) {
                    let since = now.saturating_sub(mark.nanoseconds);
                    self.tally.borrow_mut().delivered(since);
                }
            }
            Kind::Status => {
                self.witness.receipt(&seen);
                self.tally.borrow_mut().receipts += u64::from(measuring);
            }
            Kind::Other if seen.rev > 0 && !seen.chat_id.is_empty() => self.witness.entry(&seen),
            Kind::Hello | Kind::Other => {}
        }
    }

    fn answered(&mut self, seen: &Seen<'_>, now: u64, measuring: bool) {
        let Some(mark) = self.settle(seen) else {
            return;
        };
        self.witness.entry(seen);
        self.board.acked.fetch_add(1, Ordering::Relaxed);
        if measuring {
            let since = now.saturating_sub(mark.nanoseconds);
            self.tally.borrow_mut().acked(since);
        }
    }

    /// Takes the send that an answer is for off those pending; in order, unless some were refused.
    fn settle(&mut self, seen: &Seen<'_>) -> Option<Mark> {
        let mark = Mark::read(seen.id);
        let place = mark.and_then(|mark| self.pending.iter().position(|other| *other == mark));
        if place.is_none() {
            self.witness.faults.unexpected_answers += 1;
        }
        place.and_then(|place| self.pending.remove(place))
    }

    /// Keeps as many sends unanswered as it should, while the test sends.
    pub fn refill(&mut self) {
        let sending = matches!(self.board.stage(), Stage::WarmingUp | Stage::Measuring);
        if self.part.in_flight == 0 || !sending || self.closing {
            return;
        }
        let now = self.board.now();
        while self.pending.len() < self.part.in_flight {
            self.send(now);
        }
    }

    /// Queues one send that was due at `nanoseconds`; `false` when too many are unanswered.
    pub fn send(&mut self, nanoseconds: u64) -> bool {
        if self.closing || self.pending.len() >= UNANSWERED_AT_MOST {
            return false;
        }
        let Some(mut line) = self.part.line.take() else {
            return false;
        };
        self.counter = self.counter.wrapping_add(1);
        let mark = Mark {
            nanoseconds,
            counter: self.counter,
        };
        self.queue(Opcode::Text, line.fill(mark));
        self.part.line = Some(line);
        self.pending.push_back(mark);
        true
    }

    /// Tells the server what has been delivered, if that moved.
    pub fn acknowledge(&mut self) {
        let seq = self.witness.head_seq();
        if seq > self.acknowledged && !self.closing {
            self.acknowledged = seq;
            let chat_id = &self.part.chat_id;
            let json = format!(r#"{{"type":"message.ack","chatId":"{chat_id}","seq":{seq}}}"#);
            self.queue(Opcode::Text, json.as_bytes());
        }
    }

    pub fn close(&mut self) {
        self.closing = true;
        self.queue(Opcode::Close, &1000u16.to_be_bytes());
        self.flush();
    }

    /// Whether it has every answer and everything that its chat holds; tells the others its own head.
    pub fn is_settled(&self) -> bool {
        let head = self.witness.head();
        let known = self.board.heads.get(self.part.room).map_or(head, |known| {
            known.fetch_max(head, Ordering::AcqRel).max(head)
        });
        self.closing || (self.pending.is_empty() && self.witness.missing(known) == 0)
    }

    /// What it saw, when the test is over.
    pub fn finish(&mut self) -> (usize, Witness) {
        self.witness.faults.unanswered += self.pending.len() as u64;
        let nothing = Witness::new("", 0, 0);
        (
            self.part.room,
            std::mem::replace(&mut self.witness, nothing),
        )
    }

    fn queue(&mut self, opcode: Opcode, payload: &[u8]) {
        // xorshift: masks must differ, nothing here needs them to be secret.
        self.mask ^= self.mask << 13;
        self.mask ^= self.mask >> 17;
        self.mask ^= self.mask << 5;
        write(&mut self.out, opcode, payload, self.mask);
    }

    /// Writes what is queued, as far as the socket takes it; the rest goes with the next flush.
    pub fn flush(&mut self) {
        while !self.out.is_empty() {
            match self.socket.try_write(&self.out) {
                Ok(written) => drop(self.out.drain(..written)),
                Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => return,
                Err(_) => return self.ended(),
            }
        }
    }
}

/// Whether a full parse finds what the quick reader found.
fn agrees(json: &[u8], seen: &Seen<'_>) -> bool {
    let Ok(whole) = serde_json::from_slice::<serde_json::Value>(json) else {
        return false;
    };
    let same = |field: &str, text: &[u8]| {
        text.is_empty()
            || whole[field]
                .as_str()
                .is_some_and(|value| value.as_bytes() == text)
    };
    let number = |field: &str, value: u64| value == 0 || whole[field].as_u64() == Some(value);
    let message = &whole["message"]["id"];
    let id = whole["messageId"].as_str().or(message.as_str());
    same("id", seen.id)
        && same("chatId", seen.chat_id)
        && same("userId", seen.user_id)
        && number("seq", seen.seq)
        && number("rev", seen.rev)
        && number("upToSeq", seen.up_to_seq)
        && id.unwrap_or_default().as_bytes() == seen.message_id
}
