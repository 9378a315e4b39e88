//! Codes and tickets in Redis, each call one script: Redis runs one at a time.
//!
//! Whether something has ended is judged by the times kept with it, which are the callers'. Redis
//! only forgets what nobody swept.

use std::sync::LazyLock;
use std::time::Duration;

use async_trait::async_trait;
use deadpool_redis::redis::{FromRedisValue, Script, ScriptInvocation};

use super::redis::Redis;
use crate::clock::Timestamp;
use crate::domain::phone::Phone;
use crate::id::{SessionId, UserId};
use crate::storage::codes::{CodeHash, CodeStore, NewCode, Ticket};
use crate::storage::{StoreError, StoreErrorKind, StoreResult};

/// How long a ticket is kept at most; it ends long before by its own time.
const TICKET_LIFE: Duration = Duration::from_secs(300);
/// How many ended ones a script forgets before others have their turn.
const SWEPT_AT_ONCE: u64 = 500;

/// Answers the time from which on another code may be asked for, nothing when that is now.
static FIND_RESEND_AT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local resend_at = redis.call('HGET', KEYS[1], 'resend_at')
         if resend_at and tonumber(resend_at) > tonumber(ARGV[1]) then return resend_at end
         return false",
    )
});

/// `KEYS`: the code, what ends when. `ARGV`: now, hash, resend time, expiry.
static INSERT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local resend_at = redis.call('HGET', KEYS[1], 'resend_at')
         if resend_at and tonumber(resend_at) > tonumber(ARGV[1]) then return resend_at end
         local ends_at = math.max(tonumber(ARGV[3]), tonumber(ARGV[4]))
         redis.call('HSET', KEYS[1], 'hash', ARGV[2], 'attempts', 0,
             'resend_at', ARGV[3], 'expires_at', ARGV[4])
         redis.call('PEXPIRE', KEYS[1], math.max(ends_at - tonumber(ARGV[1]), 1))
         redis.call('ZADD', KEYS[2], ends_at, KEYS[1])
         return false",
    )
});

/// Counts the guess before it compares. What is compared are keyed hashes, so the time it takes
/// tells nothing. The resend time stays when the code is used up.
static ACCEPT: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local code = redis.call('HMGET', KEYS[1], 'hash', 'attempts', 'expires_at')
         local hash, most = code[1], tonumber(ARGV[2])
         if not hash or tonumber(code[3]) <= tonumber(ARGV[3]) then return 0 end
         if tonumber(code[2]) >= most then return 0 end
         local counted = redis.call('HINCRBY', KEYS[1], 'attempts', 1)
         local is_right = hash == ARGV[1]
         if is_right or counted >= most then redis.call('HDEL', KEYS[1], 'hash') end
         return is_right and 1 or 0",
    )
});

/// `KEYS`: the ticket, what ends when. `ARGV`: user, session, end of the token, expiry, life.
static INSERT_TICKET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "redis.call('HSET', KEYS[1], 'user_id', ARGV[1], 'session_id', ARGV[2],
             'token_expires_at', ARGV[3], 'expires_at', ARGV[4])
         redis.call('PEXPIRE', KEYS[1], ARGV[5])
         redis.call('ZADD', KEYS[2], ARGV[4], KEYS[1])",
    )
});

static REMOVE_TICKET: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local ticket = redis.call('HMGET', KEYS[1],
             'user_id', 'session_id', 'token_expires_at', 'expires_at')
         redis.call('DEL', KEYS[1])
         redis.call('ZREM', KEYS[2], KEYS[1])
         if not ticket[1] or tonumber(ticket[4]) <= tonumber(ARGV[1]) then return false end
         return {ticket[1], ticket[2], ticket[3]}",
    )
});

/// Answers how many it looked at, and how many of those Redis had not yet forgotten itself.
static SWEEP: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        "local ended = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', '(' .. ARGV[1],
             'LIMIT', 0, ARGV[2])
         local removed = 0
         for _, key in ipairs(ended) do
             removed = removed + redis.call('DEL', key)
             redis.call('ZREM', KEYS[1], key)
         end
         return {#ended, removed}",
    )
});

pub struct RedisCodes(pub Redis);

impl RedisCodes {
    async fn run<T: FromRedisValue>(&self, call: &ScriptInvocation<'_>) -> StoreResult<T> {
        let mut connection = self.0.connection().await?;
        self.0.answer(call.invoke_async(&mut connection)).await
    }

    fn code(&self, phone: &Phone) -> String {
        self.0.key(format_args!("otp:{}", phone.as_str()))
    }

    fn ticket(&self, hash: &CodeHash) -> String {
        self.0.key(format_args!("ticket:{}", hex::encode(hash)))
    }

    /// Keys by when they end, so that a sweep by the callers' clock need not look for them.
    fn ends(&self) -> String {
        self.0.key("codes:ends")
    }
}

#[async_trait]
impl CodeStore for RedisCodes {
    async fn find_resend_at(&self, phone: Phone, now: Timestamp) -> StoreResult<Option<Timestamp>> {
        let mut call = FIND_RESEND_AT.prepare_invoke();
        call.key(self.code(&phone)).arg(now.0);
        let later: Option<i64> = self.run(&call).await?;
        Ok(later.map(Timestamp))
    }

    async fn insert(&self, new: NewCode) -> StoreResult<Option<Timestamp>> {
        let mut call = INSERT.prepare_invoke();
        call.key(self.code(&new.phone)).key(self.ends());
        call.arg(new.at.0).arg(new.hash.as_slice());
        call.arg(new.resend_at.0).arg(new.expires_at.0);
        let later: Option<i64> = self.run(&call).await?;
        Ok(later.map(Timestamp))
    }

    async fn accept(
        &self,
        phone: Phone,
        guess: CodeHash,
        attempts: u32,
        at: Timestamp,
    ) -> StoreResult<bool> {
        let mut call = ACCEPT.prepare_invoke();
        call.key(self.code(&phone));
        call.arg(guess.as_slice()).arg(attempts).arg(at.0);
        self.run(&call).await
    }

    async fn insert_ticket(
        &self,
        hash: CodeHash,
        ticket: Ticket,
        expires_at: Timestamp,
    ) -> StoreResult<()> {
        let life = u64::try_from(TICKET_LIFE.as_millis()).unwrap_or(u64::MAX);
        let mut call = INSERT_TICKET.prepare_invoke();
        call.key(self.ticket(&hash)).key(self.ends());
        call.arg(ticket.user_id.to_string());
        call.arg(ticket.session_id.to_string());
        call.arg(ticket.token_expires_at.0);
        call.arg(expires_at.0).arg(life);
        self.run(&call).await
    }

    async fn remove_ticket(&self, hash: CodeHash, at: Timestamp) -> StoreResult<Option<Ticket>> {
        let mut call = REMOVE_TICKET.prepare_invoke();
        call.key(self.ticket(&hash)).key(self.ends()).arg(at.0);
        let found: Option<(String, String, i64)> = self.run(&call).await?;
        let Some((user_id, session_id, token_expires_at)) = found else {
            return Ok(None);
        };
        Ok(Some(Ticket {
            user_id: user_id.parse::<UserId>().map_err(broken)?,
            session_id: session_id.parse::<SessionId>().map_err(broken)?,
            token_expires_at: Timestamp(token_expires_at),
        }))
    }

    async fn sweep(&self, before: Timestamp) -> StoreResult<u64> {
        let mut swept = 0;
        loop {
            let mut call = SWEEP.prepare_invoke();
            call.key(self.ends()).arg(before.0).arg(SWEPT_AT_ONCE);
            let (seen, removed): (u64, u64) = self.run(&call).await?;
            swept += removed;
            if seen < SWEPT_AT_ONCE {
                return Ok(swept);
            }
        }
    }
}

fn broken(error: uuid::Error) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "redis",
        message: format!("a broken ticket: {error}"),
    }
}
