//! Token buckets in Redis, and elsewhere while Redis is away.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::Script;

use super::redis::Redis;
use crate::clock::Clock;
use crate::storage::limits::{Bucket, LimitStore};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// Redis has this long: everything waits for its limits, and the process can answer too.
const PATIENCE: Duration = Duration::from_millis(500);
/// How long Redis is left alone after it failed; then one call tries.
const AWAY: Duration = Duration::from_secs(1);
/// [`RedisLimits::away_until`] while Redis answers.
const HERE: i64 = 0;

/// As in the embedded twin a bucket is one number, the time at which it will be full again, in
/// microseconds (GCRA); here by Redis's clock. Later than after a whole refill it cannot be, except
/// that the clock went back. Full buckets are forgotten. Answers how long is missing.
static TAKE: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local spent, refill = tonumber(ARGV[1]), tonumber(ARGV[2])
         local time = redis.call('TIME')
         local now = time[1] * 1000000 + time[2]
         local full_at = tonumber(redis.call('GET', KEYS[1]) or now)
         local after = math.min(math.max(full_at, now), now + refill) + spent
         local missing = after - now - refill
         if missing > 0 then return missing end
         local life = math.ceil((after - now) / 1000)
         if life > 0 then
             redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', life)
         end
         return 0",
    )
});

pub struct RedisLimits {
    redis: Redis,
    clock: Clock,
    local: Arc<dyn LimitStore>,
    /// When Redis may be tried again, by this process's clock in milliseconds.
    away_until: AtomicI64,
    unlimited: bool,
    patience: Duration,
}

impl RedisLimits {
    /// `local` holds this process's own buckets, for while Redis is away. `unlimited`: everything
    /// is let through.
    pub fn new(redis: Redis, local: Arc<dyn LimitStore>, clock: Clock, unlimited: bool) -> Self {
        Self {
            redis,
            clock,
            local,
            away_until: AtomicI64::new(HERE),
            unlimited,
            patience: PATIENCE,
        }
    }

    /// How long Redis may take, if not 500 ms.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    async fn take_there(
        &self,
        key: &str,
        bucket: Bucket,
        cost: u32,
    ) -> StoreResult<Option<Duration>> {
        let refill = i64::try_from(bucket.refill.as_micros()).unwrap_or(i64::MAX / 4);
        let spent = (refill / i64::from(bucket.capacity.max(1))).saturating_mul(i64::from(cost));
        let mut call = TAKE.prepare_invoke();
        call.key(self.redis.key(format_args!("limit:{key}")));
        call.arg(spent).arg(refill);
        let take = async {
            let mut connection = self.redis.connection().await?;
            let answer = call.invoke_async(&mut connection);
            self.redis.answer::<u64>(answer).await
        };
        let missing = tokio::time::timeout(self.patience, take)
            .await
            .unwrap_or_else(|_| Err(late()))?;
        Ok((missing > 0).then(|| Duration::from_micros(missing)))
    }

    /// Whether this call may ask Redis. After a failure one at a time does.
    fn may_ask(&self) -> bool {
        let until = self.away_until.load(Ordering::Relaxed);
        if until == HERE {
            return true;
        }
        let now = self.clock.now();
        let next = (now + AWAY).0;
        until <= now.0
            && self
                .away_until
                .compare_exchange(until, next, Ordering::Relaxed, Ordering::Relaxed)
                .is_ok()
    }

    fn found(&self) {
        if self.away_until.swap(HERE, Ordering::Relaxed) != HERE {
            tracing::info!("limits are kept in redis again");
        }
    }

    fn lost(&self, error: &StoreError) {
        let until = self.clock.now() + AWAY;
        if self.away_until.swap(until.0, Ordering::Relaxed) == HERE {
            tracing::warn!(store = error.store, cause = %error.message, "limits are kept here");
        }
    }
}

#[async_trait]
impl LimitStore for RedisLimits {
    async fn take(&self, key: &str, bucket: Bucket, cost: u32) -> StoreResult<Option<Duration>> {
        if self.unlimited {
            return Ok(None);
        }
        if self.may_ask() {
            match self.take_there(key, bucket, cost).await {
                Ok(wait) => {
                    self.found();
                    return Ok(wait);
                }
                Err(error) if error.kind == StoreErrorKind::Internal => return Err(error),
                Err(error) => self.lost(&error),
            }
        }
        self.local.take(key, bucket, cost).await
    }
}

fn late() -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "redis",
        message: "no answer in time".to_owned(),
    }
}
