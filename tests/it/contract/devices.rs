//! Push devices.

use troupe::domain::user::Platform;
use troupe::id::{ChatId, DeviceId, SessionId, UserId};
use troupe::storage::devices::Device;
use troupe::storage::messages::ChatEffect;

use super::backend::{Backend, Opened};
use super::stage::{START, at};

over_every_backend!(
    a_token_keeps_its_device,
    a_token_moves_between_accounts,
    a_token_named_at_once_is_one_device,
    a_long_token_is_kept,
    a_session_that_is_over_has_no_devices,
    devices_are_removed_by_their_owner_and_it_may_be_repeated,
    devices_come_in_pages_and_are_not_endless,
    who_has_a_device_can_be_reached_in_his_chats,
);

fn device(user_id: UserId, session_id: SessionId, token: &str) -> Device {
    Device {
        id: DeviceId::new(),
        user_id,
        session_id,
        token: token.to_owned(),
        platform: Platform::Android,
        created_at: START,
    }
}

impl Opened {
    async fn add(&self, device: Device) -> Option<Device> {
        self.devices.insert(device).await.unwrap()
    }

    async fn devices_of(&self, user: UserId) -> Vec<Device> {
        self.devices.list(user, None, 1000).await.unwrap()
    }
}

async fn a_token_keeps_its_device(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let sessions = [stores.sign_in(user).await, stores.sign_in(user).await];
    let first = device(user, sessions[0], "token");
    assert_eq!(stores.add(first.clone()).await, Some(first.clone()));
    let again = Device {
        platform: Platform::Web,
        created_at: at(9),
        ..device(user, sessions[1], "token")
    };
    let expected = Device {
        session_id: sessions[1],
        platform: Platform::Web,
        ..first
    };
    assert_eq!(stores.add(again).await, Some(expected.clone()));
    assert_eq!(stores.devices_of(user).await, [expected]);
}

async fn a_token_moves_between_accounts(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let first = device(one, stores.sign_in(one).await, "token");
    let second = device(other, stores.sign_in(other).await, "token");
    stores.add(first).await;
    assert_eq!(stores.add(second.clone()).await, Some(second.clone()));
    assert!(stores.devices_of(one).await.is_empty());
    assert_eq!(stores.devices_of(other).await, [second]);
}

async fn a_token_named_at_once_is_one_device(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let session = stores.sign_in(user).await;
    let calls = (0..10).map(|_| stores.add(device(user, session, "token")));
    let added = futures_util::future::join_all(calls).await;
    let added: Vec<Device> = added.into_iter().flatten().collect();
    assert_eq!(added.len(), 10);
    assert!(added.iter().all(|one| one.id == added[0].id));
    assert_eq!(stores.devices_of(user).await, added[..1]);
}

async fn a_long_token_is_kept(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let session = stores.sign_in(user).await;
    // Random, so that no store makes it shorter: 4,096 bytes is what the API takes.
    let letters = (0..4096).map(|_| char::from(rand::random_range(b'!'..=b'~')));
    let long = device(user, session, &letters.collect::<String>());
    assert_eq!(stores.add(long.clone()).await, Some(long.clone()));
    assert_eq!(stores.add(long.clone()).await, Some(long.clone()));
    assert_eq!(stores.devices_of(user).await, [long]);
}

async fn a_session_that_is_over_has_no_devices(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, other) = (stores.person().await, stores.person().await);
    let session = stores.sign_in(user).await;
    assert_eq!(stores.add(device(other, session, "t")).await, None);
    assert_eq!(stores.add(device(user, SessionId::new(), "t")).await, None);
    stores.sessions.remove(user, session, at(1)).await.unwrap();
    assert_eq!(stores.add(device(user, session, "t")).await, None);
}

async fn devices_are_removed_by_their_owner_and_it_may_be_repeated(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, other) = (stores.person().await, stores.person().await);
    let session = stores.sign_in(user).await;
    let mine = stores.add(device(user, session, "token")).await.unwrap();
    let devices = &stores.devices;
    assert!(!devices.remove(other, mine.id).await.unwrap());
    assert_eq!(stores.devices_of(user).await.len(), 1);
    assert!(devices.remove(user, mine.id).await.unwrap());
    assert!(stores.devices_of(user).await.is_empty());
    assert!(devices.remove(user, mine.id).await.unwrap());
    assert!(!devices.remove(user, DeviceId::new()).await.unwrap());
    let again = device(user, session, "token");
    assert_eq!(stores.add(again.clone()).await, Some(again), "a new one");
}

async fn devices_come_in_pages_and_are_not_endless(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let session = stores.sign_in(user).await;
    let mut made = Vec::new();
    for number in 0..13 {
        let new = device(user, session, &format!("token {number}"));
        made.push(new.id);
        stores.add(new).await;
    }
    let listed = stores.devices_of(user).await;
    let listed: Vec<DeviceId> = listed.into_iter().map(|one| one.id).collect();
    assert_eq!(listed, made[3..], "the newest ten of a session");
    let page = stores.devices.list(user, Some(made[5]), 2).await.unwrap();
    let page: Vec<DeviceId> = page.into_iter().map(|one| one.id).collect();
    assert_eq!(page, made[6..8]);
}

async fn who_has_a_device_can_be_reached_in_his_chats(backend: &dyn Backend) {
    let stores = backend.open();
    let devices = &stores.devices;
    let [anna, ben, cleo] = [(); 3].map(|()| stores.person());
    let (anna, ben, cleo) = (anna.await, ben.await, cleo.await);
    let (direct, group) = (
        stores.direct(anna, ben).await,
        stores.group(&[anna, ben, cleo]).await,
    );
    assert!(!devices.is_any().await.unwrap());
    let session = stores.sign_in(ben).await;
    let first = stores.add(device(ben, session, "one")).await.unwrap();
    let second = stores.add(device(ben, session, "two")).await.unwrap();
    let of_cleo = device(cleo, stores.sign_in(cleo).await, "three");
    let of_cleo = stores.add(of_cleo).await.unwrap();
    assert!(devices.is_any().await.unwrap());
    let reachable = async |chats: &[ChatId]| {
        let mut found = devices.list_reachable(chats.to_vec()).await.unwrap();
        found.sort_unstable();
        found
    };
    let mut expected = vec![(direct, ben), (group, ben), (group, cleo)];
    expected.sort_unstable();
    assert_eq!(reachable(&[direct, group, ChatId::new()]).await, expected);
    let gone = ChatEffect::MembersGone {
        user_ids: vec![cleo],
        new_admin: None,
    };
    stores.act(group, anna, gone).await;
    assert_eq!(reachable(&[group]).await, [(group, ben)]);
    let mut all = devices.list_all(vec![anna, ben, cleo]).await.unwrap();
    all.sort_unstable_by_key(|device| device.id);
    assert_eq!(all, [first.clone(), second.clone(), of_cleo]);
    for device in [first, second] {
        devices.remove(ben, device.id).await.unwrap();
    }
    assert!(reachable(&[direct, group]).await.is_empty());
    assert_eq!(devices.list_all(vec![ben]).await.unwrap(), []);
}
