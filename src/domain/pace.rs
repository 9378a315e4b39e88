//! How often something happens: a rate that fades, so that nothing has to look at it between two counts.

use std::time::Duration;

/// How long what was counted weighs: after so long without more, a rate is down to a third.
const FADES_IN: f64 = 10.0;

/// A rate. Times are since any fixed moment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Pace {
    per_second: f64,
    at: Duration,
}

impl Pace {
    /// So many more, now.
    pub fn count(&mut self, more: usize, now: Duration) {
        self.per_second = self.per_second(now) + more as f64 / FADES_IN;
        self.at = now;
    }

    /// About how many a second, of late.
    pub fn per_second(&self, now: Duration) -> f64 {
        let since = now.saturating_sub(self.at).as_secs_f64();
        self.per_second * (-since / FADES_IN).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Pace};

    #[test]
    fn a_steady_rate_is_found_and_fades() {
        let mut pace = Pace::default();
        for tenth in 0..600 {
            pace.count(2, Duration::from_millis(tenth * 100));
        }
        let minute = Duration::from_secs(60);
        let steady = pace.per_second(minute);
        assert!((18.0..22.0).contains(&steady), "{steady}");
        let later = pace.per_second(minute + Duration::from_secs(10));
        assert!((later / steady - (-1.0_f64).exp()).abs() < 0.01, "{later}");
        assert!(pace.per_second(minute * 10) < 0.001);
    }

    #[test]
    fn a_clock_that_stands_still_or_goes_back_does_no_harm() {
        let mut pace = Pace::default();
        pace.count(10, Duration::from_secs(5));
        pace.count(10, Duration::from_secs(4));
        assert!((pace.per_second(Duration::from_secs(1)) - 2.0).abs() < 1e-9);
    }
}
