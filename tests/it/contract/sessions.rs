//! Sessions: made, replaced, listed, ended.

use std::time::Duration;

use troupe::clock::Timestamp;
use troupe::domain::user::Platform;
use troupe::id::{DeviceId, SessionId, UserId};
use troupe::storage::devices::Device;
use troupe::storage::sessions::{NewSession, Session};

use super::backend::{Backend, Opened};
use super::stage::{START, at};

over_every_backend!(
    a_session_is_found_as_it_was_made,
    a_device_has_one_session_of_each_user,
    a_device_that_signs_in_many_times_at_once_has_one_session,
    live_sessions_are_listed_newest_first,
    removing_is_for_owners_and_may_be_repeated,
    removing_all_leaves_others_alone,
    push_devices_go_with_their_session,
    a_device_that_comes_while_its_session_ends_goes_too,
    what_was_revoked_is_found_by_time,
    what_ended_is_swept,
);

pub const LIFETIME: Duration = Duration::from_secs(60 * 24 * 3600);

pub fn session(user_id: UserId, device: Option<&str>) -> NewSession {
    NewSession {
        session: Session {
            id: SessionId::new(),
            user_id,
            device_id: device.map(str::to_owned),
            device_name: Some("Pixel 8".to_owned()),
            platform: Some("android".to_owned()),
            generation: 0,
            is_pair_used: false,
            created_at: START,
            last_used_at: START,
            expires_at: START + LIFETIME,
            revoked_at: None,
        },
        token_hash: rand::random(),
    }
}

impl Opened {
    pub async fn sign_in(&self, user_id: UserId) -> SessionId {
        let new = session(user_id, None);
        let id = new.session.id;
        assert_eq!(self.sessions.insert(new).await.unwrap(), None);
        id
    }

    pub async fn is_live(&self, id: SessionId, now: Timestamp) -> bool {
        let found = self.sessions.find(id).await.unwrap();
        found.is_some_and(|session| session.is_live(now))
    }

    async fn listed(&self, user: UserId, now: Timestamp) -> Vec<SessionId> {
        let sessions = self.sessions.list(user, now, None, 100).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    }
}

async fn a_session_is_found_as_it_was_made(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let new = session(user, Some("phone-1"));
    let expected = new.session.clone();
    stores.sessions.insert(new).await.unwrap();
    let stores = backend.open();
    let found = stores.sessions.find(expected.id).await.unwrap();
    assert_eq!(found, Some(expected));
    let unknown = stores.sessions.find(SessionId::new()).await.unwrap();
    assert_eq!(unknown, None);
}

async fn a_device_has_one_session_of_each_user(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let first = session(one, Some("phone-1"));
    let first_id = first.session.id;
    stores.sessions.insert(first).await.unwrap();
    let theirs = session(other, Some("phone-1"));
    assert_eq!(stores.sessions.insert(theirs).await.unwrap(), None);
    let second = session(one, Some("phone-1"));
    let second_id = second.session.id;
    let replaced = stores.sessions.insert(second).await.unwrap();
    assert_eq!(replaced, Some(first_id));
    assert!(!stores.is_live(first_id, at(1)).await);
    assert_eq!(stores.listed(one, at(1)).await, [second_id]);
    for _ in 0..2 {
        let nameless = session(one, None);
        assert_eq!(stores.sessions.insert(nameless).await.unwrap(), None);
    }
    assert_eq!(stores.listed(one, at(1)).await.len(), 3);
    assert_eq!(stores.listed(other, at(1)).await.len(), 1);
}

async fn a_device_that_signs_in_many_times_at_once_has_one_session(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let calls = (0..10).map(|_| stores.sessions.insert(session(user, Some("phone-1"))));
    let inserted = futures_util::future::join_all(calls).await;
    let replaced: Vec<_> = inserted.into_iter().map(Result::unwrap).collect();
    assert_eq!(replaced.iter().flatten().count(), 9, "each but the first");
    assert_eq!(stores.listed(user, at(1)).await.len(), 1);
}

async fn live_sessions_are_listed_newest_first(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let new: Vec<NewSession> = (0..5).map(|_| session(user, None)).collect();
    let mut ids: Vec<SessionId> = new.iter().map(|new| new.session.id).collect();
    stores.sessions.insert_many(new).await.unwrap();
    ids.reverse();
    assert_eq!(stores.listed(user, at(1)).await, ids);
    let page = stores.sessions.list(user, at(1), Some(ids[1]), 2).await;
    let page: Vec<SessionId> = page.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(page, ids[2..4]);
    assert!(stores.listed(user, START + LIFETIME).await.is_empty());
}

async fn removing_is_for_owners_and_may_be_repeated(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let id = stores.sign_in(one).await;
    assert!(!stores.sessions.remove(other, id, at(1)).await.unwrap());
    assert!(stores.is_live(id, at(1)).await);
    assert!(stores.sessions.remove(one, id, at(1)).await.unwrap());
    assert!(!stores.is_live(id, at(1)).await);
    assert!(stores.sessions.remove(one, id, at(7)).await.unwrap());
    let found = stores.sessions.find(id).await.unwrap().unwrap();
    assert_eq!(found.revoked_at, Some(at(1)), "the first time counts");
    let unknown = SessionId::new();
    assert!(!stores.sessions.remove(one, unknown, at(1)).await.unwrap());
}

async fn removing_all_leaves_others_alone(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let mine = [stores.sign_in(one).await, stores.sign_in(one).await];
    let theirs = stores.sign_in(other).await;
    let mut removed = stores.sessions.remove_all(one, at(1)).await.unwrap();
    removed.sort();
    assert_eq!(removed, mine);
    assert!(stores.listed(one, at(1)).await.is_empty());
    assert_eq!(stores.listed(other, at(1)).await, [theirs]);
    let again = stores.sessions.remove_all(one, at(2)).await.unwrap();
    assert!(again.is_empty());
}

async fn push_devices_go_with_their_session(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let sessions = [stores.sign_in(user).await, stores.sign_in(user).await];
    for session_id in sessions {
        let device = Device {
            id: DeviceId::new(),
            user_id: user,
            session_id,
            token: format!("token of {session_id}"),
            platform: Platform::Android,
            created_at: START,
        };
        stores.devices.insert(device).await.unwrap();
    }
    stores
        .sessions
        .remove(user, sessions[0], at(1))
        .await
        .unwrap();
    let left = stores.devices.list(user, None, 10).await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].session_id, sessions[1]);
    stores.sessions.remove_all(user, at(1)).await.unwrap();
    assert!(
        stores
            .devices
            .list(user, None, 10)
            .await
            .unwrap()
            .is_empty()
    );
}

async fn a_device_that_comes_while_its_session_ends_goes_too(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    for round in 0..20 {
        let session_id = stores.sign_in(user).await;
        let device = Device {
            id: DeviceId::new(),
            user_id: user,
            session_id,
            token: format!("token {round}"),
            platform: Platform::Ios,
            created_at: START,
        };
        let (inserted, removed) = tokio::join!(
            stores.devices.insert(device),
            stores.sessions.remove(user, session_id, at(1))
        );
        assert!(removed.unwrap());
        inserted.unwrap();
        let left = stores.devices.list(user, None, 10).await.unwrap();
        assert_eq!(left, [], "round {round}");
    }
}

async fn what_was_revoked_is_found_by_time(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let ids = [stores.sign_in(user).await, stores.sign_in(user).await];
    stores.sign_in(user).await;
    stores.sessions.remove(user, ids[0], at(10)).await.unwrap();
    stores.sessions.remove(user, ids[1], at(20)).await.unwrap();
    for (since, expected) in [(5, 2), (10, 2), (11, 1), (21, 0)] {
        let found = stores.sessions.revoked_since(at(since)).await.unwrap();
        assert_eq!(found.len(), expected, "since {since}");
    }
}

async fn what_ended_is_swept(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let ended = stores.sign_in(user).await;
    let live = stores.sign_in(user).await;
    stores.sessions.remove(user, ended, at(10)).await.unwrap();
    assert_eq!(stores.sessions.sweep(at(10)).await.unwrap(), 0);
    assert_eq!(stores.sessions.sweep(at(11)).await.unwrap(), 1);
    assert_eq!(stores.sessions.find(ended).await.unwrap(), None);
    assert!(stores.is_live(live, at(11)).await);
    let later = START + LIFETIME + Duration::from_secs(1);
    assert_eq!(stores.sessions.sweep(later).await.unwrap(), 1);
}
