//! People, one per phone, and their own logs.

use std::collections::HashSet;

use troupe::domain::phone::{Phone, PhoneRange, TEST_RANGE};
use troupe::id::{MediaId, UserId};
use troupe::storage::user_log::Topic;
use troupe::storage::users::UserPatch;

use super::backend::Backend;
use super::stage::{START, at};

over_every_backend!(
    a_phone_has_one_user_however_many_sign_up_at_once,
    users_are_found_by_id_and_phone,
    many_are_made_with_numbers_that_follow,
    many_that_are_made_at_once_share_no_number,
    a_number_in_a_range_may_be_someones_already,
    a_range_that_is_used_up_makes_no_one,
    a_profile_changes_field_by_field_and_is_logged,
    changes_at_once_are_all_logged,
    users_survive,
);

fn phone(last: u32) -> Phone {
    Phone::from_store(format!("+120255501{last:02}"))
}

async fn a_phone_has_one_user_however_many_sign_up_at_once(backend: &dyn Backend) {
    let stores = backend.open();
    let calls = (0..20).map(|_| stores.users.insert(phone(1), START));
    let inserted = futures_util::future::join_all(calls).await;
    let inserted: Vec<_> = inserted.into_iter().map(Result::unwrap).collect();
    let created = inserted.iter().filter(|one| one.created).count();
    assert_eq!(created, 1);
    let ids: HashSet<UserId> = inserted.iter().map(|one| one.user.id).collect();
    assert_eq!(ids.len(), 1);
    assert_eq!(inserted[0].user.phone, phone(1));
    assert_eq!(inserted[0].user.display_name, "");
    assert_eq!(inserted[0].user.created_at, START);
}

async fn users_are_found_by_id_and_phone(backend: &dyn Backend) {
    let stores = backend.open();
    let mut made = Vec::new();
    for last in 0..3 {
        made.push(stores.users.insert(phone(last), START).await.unwrap().user);
    }
    let found = stores.users.find(made[1].id).await.unwrap();
    assert_eq!(found.as_ref(), Some(&made[1]));
    assert_eq!(stores.users.find(UserId::new()).await.unwrap(), None);

    let ids = vec![made[0].id, UserId::new(), made[2].id];
    let mut found = stores.users.find_many(ids).await.unwrap();
    found.sort_by_key(|user| user.id);
    assert_eq!(found, [made[0].clone(), made[2].clone()]);

    let phones = (0..1500).map(|n| Phone::from_store(format!("+1415555{n:04}")));
    let phones = phones.chain([phone(0), phone(2)]).collect();
    let found = stores.users.find_by_phones(phones).await.unwrap();
    assert_eq!(found.len(), 2, "beyond what one statement can take");
    assert!(
        stores
            .users
            .find_by_phones(vec![])
            .await
            .unwrap()
            .is_empty()
    );
}

async fn many_are_made_with_numbers_that_follow(backend: &dyn Backend) {
    let stores = backend.open();
    let mut phones = HashSet::new();
    for count in [1, 250, 3] {
        let made = stores.users.insert_many(TEST_RANGE, count, START).await;
        let made = made.unwrap();
        assert_eq!(made.len(), count as usize);
        for user in made {
            let read = Phone::parse(user.phone.as_str(), None);
            assert_eq!(read.as_ref(), Some(&user.phone), "a valid number");
            let found = stores.users.find(user.id).await.unwrap();
            assert_eq!(found.as_ref(), Some(&user));
            assert!(phones.insert(user.phone), "new people at each call");
        }
    }
    let none = stores.users.insert_many(TEST_RANGE, 0, START).await;
    assert!(none.unwrap().is_empty());
}

async fn many_that_are_made_at_once_share_no_number(backend: &dyn Backend) {
    let stores = backend.open();
    let calls = (0..8).map(|_| stores.users.insert_many(TEST_RANGE, 25, START));
    let mut places = Vec::new();
    for made in futures_util::future::join_all(calls).await {
        let made = made.unwrap();
        let own = made
            .iter()
            .map(|user| TEST_RANGE.index_of(user.phone.as_str()).unwrap());
        let own: Vec<u64> = own.collect();
        assert!(own.is_sorted(), "in the order of their numbers");
        places.extend(own);
    }
    places.sort_unstable();
    assert_eq!(places, (0..200).collect::<Vec<u64>>());
}

async fn a_number_in_a_range_may_be_someones_already(backend: &dyn Backend) {
    let stores = backend.open();
    let taken = TEST_RANGE.at(4).unwrap();
    let longer = Phone::from_store(format!("{}990000000", TEST_RANGE.prefix));
    for phone in [taken, longer] {
        stores.users.insert(phone, START).await.unwrap();
    }
    let made = stores.users.insert_many(TEST_RANGE, 3, START).await;
    let places: Vec<_> = made
        .unwrap()
        .iter()
        .map(|user| TEST_RANGE.index_of(user.phone.as_str()))
        .collect();
    assert_eq!(places, [Some(5), Some(6), Some(7)]);
}

async fn a_range_that_is_used_up_makes_no_one(backend: &dyn Backend) {
    let stores = backend.open();
    let range = PhoneRange {
        prefix: "+1202555",
        digits: 1,
    };
    assert_eq!(
        stores
            .users
            .insert_many(range, 6, START)
            .await
            .unwrap()
            .len(),
        6
    );
    assert!(stores.users.insert_many(range, 5, START).await.is_err());
    assert_eq!(
        stores
            .users
            .insert_many(range, 4, START)
            .await
            .unwrap()
            .len(),
        4,
        "what was refused left nothing behind"
    );
}

async fn a_profile_changes_field_by_field_and_is_logged(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.users.insert(phone(7), START).await.unwrap().user;
    let media = MediaId::new();
    let patches = [
        UserPatch {
            display_name: Some("Zoë".to_owned()),
            ..UserPatch::default()
        },
        UserPatch {
            status_text: Some("at sea".to_owned()),
            avatar_media_id: Some(Some(media)),
            ..UserPatch::default()
        },
    ];
    for (patch, rev) in patches.into_iter().zip(1..) {
        let again = patch.clone();
        let updated = stores.users.update(user.id, patch, at(5)).await.unwrap();
        assert_eq!(updated.unwrap().rev, Some(rev));
        let updated = stores.users.update(user.id, again, at(9)).await.unwrap();
        assert_eq!(updated.unwrap().rev, None, "nothing changed");
    }
    let now = stores.users.find(user.id).await.unwrap().unwrap();
    assert_eq!(now.display_name, "Zoë");
    assert_eq!(now.status_text, "at sea");
    assert_eq!(now.avatar_media_id, Some(media));
    assert_eq!((now.created_at, now.updated_at), (START, at(5)));

    let bare = UserPatch {
        avatar_media_id: Some(None),
        ..UserPatch::default()
    };
    let updated = stores.users.update(user.id, bare, at(6)).await.unwrap();
    let updated = updated.unwrap();
    assert_eq!((updated.rev, updated.user.avatar_media_id), (Some(3), None));

    assert_eq!(stores.user_log.head(user.id).await.unwrap(), 3);
    let log = stores.user_log.list(user.id, 0, 10).await.unwrap();
    assert_eq!(log.len(), 1, "the latest state per topic and key");
    assert_eq!((log[0].rev, log[0].topic), (3, Topic::User));
    assert!(
        stores
            .user_log
            .list(user.id, 3, 10)
            .await
            .unwrap()
            .is_empty()
    );

    let stranger = UserId::new();
    let nobody = stores.users.update(stranger, UserPatch::default(), at(6));
    assert_eq!(nobody.await.unwrap(), None);
}

async fn changes_at_once_are_all_logged(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.users.insert(phone(8), START).await.unwrap().user;
    let calls = (0..20).map(|number| {
        let patch = UserPatch {
            display_name: Some(format!("name {number}")),
            ..UserPatch::default()
        };
        stores.users.update(user.id, patch, at(number))
    });
    let updated = futures_util::future::join_all(calls).await;
    let mut revs: Vec<_> = updated
        .into_iter()
        .map(|updated| updated.unwrap().unwrap().rev.unwrap())
        .collect();
    revs.sort_unstable();
    assert_eq!(
        revs,
        (1..=20).collect::<Vec<u64>>(),
        "without hole or reuse"
    );
    assert_eq!(stores.user_log.head(user.id).await.unwrap(), 20);
}

async fn users_survive(backend: &dyn Backend) {
    let user = {
        let stores = backend.open();
        stores.users.insert(phone(9), START).await.unwrap().user
    };
    let stores = backend.open();
    let again = stores.users.insert(phone(9), at(1)).await.unwrap();
    assert_eq!((again.user, again.created), (user, false));
}
