//! Token buckets.

use std::time::Duration;

use troupe::clock::{Clock, Timestamp};
use troupe::storage::embedded::limits::MemoryLimits;
use troupe::storage::limits::{Bucket, LimitStore};

const BUCKET: Bucket = Bucket {
    capacity: 3,
    refill: Duration::from_secs(30),
};

fn limits(unlimited: bool) -> MemoryLimits {
    MemoryLimits::new(Clock::tokio(Timestamp(1_700_000_000_000)), unlimited)
}

async fn take(limits: &MemoryLimits, key: &str, cost: u32) -> Option<Duration> {
    limits
        .take(key, BUCKET, cost)
        .await
        .expect("the store answers")
}

#[tokio::test(start_paused = true)]
async fn a_full_bucket_gives_its_capacity_and_then_one_per_share_of_time() {
    let limits = limits(false);
    for _ in 0..3 {
        assert_eq!(take(&limits, "a", 1).await, None);
    }
    assert_eq!(take(&limits, "a", 1).await, Some(Duration::from_secs(10)));
    assert_eq!(take(&limits, "b", 1).await, None, "another key has its own");

    tokio::time::advance(Duration::from_secs(9)).await;
    assert_eq!(take(&limits, "a", 1).await, Some(Duration::from_secs(1)));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(take(&limits, "a", 1).await, None);
    assert!(take(&limits, "a", 1).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_refusal_takes_nothing() {
    let limits = limits(false);
    assert_eq!(take(&limits, "a", 2).await, None);
    assert!(take(&limits, "a", 2).await.is_some());
    assert_eq!(take(&limits, "a", 1).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_bucket_never_holds_more_than_its_capacity() {
    let limits = limits(false);
    assert_eq!(take(&limits, "a", 1).await, None);
    tokio::time::advance(Duration::from_secs(3600)).await;
    for _ in 0..3 {
        assert_eq!(take(&limits, "a", 1).await, None);
    }
    assert!(take(&limits, "a", 1).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn without_limits_nothing_is_refused() {
    let limits = limits(true);
    for _ in 0..100 {
        assert_eq!(take(&limits, "a", 1).await, None);
    }
}
