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

/// The right one is among fifty guesses, in each place in turn: it wins from the first five only.
async fn of_parallel_guesses_five_are_evaluated(backend: &dyn Backend) {
    let stores = backend.open();
    for (last, place) in (0..50)
        .enumerate()
        .map(|(last, place)| (last as u32, place))
    {
        let new = NewCode {
            phone: phone(last),
            ..code(last)
        };
        stores.codes.insert(new).await.unwrap();
        let guesses = (0..50).map(|guess| {
            let hash = if guess == place { RIGHT } else { WRONG };
            stores.guess(last, hash, 1)
        });
        let accepted = futures_util::future::join_all(guesses).await;
        let accepted = accepted.iter().filter(|accepted| **accepted).count();
        assert_eq!(accepted, usize::from(place < 5), "in place {place}");
    }
}

async fn two_parallel_accepts_have_one_winner(backend: &dyn Backend) {
    let stores = backend.open();
    stores.codes.insert(code(1)).await.unwrap();
    let (one, other) = tokio::join!(stores.guess(1, RIGHT, 1), stores.guess(1, RIGHT, 1));
    assert_ne!(one, other);
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
