//! The answers that a peer waits for: what it says next is heard once there is room for them.

use std::collections::VecDeque;
use std::task::Waker;
use std::time::Duration;

use tokio::time::Instant;

/// Nothing stays unanswered for so long: an answer that is missing then was lost on its way here.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);
/// What an answer holds beside what its peer said, about.
const ANSWER_BYTES: usize = 1024;
/// Slots that are kept while nothing is waited for.
const SLOTS_KEPT: usize = 8;

/// Each with the time since when it is waited for and its likely size, the oldest first.
#[derive(Debug, Default)]
pub struct Unanswered {
    each: VecDeque<(Instant, usize)>,
    bytes: usize,
    /// Whoever waits until the peer may go on.
    pub reader: Option<Waker>,
}

impl Unanswered {
    /// An answer that repeats so many bytes of what the peer said.
    pub fn add(&mut self, bytes: usize) {
        let bytes = bytes + ANSWER_BYTES;
        self.bytes += bytes;
        self.each.push_back((Instant::now(), bytes));
    }

    /// One is there; which one makes little difference.
    pub fn take_first(&mut self) {
        if let Some((_, bytes)) = self.each.pop_front() {
            self.bytes -= bytes;
        }
        if self.each.is_empty() && self.each.capacity() > SLOTS_KEPT {
            self.each = VecDeque::new();
        }
    }

    /// What they come to.
    pub fn bytes(&mut self) -> usize {
        while let Some((since, _)) = self.each.front()
            && since.elapsed() >= ANSWERED_WITHIN
        {
            self.take_first();
        }
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_was_lost_is_waited_for_no_more() {
        let mut answers = Unanswered::default();
        answers.add(1000);
        answers.add(2000);
        assert_eq!(answers.bytes(), 3000 + 2 * ANSWER_BYTES);
        answers.take_first();
        assert_eq!(answers.bytes(), 2000 + ANSWER_BYTES);
        tokio::time::advance(ANSWERED_WITHIN / 2).await;
        answers.add(500);
        tokio::time::advance(ANSWERED_WITHIN / 2).await;
        assert_eq!(answers.bytes(), 500 + ANSWER_BYTES);
        answers.take_first();
        answers.take_first();
        assert_eq!(answers.bytes(), 0);
    }
}
