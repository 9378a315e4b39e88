//! Where the test stands; every thread and connection looks here.

use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

/// The stages of a test, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Stage {
    Connecting,
    WarmingUp,
    Measuring,
    /// Nothing is sent any more; answers and deliveries still come in.
    Draining,
    Over,
}

/// Shared by all threads of a test.
pub struct Board {
    stage: AtomicU8,
    begun: Instant,
    /// Connections that said hello.
    pub open: AtomicUsize,
    /// Threads whose connections have all they wait for.
    pub settled: AtomicUsize,
    pub acked: AtomicU64,
    pub delivered: AtomicU64,
    /// The highest rev that anyone saw, by chat.
    pub heads: Vec<AtomicU64>,
}

impl Board {
    pub fn new(chats: usize) -> Self {
        Self {
            stage: AtomicU8::new(Stage::Connecting as u8),
            begun: Instant::now(),
            open: AtomicUsize::new(0),
            settled: AtomicUsize::new(0),
            acked: AtomicU64::new(0),
            delivered: AtomicU64::new(0),
            heads: (0..chats).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Acquire) {
            0 => Stage::Connecting,
            1 => Stage::WarmingUp,
            2 => Stage::Measuring,
            3 => Stage::Draining,
            _ => Stage::Over,
        }
    }

    pub fn enter(&self, stage: Stage) {
        self.stage.store(stage as u8, Ordering::Release);
    }

    /// Nanoseconds since the test began.
    pub fn now(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }
}
