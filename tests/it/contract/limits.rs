//! Token buckets.

use std::sync::Arc;
use std::time::Duration;

use secrecy::SecretString;
use tokio::time::Instant;
use troupe::clock::{Clock, Timestamp};
use troupe::storage::distributed::limits::RedisLimits;
use troupe::storage::distributed::redis::{Redis, RedisSettings};
use troupe::storage::embedded::limits::MemoryLimits;
use troupe::storage::limits::{Bucket, LimitStore};

use super::distributed::Distributed;
use crate::support::PATIENCE;

/// Three seconds for each token; in memory nothing really waits.
const BUCKET: Bucket = Bucket {
    capacity: 3,
    refill: Duration::from_secs(9),
};
const SHARE: Duration = Duration::from_secs(3);

macro_rules! over_both {
    ($($case:ident),* $(,)?) => {
        mod embedded {
            $(
                #[tokio::test(start_paused = true)]
                async fn $case() {
                    super::$case(|unlimited| {
                        Box::new(super::MemoryLimits::new(super::clock(), unlimited))
                    }).await;
                }
            )*
        }

        mod distributed {
            $(
                #[tokio::test]
                async fn $case() {
                    let servers = super::Distributed::new().await;
                    super::$case(|unlimited| {
                        let redis = servers.redis.clone();
                        Box::new(super::patient(redis, unlimited))
                    }).await;
                }
            )*
        }
    };
}

over_both!(
    a_full_bucket_gives_its_capacity_and_then_one_per_share_of_time,
    a_refusal_takes_nothing,
    a_bucket_never_holds_more_than_its_capacity,
    more_than_a_bucket_holds_is_never_given,
    without_limits_nothing_is_refused,
);

type Limits = Box<dyn LimitStore>;

fn clock() -> Clock {
    Clock::tokio(Timestamp(1_700_000_000_000))
}

fn shared(redis: Redis, unlimited: bool) -> RedisLimits {
    let local = Arc::new(MemoryLimits::new(clock(), false));
    RedisLimits::new(redis, local, clock(), unlimited)
}

/// One that waits for Redis, however busy this machine is, and never counts by itself.
fn patient(redis: Redis, unlimited: bool) -> RedisLimits {
    shared(redis, unlimited).with_patience(PATIENCE)
}

async fn take(limits: &Limits, key: &str, cost: u32) -> Option<Duration> {
    let taken = limits.take(key, BUCKET, cost).await;
    taken.expect("the store answers")
}

/// That one waits for what is left of a share, of which so much is over at least, and at most all since
/// the bucket was full.
async fn must_wait(limits: &Limits, key: &str, over: Duration, full: Instant) {
    let wait = take(limits, key, 1).await.expect("a refusal");
    let least = SHARE.saturating_sub(full.elapsed());
    let most = SHARE.saturating_sub(over);
    assert!(
        (least..=most).contains(&wait),
        "{wait:?}, not {least:?} to {most:?}"
    );
}

async fn a_full_bucket_gives_its_capacity_and_then_one_per_share_of_time(
    open: impl Fn(bool) -> Limits,
) {
    let limits = open(false);
    let full = Instant::now();
    for _ in 0..3 {
        assert_eq!(take(&limits, "a", 1).await, None);
    }
    must_wait(&limits, "a", Duration::ZERO, full).await;
    assert_eq!(take(&limits, "b", 1).await, None, "another key has its own");

    tokio::time::sleep(SHARE / 3).await;
    must_wait(&limits, "a", SHARE / 3, full).await;
    tokio::time::sleep(SHARE - SHARE / 3).await;
    assert_eq!(take(&limits, "a", 1).await, None);
    assert!(take(&limits, "a", 1).await.is_some());
}

async fn a_refusal_takes_nothing(open: impl Fn(bool) -> Limits) {
    let limits = open(false);
    assert_eq!(take(&limits, "a", 2).await, None);
    assert!(take(&limits, "a", 2).await.is_some());
    assert_eq!(take(&limits, "a", 1).await, None);
}

async fn a_bucket_never_holds_more_than_its_capacity(open: impl Fn(bool) -> Limits) {
    let limits = open(false);
    assert_eq!(take(&limits, "a", 1).await, None);
    tokio::time::sleep(SHARE * 2).await;
    for _ in 0..3 {
        assert_eq!(take(&limits, "a", 1).await, None);
    }
    assert!(take(&limits, "a", 1).await.is_some());
}

async fn more_than_a_bucket_holds_is_never_given(open: impl Fn(bool) -> Limits) {
    let limits = open(false);
    assert!(take(&limits, "a", 4).await.is_some());
    assert_eq!(take(&limits, "a", 3).await, None);
}

async fn without_limits_nothing_is_refused(open: impl Fn(bool) -> Limits) {
    let limits = open(true);
    for _ in 0..100 {
        assert_eq!(take(&limits, "a", 1).await, None);
    }
}

const DAILY: Bucket = Bucket {
    capacity: 20,
    refill: Duration::from_secs(24 * 3600),
};

fn redis_at(url: &str) -> Redis {
    Redis::new(&RedisSettings {
        url: SecretString::from(url.to_owned()),
        prefix: String::new(),
        connections: 2,
        timeout: Duration::from_secs(10),
    })
    .expect("settings")
}

async fn given(stores: &[RedisLimits], calls: usize) -> usize {
    let takes = (0..calls).map(|call| stores[call % stores.len()].take("shared", DAILY, 1));
    let taken = futures_util::future::join_all(takes).await;
    let taken = taken.into_iter().map(|taken| taken.expect("an answer"));
    taken.filter(Option::is_none).count()
}

#[tokio::test]
async fn nodes_share_their_buckets() {
    let servers = Distributed::new().await;
    let nodes = [(); 3].map(|()| patient(servers.redis.clone(), false));
    assert_eq!(given(&nodes, 100).await, 20);
}

#[tokio::test]
async fn without_redis_each_node_has_its_own() {
    let refused = shared(redis_at("redis://127.0.0.1:1"), false);
    assert_eq!(given(&[refused], 50).await, 20);
}

/// One who connects and says nothing must not hold up every request for as long as it may take.
#[tokio::test]
async fn a_silent_redis_is_asked_once_and_then_left_alone() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let silent = silent.expect("a port");
    let port = silent.local_addr().expect("an address").port();
    let redis = redis_at(&format!("redis://127.0.0.1:{port}"));
    let limits = [shared(redis, false)];
    let begun = tokio::time::Instant::now();
    let mut taken = 0;
    for _ in 0..50 {
        taken += given(&limits, 1).await;
    }
    assert_eq!(taken, 20);
    assert!(begun.elapsed() < Duration::from_secs(3));
}
