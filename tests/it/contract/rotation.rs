//! Refresh tokens: a new pair, the same again, or theft.

use std::time::Duration;

use troupe::clock::Timestamp;
use troupe::id::SessionId;
use troupe::storage::sessions::{Rotated, Rotation, Session, TokenHash};

use super::backend::{Backend, Opened};
use super::sessions::{LIFETIME, session};
use super::stage::{START, at};

over_every_backend!(
    a_token_is_exchanged_and_the_session_lives_on,
    parallel_refreshes_get_one_successor,
    the_last_but_one_is_given_again_for_a_while,
    the_last_but_one_is_given_again_while_its_successor_is_unused,
    an_older_token_is_theft,
    a_token_of_another_session_is_theft_here,
    ended_sessions_and_other_devices_are_refused,
    a_session_without_a_device_is_no_devices,
);

const GRACE: Duration = Duration::from_secs(30);

/// A family whose tokens are called by number.
struct Family<'a> {
    stores: &'a Opened,
    id: SessionId,
}

fn token(number: u8) -> TokenHash {
    [number; 32]
}

impl<'a> Family<'a> {
    async fn new(stores: &'a Opened, device: Option<&str>) -> Self {
        let mut new = session(stores.person().await, device);
        new.token_hash = token(0);
        let id = new.session.id;
        stores.sessions.insert(new).await.unwrap();
        Self { stores, id }
    }

    fn rotation(&self, number: u8, at: Timestamp) -> Rotation {
        Rotation {
            session_id: self.id,
            presented: token(number),
            successor: token(number + 1),
            device_id: None,
            at,
            grace: GRACE,
            lifetime: LIFETIME,
        }
    }

    /// Presents a token.
    async fn show(&self, number: u8, at: Timestamp) -> Rotated {
        let rotation = self.rotation(number, at);
        self.stores.sessions.rotate(rotation).await.unwrap()
    }

    async fn is_live(&self, now: Timestamp) -> bool {
        self.stores.is_live(self.id, now).await
    }

    async fn state(&self) -> Session {
        let found = self.stores.sessions.find(self.id).await.unwrap();
        found.expect("a session")
    }

    async fn use_pair(&self, generation: u32, at: Timestamp) {
        let sessions = &self.stores.sessions;
        sessions.update_used(self.id, generation, at).await.unwrap();
    }
}

#[track_caller]
fn rotated(outcome: Rotated) -> Session {
    match outcome {
        Rotated::Rotated(session) => session,
        other => panic!("not rotated: {other:?}"),
    }
}

async fn a_token_is_exchanged_and_the_session_lives_on(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    for number in 0..4 {
        let now = at(1_000 * i64::from(number) + 5);
        let session = rotated(family.show(number, now).await);
        assert_eq!(session.generation, u32::from(number) + 1);
        assert_eq!(session.last_used_at, now);
        assert_eq!(session.expires_at, now + LIFETIME);
        assert!(!session.is_pair_used);
        assert_eq!(family.state().await, session);
    }
}

async fn parallel_refreshes_get_one_successor(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    let calls = (0..20).map(|_| family.show(0, at(1)));
    for outcome in futures_util::future::join_all(calls).await {
        assert_eq!(rotated(outcome).generation, 1);
    }
    assert_eq!(rotated(family.show(1, at(2)).await).generation, 2);
}

async fn the_last_but_one_is_given_again_for_a_while(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    rotated(family.show(0, START).await);
    family.use_pair(1, at(1)).await;
    assert!(family.state().await.is_pair_used);
    let again = rotated(family.show(0, START + GRACE).await);
    assert_eq!(again.generation, 1, "the same pair");
    let late = START + GRACE + Duration::from_millis(1);
    assert!(matches!(family.show(0, late).await, Rotated::Stolen(_)));
    assert!(!family.is_live(late).await);
}

async fn the_last_but_one_is_given_again_while_its_successor_is_unused(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    rotated(family.show(0, START).await);
    let weeks_later = START + Duration::from_secs(30 * 24 * 3600);
    assert_eq!(rotated(family.show(0, weeks_later).await).generation, 1);
    family.use_pair(0, weeks_later).await;
    assert_eq!(
        rotated(family.show(0, weeks_later).await).generation,
        1,
        "the pair before was used, which says nothing of this one"
    );
    family.use_pair(1, weeks_later).await;
    assert!(matches!(
        family.show(0, weeks_later).await,
        Rotated::Stolen(_)
    ));
}

async fn an_older_token_is_theft(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    rotated(family.show(0, at(1)).await);
    rotated(family.show(1, at(2)).await);
    assert!(matches!(family.show(0, at(3)).await, Rotated::Stolen(_)));
    assert!(!family.is_live(at(3)).await);
    for number in 0..3 {
        assert_eq!(family.show(number, at(4)).await, Rotated::Refused);
    }
    let revoked = stores.sessions.revoked_since(at(3)).await.unwrap();
    assert_eq!(revoked, [family.id]);
}

async fn a_token_of_another_session_is_theft_here(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    let mut rotation = family.rotation(0, at(1));
    rotation.presented = token(99);
    let outcome = stores.sessions.rotate(rotation).await.unwrap();
    assert!(matches!(outcome, Rotated::Stolen(_)));
    assert!(!family.is_live(at(1)).await);
}

async fn ended_sessions_and_other_devices_are_refused(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, Some("mine")).await;
    let mut rotation = family.rotation(0, at(1));
    rotation.device_id = Some("another".to_owned());
    let outcome = stores.sessions.rotate(rotation.clone()).await.unwrap();
    assert_eq!(outcome, Rotated::Refused);
    assert!(family.is_live(at(1)).await, "no theft, only a mistake");
    rotation.device_id = Some("mine".to_owned());
    rotated(stores.sessions.rotate(rotation).await.unwrap());
    assert_eq!(
        family.show(1, at(1) + LIFETIME).await,
        Rotated::Refused,
        "60 days after its last use it is over"
    );
    let mut unknown = family.rotation(1, at(2));
    unknown.session_id = SessionId::new();
    let outcome = stores.sessions.rotate(unknown).await.unwrap();
    assert_eq!(outcome, Rotated::Refused);
}

async fn a_session_without_a_device_is_no_devices(backend: &dyn Backend) {
    let stores = backend.open();
    let family = Family::new(&stores, None).await;
    let mut rotation = family.rotation(0, at(1));
    rotation.device_id = Some("any".to_owned());
    let outcome = stores.sessions.rotate(rotation).await.unwrap();
    assert_eq!(outcome, Rotated::Refused);
    rotated(family.show(0, at(2)).await);
}
