//! Who is online, and when the others were last seen.

use std::time::Duration;

use troupe::id::UserId;
use troupe::storage::presence::Seen;

use super::backend::{Backend, Opened};
use super::stage::at;

over_every_backend!(
    a_change_is_told_from_a_repeat,
    last_seen_never_goes_back,
    answers_come_in_the_order_asked,
    last_seen_survives_and_online_does_not,
    who_went_is_not_brought_back,
);

impl Opened {
    async fn seen(&self, user: UserId) -> Seen {
        let found = self.presence.find(vec![user]).await.expect("found");
        assert_eq!((found.len(), found[0].user_id), (1, user));
        found[0]
    }
}

async fn a_change_is_told_from_a_repeat(backend: &impl Backend) {
    let (stores, user) = (backend.open(), UserId::new());
    let update = async |online, second| {
        stores
            .presence
            .update(user, online, at(second))
            .await
            .expect("kept")
    };
    assert!(update(true, 1).await);
    assert!(!update(true, 2).await);
    assert!(stores.seen(user).await.online);
    assert!(update(false, 3).await);
    assert!(!update(false, 4).await);
    assert!(!stores.seen(user).await.online);
    assert!(update(true, 5).await);
}

async fn last_seen_never_goes_back(backend: &impl Backend) {
    let (stores, user) = (backend.open(), UserId::new());
    for second in [50, 40, 60, 10] {
        stores
            .presence
            .update(user, false, at(second))
            .await
            .expect("kept");
    }
    assert_eq!(stores.seen(user).await.last_seen, Some(at(60)));
}

async fn answers_come_in_the_order_asked(backend: &impl Backend) {
    let stores = backend.open();
    let users: Vec<UserId> = (0..40).map(|_| UserId::new()).rev().collect();
    stores
        .presence
        .update(users[7], true, at(1))
        .await
        .expect("kept");
    stores
        .presence
        .update(users[8], false, at(2))
        .await
        .expect("kept");
    let found = stores.presence.find(users.clone()).await.expect("found");
    let order: Vec<UserId> = found.iter().map(|seen| seen.user_id).collect();
    assert_eq!(order, users, "a stranger is answered too");
    for (index, seen) in found.iter().enumerate() {
        assert_eq!(seen.online, index == 7);
        assert_eq!(seen.last_seen, (index == 8).then(|| at(2)));
    }
}

async fn last_seen_survives_and_online_does_not(backend: &impl Backend) {
    let user = UserId::new();
    let stores = backend.open();
    stores
        .presence
        .update(user, false, at(9))
        .await
        .expect("kept");
    stores
        .presence
        .update(user, true, at(10))
        .await
        .expect("kept");
    drop(stores);
    tokio::time::sleep(backend.presence_life() + Duration::from_millis(100)).await;
    let seen = backend.open().seen(user).await;
    assert_eq!((seen.online, seen.last_seen), (false, Some(at(9))));
}

async fn who_went_is_not_brought_back(backend: &impl Backend) {
    let (stores, user) = (backend.open(), UserId::new());
    let presence = &stores.presence;
    presence.update(user, true, at(1)).await.expect("kept");
    presence.refresh(vec![user]).await.expect("refreshed");
    assert!(stores.seen(user).await.online);
    assert!(presence.update(user, false, at(2)).await.expect("kept"));
    presence.refresh(vec![user]).await.expect("refreshed");
    assert!(!stores.seen(user).await.online);
}

/// What only several nodes, or one that died, can show.
mod on_redis {
    use std::time::Duration;

    use deadpool_redis::redis::cmd;
    use troupe::clock::Timestamp;
    use troupe::id::UserId;
    use troupe::storage::distributed::presence::{LIFE, RedisPresence};
    use troupe::storage::presence::{PresenceStore, Seen};
    use uuid::Uuid;

    use crate::contract::distributed::Distributed;
    use crate::contract::stage::at;

    fn node(servers: &Distributed, life: Duration) -> RedisPresence {
        RedisPresence::with_life(servers.redis.clone(), Uuid::new_v4(), life)
    }

    async fn seen(node: &RedisPresence, user: UserId) -> Seen {
        node.find(vec![user]).await.expect("found")[0]
    }

    #[tokio::test]
    async fn one_is_gone_when_the_last_node_says_so() {
        let servers = Distributed::new().await;
        let (one, other) = (node(&servers, LIFE), node(&servers, LIFE));
        let user = UserId::new();
        let kept = async |node: &RedisPresence, online, millis| {
            node.update(user, online, at(millis)).await.expect("kept")
        };
        assert!(kept(&one, true, 1).await);
        assert!(!kept(&other, true, 2).await, "he was there");
        assert!(!kept(&one, false, 3).await, "he is there");
        assert!(seen(&one, user).await.online);
        assert!(kept(&other, false, 4).await);
        let last = seen(&one, user).await;
        assert_eq!((last.online, last.last_seen), (false, Some(at(4))));
    }

    #[tokio::test]
    async fn a_node_that_died_is_forgotten() {
        let servers = Distributed::new().await;
        let (dead, alive) = (
            node(&servers, Duration::from_secs(5)),
            node(&servers, Duration::from_secs(60)),
        );
        let (user, both) = (UserId::new(), UserId::new());
        for user in [user, both] {
            dead.update(user, true, at(1)).await.expect("kept");
        }
        alive.update(both, true, at(1)).await.expect("kept");
        assert!(seen(&alive, user).await.online);
        tokio::time::sleep(Duration::from_millis(5100)).await;
        assert!(!seen(&alive, user).await.online);
        assert!(seen(&alive, both).await.online);
        assert!(alive.update(both, false, at(2)).await.expect("kept"));
        assert!(alive.update(user, true, at(2)).await.expect("kept"));
    }

    #[tokio::test]
    async fn who_is_refreshed_stays() {
        let servers = Distributed::new().await;
        let node = node(&servers, Duration::from_secs(2));
        let users: Vec<UserId> = (0..450).map(|_| UserId::new()).collect();
        let (first, last) = (users[0], users[449]);
        for user in [first, last] {
            node.update(user, false, at(7)).await.expect("kept");
            node.update(user, true, at(8)).await.expect("kept");
        }
        for _ in 0..5 {
            tokio::time::sleep(Duration::from_millis(600)).await;
            node.refresh(users.clone()).await.expect("refreshed");
        }
        for user in [first, last] {
            let seen = seen(&node, user).await;
            assert_eq!((seen.online, seen.last_seen), (true, Some(at(7))));
        }
        assert!(seen(&node, users[200]).await.online, "nothing was known");
    }

    #[tokio::test]
    async fn others_read_it_under_its_own_key_for_five_minutes() {
        let servers = Distributed::new().await;
        let node = RedisPresence::new(servers.redis.clone(), Uuid::new_v4());
        let user = UserId::new();
        let key = servers.redis.key(format_args!("presence:{user}"));
        let shown = async || {
            let mut connection = servers.redis.connection().await.expect("Redis runs");
            let get = cmd("GET").arg(&key).query_async(&mut connection).await;
            let text: String = get.expect("a value");
            let ttl = cmd("PTTL").arg(&key).query_async(&mut connection).await;
            let ttl: i64 = ttl.expect("a time");
            assert!((290_000..=300_000).contains(&ttl), "{ttl}");
            serde_json::from_str::<serde_json::Value>(&text).expect("JSON")
        };
        node.update(user, true, at(1)).await.expect("kept");
        let time = |shown: &serde_json::Value| {
            let text = shown["last_seen"].as_str().expect("a time");
            let time = chrono::DateTime::parse_from_rfc3339(text).expect("RFC 3339");
            assert!(text.ends_with('Z'), "{text}");
            time.timestamp_millis()
        };
        let online = shown().await;
        assert_eq!(online["online"], true);
        let now = troupe::clock::Clock::System.now().0;
        assert!((time(&online) - now).abs() < 60_000, "seen now: {online}");
        for at in [
            at(2),
            at(951_782_400_123),
            Timestamp(4_107_542_399_999),
            Timestamp(4_107_542_400_000),
        ] {
            node.update(user, false, at).await.expect("kept");
            let gone = shown().await;
            assert_eq!((&gone["online"], time(&gone)), (&false.into(), at.0));
            assert_eq!(gone.as_object().expect("an object").len(), 2);
        }
        node.update(user, true, at(3)).await.expect("kept");
        let before = shown().await;
        tokio::time::sleep(Duration::from_millis(20)).await;
        node.refresh(vec![user]).await.expect("refreshed");
        assert!(
            time(&shown().await) > time(&before),
            "a heartbeat renews it"
        );
    }
}
