//! What is counted and timed while measuring, one per thread.

use hdrhistogram::Histogram;
use serde::Serialize;

/// Longest time that is told apart, in microseconds.
const LONGEST: u64 = 120_000_000;

/// Counts and times, in microseconds.
pub struct Tally {
    pub acked: u64,
    pub delivered: u64,
    pub receipts: u64,
    /// Sends that were due and not made, because too many went unanswered.
    pub held_back: u64,
    pub ack: Histogram<u64>,
    pub delivery: Histogram<u64>,
}

impl Tally {
    pub fn new() -> Result<Self, String> {
        let histogram = || {
            Histogram::new_with_bounds(1, LONGEST, 3).map_err(|error| format!("histogram: {error}"))
        };
        Ok(Self {
            acked: 0,
            delivered: 0,
            receipts: 0,
            held_back: 0,
            ack: histogram()?,
            delivery: histogram()?,
        })
    }

    /// An answer to a send that was due `nanoseconds` ago.
    pub fn acked(&mut self, nanoseconds: u64) {
        self.acked += 1;
        self.ack.saturating_record(nanoseconds / 1000);
    }

    pub fn delivered(&mut self, nanoseconds: u64) {
        self.delivered += 1;
        self.delivery.saturating_record(nanoseconds / 1000);
    }

    pub fn add(&mut self, other: &Self) -> Result<(), String> {
        self.acked += other.acked;
        self.delivered += other.delivered;
        self.receipts += other.receipts;
        self.held_back += other.held_back;
        let told = |error| format!("histogram: {error}");
        self.ack.add(&other.ack).map_err(told)?;
        self.delivery.add(&other.delivery).map_err(told)
    }
}

/// Percentiles in milliseconds.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Latency {
    pub p50: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

impl From<&Histogram<u64>> for Latency {
    fn from(times: &Histogram<u64>) -> Self {
        let at = |quantile| times.value_at_quantile(quantile) as f64 / 1000.0;
        Self {
            p50: at(0.50),
            p95: at(0.95),
            p99: at(0.99),
            max: times.max() as f64 / 1000.0,
        }
    }
}
