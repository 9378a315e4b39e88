//! Who is online, and when the others were last seen.

use troupe::id::UserId;
use troupe::storage::presence::Seen;

use super::backend::{Backend, Opened};
use super::stage::at;

over_every_backend!(
    a_change_is_told_from_a_repeat,
    last_seen_never_goes_back,
    answers_come_in_the_order_asked,
    last_seen_survives_and_online_does_not,
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
    let seen = backend.open().seen(user).await;
    assert_eq!((seen.online, seen.last_seen), (false, Some(at(9))));
}
