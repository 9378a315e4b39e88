//! Token buckets: how often someone may do something.

use std::time::Duration;

use async_trait::async_trait;

use super::StoreResult;

/// Holds at most `capacity` tokens and fills from empty to full in `refill`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bucket {
    pub capacity: u32,
    pub refill: Duration,
}

#[async_trait]
pub trait LimitStore: Send + Sync {
    /// Takes `cost` tokens from the bucket called `key`. `None`: taken; else nothing was taken, and
    /// this is how long until it could be.
    async fn take(&self, key: &str, bucket: Bucket, cost: u32) -> StoreResult<Option<Duration>>;
}
