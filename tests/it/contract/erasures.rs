//! Accounts that are deleted, and what of them goes.

use troupe::domain::leaving::{self, StoreWork, WorkState};
use troupe::domain::phone::Phone;
use troupe::id::{DeviceId, UserId};
use troupe::storage::devices::Device;
use troupe::storage::erasures::Erasure;

use super::backend::{Backend, Opened};
use super::stage::{START, at};

over_every_backend!(
    a_deleted_account_is_found_by_nobody,
    its_phone_is_free,
    its_sessions_and_devices_end,
    an_account_is_deleted_once,
    how_far_it_is_is_kept,
    presence_is_forgotten,
);

fn parts() -> Vec<StoreWork> {
    leaving::begun(&["chats", "media"])
}

impl Opened {
    async fn erase(&self, user: UserId) -> bool {
        self.erasures.insert(user, parts(), at(5)).await.unwrap()
    }
}

async fn a_deleted_account_is_found_by_nobody(backend: &dyn Backend) {
    let stores = backend.open();
    let (gone, other) = (stores.person().await, stores.person().await);
    let phone = stores.users.find(gone).await.unwrap().unwrap().phone;
    assert!(stores.erase(gone).await);
    assert_eq!(stores.users.find(gone).await.unwrap(), None);
    let found = stores.users.find_many(vec![gone, other]).await.unwrap();
    assert_eq!(found.len(), 1);
    let found = stores.users.find_by_phones(vec![phone]).await.unwrap();
    assert_eq!(found, []);
    let relations = stores.contacts.relations(other, vec![gone]).await.unwrap();
    assert!(relations.is_empty(), "nothing of it is shown");
}

async fn its_phone_is_free(backend: &dyn Backend) {
    let stores = backend.open();
    let phone = Phone::parse("+1 202 555 0177", None).unwrap();
    let mut before = UserId::new();
    for _ in 0..3 {
        let inserted = stores.users.insert(phone.clone(), START).await.unwrap();
        assert!(inserted.created && inserted.user.id != before);
        before = inserted.user.id;
        assert!(stores.erase(before).await);
    }
}

async fn its_sessions_and_devices_end(backend: &dyn Backend) {
    let stores = backend.open();
    let gone = stores.person().await;
    let session = stores.sign_in(gone).await;
    let device = Device {
        id: DeviceId::new(),
        user_id: gone,
        session_id: session,
        token: "token".to_owned(),
        platform: troupe::domain::user::Platform::Android,
        created_at: START,
    };
    stores.devices.insert(device).await.unwrap();
    assert!(stores.erase(gone).await);
    let revoked = stores.sessions.revoked_since(at(5)).await.unwrap();
    assert!(revoked.contains(&session), "sockets and tokens hear of it");
    assert_eq!(stores.devices.list(gone, None, 10).await.unwrap(), []);

    // One that was signing in meanwhile.
    let late = stores.sign_in(gone).await;
    stores.erasures.tidy(gone, at(9)).await.unwrap();
    let revoked = stores.sessions.revoked_since(at(9)).await.unwrap();
    assert_eq!(revoked, [late]);
}

async fn an_account_is_deleted_once(backend: &dyn Backend) {
    let stores = backend.open();
    let gone = stores.person().await;
    assert!(stores.erase(gone).await);
    assert!(!stores.erase(gone).await);
    assert!(!stores.erase(UserId::new()).await);
}

async fn how_far_it_is_is_kept(backend: &dyn Backend) {
    let stores = backend.open();
    let (first, second) = (stores.person().await, stores.person().await);
    assert_eq!(stores.erasures.find(first).await.unwrap(), None);
    for (user, moment) in [(first, 1), (second, 2)] {
        let inserted = stores.erasures.insert(user, parts(), at(moment)).await;
        assert!(inserted.unwrap());
    }
    let mut expected = Erasure {
        user_id: first,
        requested_at: at(1),
        finished_at: None,
        parts: parts(),
    };
    let found = stores.erasures.find(first).await.unwrap();
    assert_eq!(found, Some(expected.clone()));
    leaving::set(&mut expected.parts, "chats", WorkState::Ready);
    leaving::set(&mut expected.parts, "media", WorkState::Failed);
    stores.erasures.update(expected.clone()).await.unwrap();
    let ids = |all: Vec<Erasure>| all.iter().map(|one| one.user_id).collect::<Vec<_>>();
    let open = stores.erasures.list_open(10).await.unwrap();
    assert_eq!(open.first(), Some(&expected));
    assert_eq!(ids(open), [first, second], "the oldest first");
    expected.finished_at = Some(at(30));
    stores.erasures.update(expected.clone()).await.unwrap();
    assert_eq!(ids(stores.erasures.list_open(10).await.unwrap()), [second]);
    let all = backend.open().erasures.list(10).await.unwrap();
    assert_eq!(all.last(), Some(&expected));
    assert_eq!(ids(all), [second, first], "the newest first");
}

async fn presence_is_forgotten(backend: &dyn Backend) {
    let stores = backend.open();
    let gone = stores.person().await;
    stores.presence.update(gone, true, at(1)).await.unwrap();
    stores.presence.update(gone, false, at(2)).await.unwrap();
    stores.presence.remove(gone).await.unwrap();
    let seen = stores.presence.find(vec![gone]).await.unwrap();
    assert!(!seen[0].online && seen[0].last_seen.is_none());
}
