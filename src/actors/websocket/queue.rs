//! What waits to be written to one socket: ready frames under a cap on bytes (D11).

use std::collections::VecDeque;
use std::io::{self, IoSlice};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::Buf;
use tokio::time::Instant;

use crate::wire::frame::{Frame, FrameClass};

/// Most frames handed to the kernel at once.
const FRAMES_AT_ONCE: usize = 64;
/// Slots that an empty queue may keep.
const SLOTS_KEPT: usize = 8;

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pushed {
    Queued,
    /// Shed, or the socket is closing: nothing to be done.
    Dropped,
    /// No room for a frame that may not be dropped: close with 4408.
    Overflow,
}

/// How far the writing is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    Some,
    /// All of it, and nothing more will come.
    All,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    /// The close frame is queued; the peer may still send.
    Closing,
    /// Nothing more will be queued; the socket ends when the rest is written.
    Ended,
}

/// The queue of one socket; the lane pushes, the writer takes.
#[derive(Debug)]
pub struct Queue {
    frames: VecDeque<Frame>,
    bytes: usize,
    capacity: usize,
    /// The first frame has been written in part and must be finished.
    started: bool,
    state: State,
    moved_at: Instant,
    writer: Option<Waker>,
    drained: Option<Waker>,
}

impl Queue {
    pub fn new(capacity: usize) -> Self {
        Self {
            frames: VecDeque::new(),
            bytes: 0,
            capacity,
            started: false,
            state: State::Open,
            moved_at: Instant::now(),
            writer: None,
            drained: None,
        }
    }

    /// Queues a frame. When it does not fit, presence goes first, then typing.
    pub fn push(&mut self, frame: Frame) -> Pushed {
        if self.state != State::Open {
            return Pushed::Dropped;
        }
        let fits = |queue: &Self| queue.bytes + frame.bytes.len() <= queue.capacity;
        for class in [FrameClass::Presence, FrameClass::Typing] {
            if !fits(self) {
                self.shed(class);
            }
        }
        if !fits(self) {
            return if frame.class <= FrameClass::Typing {
                Pushed::Dropped
            } else {
                Pushed::Overflow
            };
        }
        self.put(frame);
        Pushed::Queued
    }

    /// Queues the close frame behind what waits, or, with `at_once`, in its place.
    pub fn close(&mut self, frame: Frame, at_once: bool) {
        if self.state != State::Open {
            return;
        }
        if at_once {
            self.frames.truncate(usize::from(self.started));
            self.bytes = self.frames.iter().map(|one| one.bytes.len()).sum();
        }
        self.put(frame);
        self.state = State::Closing;
        wake(&mut self.drained);
    }

    /// Nothing comes any more: the writing ends once all is written.
    pub fn end(&mut self) {
        self.state = State::Ended;
        wake(&mut self.writer);
        wake(&mut self.drained);
    }

    pub fn is_open(&self) -> bool {
        self.state == State::Open
    }

    /// Whether what waits, and so many bytes that are still to come, take no more than half the room.
    pub fn leaves_half(&self, more: usize) -> bool {
        self.bytes + more <= self.capacity / 2
    }

    /// Frames and bytes that wait.
    pub fn waiting(&self) -> (usize, usize) {
        (self.frames.len(), self.bytes)
    }

    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// How long the peer has taken nothing of what waits; zero when nothing does.
    pub fn stalled(&self) -> Duration {
        if self.frames.is_empty() {
            Duration::ZERO
        } else {
            self.moved_at.elapsed()
        }
    }

    /// Writes what waits: `write` is given the first frames and answers how many bytes it took.
    pub fn poll_write(
        &mut self,
        cx: &mut Context<'_>,
        write: impl FnOnce(&mut Context<'_>, &[IoSlice<'_>]) -> Poll<io::Result<usize>>,
    ) -> Poll<io::Result<Written>> {
        if self.frames.is_empty() {
            if self.state == State::Ended {
                return Poll::Ready(Ok(Written::All));
            }
            remember(&mut self.writer, cx);
            return Poll::Pending;
        }
        let mut pieces = [IoSlice::new(&[]); FRAMES_AT_ONCE];
        let mut count = 0;
        for (piece, frame) in pieces.iter_mut().zip(&self.frames) {
            *piece = IoSlice::new(&frame.bytes);
            count += 1;
        }
        let written = ready!(write(cx, &pieces[..count]))?;
        self.advance(written);
        Poll::Ready(Ok(Written::Some))
    }

    /// Ready when something waits to be written, or nothing more will.
    pub fn poll_waiting(&mut self, cx: &Context<'_>) -> Poll<()> {
        if !self.frames.is_empty() || self.state == State::Ended {
            return Poll::Ready(());
        }
        remember(&mut self.writer, cx);
        Poll::Pending
    }

    fn advance(&mut self, written: usize) {
        self.bytes -= written;
        self.moved_at = Instant::now();
        let mut rest = written;
        while let Some(front) = self.frames.front_mut().filter(|_| rest > 0) {
            if front.bytes.len() > rest {
                front.bytes.advance(rest);
                self.started = true;
                break;
            }
            rest -= front.bytes.len();
            self.frames.pop_front();
            self.started = false;
        }
        if self.frames.is_empty() && self.frames.capacity() > SLOTS_KEPT {
            self.frames.shrink_to(SLOTS_KEPT);
        }
        if self.bytes <= self.capacity / 4 {
            wake(&mut self.drained);
        }
    }

    /// Ready when there is room for a large frame, or when the socket is going.
    pub fn poll_room(&mut self, cx: &Context<'_>) -> Poll<()> {
        if self.state != State::Open || self.bytes <= self.capacity / 4 {
            return Poll::Ready(());
        }
        remember(&mut self.drained, cx);
        Poll::Pending
    }

    fn put(&mut self, frame: Frame) {
        if self.frames.is_empty() {
            self.moved_at = Instant::now();
        }
        self.bytes += frame.bytes.len();
        self.frames.push_back(frame);
        wake(&mut self.writer);
    }

    fn shed(&mut self, class: FrameClass) {
        let mut first = self.started;
        self.frames
            .retain(|frame| std::mem::take(&mut first) || frame.class != class);
        self.bytes = self.frames.iter().map(|one| one.bytes.len()).sum();
    }
}

pub(super) fn wake(waker: &mut Option<Waker>) {
    if let Some(waker) = waker.take() {
        waker.wake();
    }
}

pub(super) fn remember(slot: &mut Option<Waker>, cx: &Context<'_>) {
    if slot.as_ref().is_none_or(|kept| !kept.will_wake(cx.waker())) {
        *slot = Some(cx.waker().clone());
    }
}
