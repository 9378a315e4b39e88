//! Token buckets in memory.

use std::time::Duration;

use async_trait::async_trait;
use dashmap::DashMap;

use crate::clock::Clock;
use crate::storage::StoreResult;
use crate::storage::limits::{Bucket, LimitStore};

/// Buckets kept before full ones are looked for and forgotten.
const KEPT: usize = 100_000;

/// Each bucket is one number: the time at which it will be full again, in microseconds (GCRA).
pub struct MemoryLimits {
    clock: Clock,
    full_at: DashMap<String, i64, ahash::RandomState>,
    unlimited: bool,
}

impl MemoryLimits {
    /// `unlimited`: everything is let through.
    pub fn new(clock: Clock, unlimited: bool) -> Self {
        Self {
            clock,
            full_at: DashMap::default(),
            unlimited,
        }
    }

    fn forget_full(&self, now: i64) {
        if self.full_at.len() > KEPT {
            self.full_at.retain(|_, full_at| *full_at > now);
        }
    }
}

#[async_trait]
impl LimitStore for MemoryLimits {
    async fn take(&self, key: &str, bucket: Bucket, cost: u32) -> StoreResult<Option<Duration>> {
        if self.unlimited {
            return Ok(None);
        }
        let now = self.clock.now().0.saturating_mul(1000);
        let refill = i64::try_from(bucket.refill.as_micros()).unwrap_or(i64::MAX / 4);
        let spent = refill / i64::from(bucket.capacity.max(1)) * i64::from(cost);
        self.forget_full(now);

        let mut full_at = self.full_at.entry(key.to_owned()).or_insert(now);
        let after = (*full_at).max(now).saturating_add(spent);
        let missing = after.saturating_sub(now).saturating_sub(refill);
        if missing > 0 {
            let wait = Duration::from_micros(u64::try_from(missing).unwrap_or(u64::MAX));
            return Ok(Some(wait));
        }
        *full_at = after;
        Ok(None)
    }
}
