//! Presence in Redis: who has sockets on which node, and when the others were last seen.
//!
//! - `presence:<user>`: what others see, `{"online":true,"last_seen":"2026-02-18T12:00:00.000Z"}`,
//!   300 s long; heartbeats renew it.
//! - `presence:nodes:<user>`: the nodes he has sockets on, by when each is forgotten unless it says
//!   so again. One that died without a word goes so.
//! - `last_seen:<user>`: kept for good.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::{Script, cmd};
use serde::Deserialize;
use uuid::Uuid;

use super::redis::Redis;
use crate::clock::Timestamp;
use crate::id::UserId;
use crate::storage::presence::{PresenceStore, Seen};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// How long a node's word holds, and what others see with it.
pub const LIFE: Duration = Duration::from_secs(300);
/// How many people a script refreshes before others have their turn.
const REFRESHED_AT_ONCE: usize = 200;

/// What the scripts share. `show` writes what others see: as long as the node that is forgotten
/// last holds, or a whole life when there is none.
const SHARED: &str = "
    local function now()
        local time = redis.call('TIME')
        return time[1] * 1000 + math.floor(time[2] / 1000)
    end
    local function forget(nodes, at)
        redis.call('ZREMRANGEBYSCORE', nodes, '-inf', string.format('%.0f', at))
        return redis.call('ZCARD', nodes)
    end
    local function hold(nodes, node, at, life)
        redis.call('ZADD', nodes, string.format('%.0f', at + life), node)
        redis.call('PEXPIRE', nodes, string.format('%.0f', life))
    end
    local function written(ms)
        local seconds = math.floor(ms / 1000)
        local day = math.floor(seconds / 86400)
        local second = seconds - day * 86400
        -- Days since the first of March of year 0, by eras of 400 years.
        local since = day + 719468
        local era = math.floor(since / 146097)
        local of_era = since - era * 146097
        local year = math.floor((of_era - math.floor(of_era / 1460) + math.floor(of_era / 36524)
            - math.floor(of_era / 146096)) / 365)
        local of_year = of_era - (365 * year + math.floor(year / 4) - math.floor(year / 100))
        local month = math.floor((5 * of_year + 2) / 153)
        local date = of_year - math.floor((153 * month + 2) / 5) + 1
        month = month < 10 and month + 3 or month - 9
        year = year + era * 400 + (month <= 2 and 1 or 0)
        return string.format('%04d-%02d-%02dT%02d:%02d:%02d.%03dZ', year, month, date,
            math.floor(second / 3600), math.floor(second % 3600 / 60), second % 60, ms % 1000)
    end
    local function show(presence, nodes, seen_at, at, life)
        local last = redis.call('ZREVRANGE', nodes, 0, 0, 'WITHSCORES')
        local online = last[2] ~= nil
        if online then life = math.max(tonumber(last[2]) - at, 1) end
        -- Who is online is seen now.
        if online then seen_at = at end
        local last_seen = seen_at and '\"' .. written(tonumber(seen_at)) .. '\"' or 'null'
        local json = string.format('{\"online\":%s,\"last_seen\":%s}',
            tostring(online), last_seen)
        redis.call('SET', presence, json, 'PX', string.format('%.0f', life))
    end
";

/// `KEYS`: presence, nodes, last seen. `ARGV`: node, life, whether he is online there, the time of
/// that. Answers whether he came or went.
static UPDATE: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local at, life = now(), tonumber(ARGV[2])
         local before = forget(KEYS[2], at)
         local seen_at = redis.call('GET', KEYS[3])
         if ARGV[3] == '1' then
             hold(KEYS[2], ARGV[1], at, life)
         else
             redis.call('ZREM', KEYS[2], ARGV[1])
             if not seen_at or tonumber(seen_at) < tonumber(ARGV[4]) then
                 seen_at = ARGV[4]
                 redis.call('SET', KEYS[3], seen_at)
             end
         end
         show(KEYS[1], KEYS[2], seen_at, at, life)
         local after = redis.call('ZCARD', KEYS[2])
         return (before > 0) ~= (after > 0) and 1 or 0",
    )
});

/// `KEYS`: presence, nodes and last seen of each person. `ARGV`: node, life. Who went meanwhile
/// stays away: it is known of him, as nothing is when Redis lost what it had.
static REFRESH: LazyLock<Script> = LazyLock::new(|| {
    script(
        "local at, life = now(), tonumber(ARGV[2])
         for first = 1, #KEYS, 3 do
             local presence, nodes, last_seen = KEYS[first], KEYS[first + 1], KEYS[first + 2]
             if redis.call('ZSCORE', nodes, ARGV[1]) or redis.call('EXISTS', presence) == 0 then
                 forget(nodes, at)
                 hold(nodes, ARGV[1], at, life)
                 show(presence, nodes, redis.call('GET', last_seen), at, life)
             end
         end",
    )
});

fn script(body: &str) -> Script {
    Script::new(&format!("{SHARED}{body}"))
}

/// What `presence:<user>` holds.
#[derive(Deserialize)]
struct Shown {
    online: bool,
}

#[derive(Clone)]
pub struct RedisPresence {
    redis: Redis,
    node: Uuid,
    life: Duration,
}

impl RedisPresence {
    /// `node` is this process, a new one each time it starts.
    pub fn new(redis: Redis, node: Uuid) -> Self {
        Self::with_life(redis, node, LIFE)
    }

    /// As [`new`](Self::new), with a word that holds shorter or longer than [`LIFE`].
    pub fn with_life(redis: Redis, node: Uuid, life: Duration) -> Self {
        Self { redis, node, life }
    }

    fn presence(&self, user_id: UserId) -> String {
        self.redis.key(format_args!("presence:{user_id}"))
    }

    fn nodes(&self, user_id: UserId) -> String {
        self.redis.key(format_args!("presence:nodes:{user_id}"))
    }

    fn last_seen(&self, user_id: UserId) -> String {
        self.redis.key(format_args!("last_seen:{user_id}"))
    }

    fn life_ms(&self) -> u64 {
        u64::try_from(self.life.as_millis()).unwrap_or(u64::MAX)
    }
}

#[async_trait]
impl PresenceStore for RedisPresence {
    async fn update(&self, user_id: UserId, online: bool, at: Timestamp) -> StoreResult<bool> {
        let mut call = UPDATE.prepare_invoke();
        call.key(self.presence(user_id));
        call.key(self.nodes(user_id));
        call.key(self.last_seen(user_id));
        call.arg(self.node.to_string()).arg(self.life_ms());
        call.arg(u8::from(online)).arg(at.0);
        let mut connection = self.redis.connection().await?;
        self.redis.answer(call.invoke_async(&mut connection)).await
    }

    async fn refresh(&self, user_ids: Vec<UserId>) -> StoreResult<()> {
        for some in user_ids.chunks(REFRESHED_AT_ONCE) {
            let mut call = REFRESH.prepare_invoke();
            for user_id in some {
                call.key(self.presence(*user_id));
                call.key(self.nodes(*user_id));
                call.key(self.last_seen(*user_id));
            }
            call.arg(self.node.to_string()).arg(self.life_ms());
            let mut connection = self.redis.connection().await?;
            let answer = call.invoke_async(&mut connection);
            self.redis.answer::<()>(answer).await?;
        }
        Ok(())
    }

    async fn remove(&self, user_id: UserId) -> StoreResult<()> {
        let mut remove = cmd("DEL");
        remove.arg(self.presence(user_id));
        remove.arg(self.nodes(user_id));
        remove.arg(self.last_seen(user_id));
        let mut connection = self.redis.connection().await?;
        self.redis.answer(remove.query_async(&mut connection)).await
    }

    async fn find(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Seen>> {
        if user_ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut query = cmd("MGET");
        for user_id in &user_ids {
            query.arg(self.presence(*user_id));
            query.arg(self.last_seen(*user_id));
        }
        let mut connection = self.redis.connection().await?;
        let answer = query.query_async(&mut connection);
        let values: Vec<Option<String>> = self.redis.answer(answer).await?;
        user_ids
            .into_iter()
            .zip(values.chunks_exact(2))
            .map(|(user_id, pair)| seen(user_id, pair))
            .collect()
    }
}

/// `pair`: what others see of him, and when he was last seen.
fn seen(user_id: UserId, pair: &[Option<String>]) -> StoreResult<Seen> {
    let [shown, last_seen] = pair else {
        return Err(broken(format!("{} values for one person", pair.len())));
    };
    let online = match shown {
        Some(json) => {
            serde_json::from_str::<Shown>(json)
                .map_err(|error| broken(error.to_string()))?
                .online
        }
        None => false,
    };
    let last_seen = match last_seen {
        Some(millis) => Some(
            millis
                .parse()
                .map(Timestamp)
                .map_err(|error: std::num::ParseIntError| broken(error.to_string()))?,
        ),
        None => None,
    };
    Ok(Seen {
        user_id,
        online,
        last_seen,
    })
}

fn broken(message: String) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "redis",
        message,
    }
}
