//! What is kept under an `Idempotency-Key`.

use troupe::id::UserId;
use troupe::storage::idempotency::{KEY_LIFE, Kept, KeyOf};

use super::backend::Backend;
use super::stage::at;

over_every_backend!(
    the_first_answer_stays,
    a_key_is_one_accounts_and_one_calls,
    a_key_runs_out,
    of_two_at_once_one_is_first,
);

fn key(user_id: UserId, call: &'static str) -> KeyOf {
    KeyOf {
        user_id,
        call,
        key: "ключ 1".to_owned(),
    }
}

fn kept(answer: &[u8], is_repeat: bool) -> Kept {
    Kept {
        answer: answer.to_vec(),
        is_repeat,
    }
}

async fn the_first_answer_stays(backend: &dyn Backend) {
    let store = backend.open().idempotency;
    let key = key(UserId::new(), "forward");
    assert_eq!(store.find(key.clone(), at(0)).await.expect("read"), None);
    let first = store.insert(key.clone(), b"one".to_vec(), at(0)).await;
    assert_eq!(first.expect("kept"), kept(b"one", false));
    let again = store.insert(key.clone(), b"two".to_vec(), at(1)).await;
    assert_eq!(again.expect("kept"), kept(b"one", true));
    let store = backend.open().idempotency;
    let found = store.find(key, at(2)).await.expect("read");
    assert_eq!(found.as_deref(), Some(b"one".as_slice()));
}

async fn a_key_is_one_accounts_and_one_calls(backend: &dyn Backend) {
    let store = backend.open().idempotency;
    let user = UserId::new();
    for key in [
        key(user, "forward"),
        key(user, "other"),
        key(UserId::new(), "forward"),
    ] {
        let first = store.insert(key, b"one".to_vec(), at(0)).await;
        assert!(!first.expect("kept").is_repeat);
    }
}

async fn a_key_runs_out(backend: &dyn Backend) {
    let store = backend.open().idempotency;
    let key = key(UserId::new(), "forward");
    let first = store.insert(key.clone(), b"one".to_vec(), at(0)).await;
    first.expect("kept");
    let last = at(0) + KEY_LIFE;
    assert!(store.find(key.clone(), last).await.expect("read").is_some());
    let late = at(1) + KEY_LIFE;
    assert_eq!(store.find(key.clone(), late).await.expect("read"), None);
    let anew = store.insert(key.clone(), b"two".to_vec(), late).await;
    assert_eq!(anew.expect("kept"), kept(b"two", false));
    let found = store.find(key, late).await.expect("read");
    assert_eq!(found.as_deref(), Some(b"two".as_slice()));
}

async fn of_two_at_once_one_is_first(backend: &dyn Backend) {
    let store = backend.open().idempotency;
    let key = key(UserId::new(), "forward");
    let answers = ["one", "two", "three", "four"];
    let kept = answers.map(|answer| store.insert(key.clone(), answer.into(), at(0)));
    let kept = futures_util::future::join_all(kept).await;
    let kept: Vec<Kept> = kept.into_iter().map(|kept| kept.expect("kept")).collect();
    assert_eq!(kept.iter().filter(|kept| !kept.is_repeat).count(), 1);
    assert!(kept.iter().all(|one| one.answer == kept[0].answer));
}
