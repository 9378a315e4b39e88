//! Codes and tickets: short-lived, used once, whoever races for them.

use troupe::domain::phone::Phone;
use troupe::id::{SessionId, UserId};
use troupe::storage::codes::{NewCode, Ticket};

use super::backend::{Backend, Opened};
use super::stage::{START, at};

over_every_backend!(
    a_code_is_accepted_once,
    of_parallel_guesses_five_are_evaluated,
    two_parallel_accepts_have_one_winner,
    the_last_wrong_guess_destroys_the_code,
    a_code_is_good_for_its_phone_and_time,
    another_code_may_be_asked_for_later,
    a_ticket_opens_once_and_in_time,
    what_ended_is_swept,
);

const RIGHT: [u8; 32] = [1; 32];
const WRONG: [u8; 32] = [2; 32];

fn phone(last: u32) -> Phone {
    Phone::from_store(format!("+120255501{last:02}"))
}

fn code(last: u32) -> NewCode {
    NewCode {
        phone: phone(last),
        hash: RIGHT,
        resend_at: at(30_000),
        expires_at: at(300_000),
        at: START,
    }
}

impl Opened {
    async fn guess(&self, last: u32, guess: [u8; 32], millis: i64) -> bool {
        let accepted = self.codes.accept(phone(last), guess, 5, at(millis)).await;
        accepted.unwrap()
    }
}

async fn a_code_is_accepted_once(backend: &dyn Backend) {
    let stores = backend.open();
    assert!(!stores.guess(1, RIGHT, 1).await, "none was asked for");
    assert_eq!(stores.codes.insert(code(1)).await.unwrap(), None);
    assert!(!stores.guess(1, WRONG, 1).await);
    assert!(stores.guess(1, RIGHT, 2).await);
    assert!(!stores.guess(1, RIGHT, 3).await);
}

/// So many wrong ones at once, then the right one: it wins only when it is among the first five.
async fn of_parallel_guesses_five_are_evaluated(backend: &dyn Backend) {
    let (stores, others) = (backend.open(), backend.open());
    for wrong in 0..50_usize {
        let last = wrong as u32;
        stores.codes.insert(code(last)).await.unwrap();
        let guesses = (0..wrong).map(|place| {
            let stores = if place % 2 == 0 { &stores } else { &others };
            stores.guess(last, WRONG, 1)
        });
        let accepted = futures_util::future::join_all(guesses).await;
        assert!(!accepted.contains(&true));
        let accepted = stores.guess(last, RIGHT, 1).await;
        assert_eq!(accepted, wrong < 5, "after {wrong} wrong ones");
    }
}

async fn two_parallel_accepts_have_one_winner(backend: &dyn Backend) {
    let (stores, others) = (backend.open(), backend.open());
    for last in 0..20 {
        stores.codes.insert(code(last)).await.unwrap();
        let (one, other) = tokio::join!(stores.guess(last, RIGHT, 1), others.guess(last, RIGHT, 1));
        assert_ne!(one, other);
    }
}

async fn the_last_wrong_guess_destroys_the_code(backend: &dyn Backend) {
    let stores = backend.open();
    stores.codes.insert(code(1)).await.unwrap();
    for _ in 0..5 {
        assert!(!stores.guess(1, WRONG, 1).await);
    }
    assert!(!stores.guess(1, RIGHT, 1).await);
    let next = NewCode {
        at: at(30_000),
        resend_at: at(60_000),
        ..code(1)
    };
    assert_eq!(stores.codes.insert(next).await.unwrap(), None);
    assert!(
        stores.guess(1, RIGHT, 30_001).await,
        "a new code counts anew"
    );
}

async fn a_code_is_good_for_its_phone_and_time(backend: &dyn Backend) {
    let stores = backend.open();
    stores.codes.insert(code(1)).await.unwrap();
    assert!(!stores.guess(2, RIGHT, 1).await);
    assert!(!stores.guess(1, RIGHT, 300_000).await);
    assert!(stores.guess(1, RIGHT, 299_999).await, "time, not a guess");
}

async fn another_code_may_be_asked_for_later(backend: &dyn Backend) {
    let stores = backend.open();
    stores.codes.insert(code(1)).await.unwrap();
    assert!(stores.guess(1, RIGHT, 1).await);
    let soon = NewCode {
        at: at(29_999),
        ..code(1)
    };
    let refused = stores.codes.insert(soon).await.unwrap();
    assert_eq!(refused, Some(at(30_000)), "used or not");
    for (millis, expected) in [(0, Some(at(30_000))), (30_000, None)] {
        let later = stores.codes.find_resend_at(phone(1), at(millis)).await;
        assert_eq!(later.unwrap(), expected);
    }
    let calls = (0..10).map(|_| {
        stores.codes.insert(NewCode {
            at: at(30_000),
            resend_at: at(60_000),
            ..code(1)
        })
    });
    let kept = futures_util::future::join_all(calls).await;
    let kept = kept.iter().filter(|kept| matches!(kept, Ok(None))).count();
    assert_eq!(kept, 1, "of parallel requests one is kept");
}

async fn a_ticket_opens_once_and_in_time(backend: &dyn Backend) {
    let stores = backend.open();
    let ticket = Ticket {
        user_id: UserId::new(),
        session_id: SessionId::new(),
        token_expires_at: at(86_400_000),
    };
    let codes = &stores.codes;
    codes
        .insert_ticket(RIGHT, ticket, at(30_000))
        .await
        .unwrap();
    let takes = (0..10).map(|_| codes.remove_ticket(RIGHT, at(1)));
    let taken = futures_util::future::join_all(takes).await;
    let taken: Vec<Ticket> = taken.into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(taken, [ticket]);

    codes
        .insert_ticket(WRONG, ticket, at(30_000))
        .await
        .unwrap();
    let late = codes.remove_ticket(WRONG, at(30_000)).await.unwrap();
    assert_eq!(late, None);
}

async fn what_ended_is_swept(backend: &dyn Backend) {
    let stores = backend.open();
    stores.codes.insert(code(1)).await.unwrap();
    let ticket = Ticket {
        user_id: UserId::new(),
        session_id: SessionId::new(),
        token_expires_at: at(1),
    };
    let codes = &stores.codes;
    codes
        .insert_ticket(RIGHT, ticket, at(30_000))
        .await
        .unwrap();
    assert_eq!(codes.sweep(at(30_000)).await.unwrap(), 0);
    assert_eq!(codes.sweep(at(30_001)).await.unwrap(), 1);
    assert_eq!(codes.sweep(at(300_001)).await.unwrap(), 1);
}

/// What only a server can show.
mod on_redis {
    use std::time::Duration;

    use deadpool_redis::redis::cmd;
    use secrecy::SecretString;
    use troupe::storage::StoreErrorKind;
    use troupe::storage::codes::CodeStore;
    use troupe::storage::distributed::codes::RedisCodes;
    use troupe::storage::distributed::redis::{Redis, RedisSettings};

    use super::{RIGHT, code, phone};
    use crate::contract::distributed::Distributed;
    use crate::contract::stage::at;

    #[tokio::test]
    async fn redis_forgets_a_code_that_nobody_sweeps() {
        let servers = Distributed::new().await;
        let codes = RedisCodes(servers.redis.clone());
        codes.insert(code(1)).await.unwrap();
        let key = servers.redis.key(format_args!("otp:{}", phone(1).as_str()));
        let mut connection = servers.redis.connection().await.unwrap();
        let ttl = cmd("PTTL").arg(&key).query_async(&mut connection).await;
        let ttl: i64 = ttl.unwrap();
        assert!((290_000..=300_000).contains(&ttl), "{ttl}");

        let mut short = code(2);
        short.resend_at = short.at + Duration::from_millis(50);
        short.expires_at = short.at + Duration::from_millis(100);
        codes.insert(short).await.unwrap();
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!codes.accept(phone(2), RIGHT, 5, at(1)).await.unwrap());
        assert_eq!(codes.sweep(at(200)).await.unwrap(), 0, "it is gone");
    }

    #[tokio::test]
    async fn without_redis_codes_are_unavailable() {
        let nowhere = Redis::new(&RedisSettings {
            url: SecretString::from("redis://127.0.0.1:1"),
            prefix: String::new(),
            connections: 1,
            timeout: Duration::from_secs(2),
        });
        let codes = RedisCodes(nowhere.unwrap());
        let refused = codes.insert(code(1)).await.unwrap_err();
        assert_eq!(refused.kind, StoreErrorKind::Unavailable);
        let refused = codes.accept(phone(1), RIGHT, 5, at(1)).await.unwrap_err();
        assert_eq!(refused.kind, StoreErrorKind::Unavailable);
    }
}
