//! How many frames one socket may send: a bucket for the polite, and patience that runs out.

use std::time::Duration;

/// What to do with one more frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accept,
    /// Not handled; the next one could be after this long.
    Refuse(Duration),
    /// It does not stop: close with 4429.
    Flooding,
}

/// How fast a socket may send. Times are since any fixed moment.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameRate {
    pub per_second: f32,
    /// Frames that may come at once.
    pub burst: f32,
    /// Refused frames that are put up with at once; one in ten of the rate comes back.
    pub patience: f32,
}

impl FrameRate {
    /// Twice the rate at once, and as many refusals as a second of it.
    pub fn of(per_second: u16) -> Self {
        let per_second = f32::from(per_second.max(1));
        Self {
            per_second,
            burst: per_second * 2.0,
            patience: per_second,
        }
    }
}

/// The state of one socket's budget.
#[derive(Clone, Copy, Debug)]
pub struct FrameBudget {
    tokens: f32,
    patience: f32,
    at: Duration,
}

impl FrameBudget {
    pub fn full(rate: &FrameRate, now: Duration) -> Self {
        Self {
            tokens: rate.burst,
            patience: rate.patience,
            at: now,
        }
    }

    /// Charges one frame.
    pub fn charge(&mut self, rate: &FrameRate, now: Duration) -> Verdict {
        let elapsed = now.saturating_sub(self.at).as_secs_f32();
        self.at = now;
        self.tokens = (self.tokens + elapsed * rate.per_second).min(rate.burst);
        self.patience = (self.patience + elapsed * rate.per_second / 10.0).min(rate.patience);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Verdict::Accept;
        }
        self.patience -= 1.0;
        if self.patience < 0.0 {
            return Verdict::Flooding;
        }
        let missing = (1.0 - self.tokens) / rate.per_second;
        Verdict::Refuse(Duration::from_secs_f32(missing).max(Duration::from_millis(1)))
    }
}

#[cfg(test)]
mod tests {
    use super::{FrameBudget, FrameRate, Verdict};
    use std::time::Duration;

    fn run(per_second: u64, seconds: u64) -> Vec<Verdict> {
        let rate = FrameRate::of(50);
        let mut budget = FrameBudget::full(&rate, Duration::ZERO);
        (0..per_second * seconds)
            .map(|n| budget.charge(&rate, Duration::from_micros(n * 1_000_000 / per_second)))
            .collect()
    }

    #[test]
    fn the_allowed_rate_is_never_refused() {
        assert!(run(49, 60).iter().all(|one| *one == Verdict::Accept));
    }

    #[test]
    fn a_burst_is_refused_politely_and_a_flood_is_cut() {
        let burst = run(120, 1);
        assert!(burst.iter().all(|one| *one != Verdict::Flooding));
        assert!(run(200, 3).contains(&Verdict::Flooding));
        assert!(run(200_000, 1)[..160].contains(&Verdict::Flooding));
    }
}
