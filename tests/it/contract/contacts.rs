//! Contacts, blocks, and how people stand to each other.

use troupe::domain::user::{Audience, Privacy, Relation};
use troupe::id::UserId;
use troupe::storage::privacy::PrivacyPatch;
use troupe::storage::user_log::Topic;

use super::backend::{Backend, Opened};

over_every_backend!(
    contacts_are_kept_once_and_come_in_pages,
    only_new_numbers_are_new,
    anyone_can_be_blocked_and_it_is_logged,
    a_block_and_a_contact_do_not_disturb_each_other,
    of_equal_changes_at_once_one_is_logged,
    relations_say_how_each_stands_to_the_viewer,
    many_relations_come_at_once,
);

impl Opened {
    pub async fn know(&self, user: UserId, others: &[UserId]) {
        let contacts = self.contacts.insert(user, others.to_vec(), vec![]);
        contacts.await.unwrap();
    }

    async fn block(&self, user: UserId, other: UserId, blocked: bool) -> Option<u64> {
        let updated = self.contacts.update_block(user, other, blocked).await;
        updated.unwrap()
    }

    async fn contacts_of(&self, user: UserId) -> Vec<UserId> {
        let listed = self.contacts.list(user, None, 1000).await.unwrap();
        listed.into_iter().map(|contact| contact.id).collect()
    }

    async fn blocked_by(&self, user: UserId) -> Vec<UserId> {
        let listed = self.contacts.list_blocked(user, None, 1000).await.unwrap();
        let ids: Vec<UserId> = listed.into_iter().map(|blocked| blocked.id).collect();
        let own = self.contacts.list_blocked_ids(user).await.unwrap();
        assert_eq!(ids, own);
        ids
    }

    async fn people(&self, count: usize) -> Vec<UserId> {
        let mut people = Vec::with_capacity(count);
        for _ in 0..count {
            people.push(self.person().await);
        }
        people
    }
}

async fn contacts_are_kept_once_and_come_in_pages(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let others = stores.people(5).await;
    stores.know(user, &others[..3]).await;
    stores.know(user, &others[1..]).await;
    stores.know(user, &[others[4], others[4]]).await;
    assert_eq!(stores.contacts_of(user).await, others);
    let page = stores.contacts.list(user, Some(others[1]), 2).await;
    let page: Vec<UserId> = page.unwrap().into_iter().map(|one| one.id).collect();
    assert_eq!(page, others[2..4]);
    assert!(stores.contacts_of(others[0]).await.is_empty());
}

async fn only_new_numbers_are_new(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, other) = (stores.person().await, stores.person().await);
    let numbers = vec![0, 1, u64::MAX];
    let contacts = &stores.contacts;
    let new = contacts.find_new_numbers(user, numbers.clone()).await;
    assert_eq!(new.unwrap(), numbers);
    contacts
        .insert(user, vec![], numbers.clone())
        .await
        .unwrap();
    contacts
        .insert(user, vec![], numbers.clone())
        .await
        .unwrap();
    let new = contacts.find_new_numbers(user, vec![1, 7]).await;
    assert_eq!(new.unwrap(), [7]);
    let new = contacts.find_new_numbers(other, numbers.clone()).await;
    assert_eq!(new.unwrap(), numbers, "another's are his own");
}

async fn anyone_can_be_blocked_and_it_is_logged(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let others = stores.people(2).await;
    assert_eq!(stores.block(user, others[1], true).await, Some(1));
    assert_eq!(stores.block(user, others[1], true).await, None);
    assert_eq!(stores.block(user, others[0], true).await, Some(2));
    assert_eq!(stores.blocked_by(user).await, others);
    assert_eq!(stores.block(user, others[1], false).await, Some(3));
    assert_eq!(stores.block(user, others[1], false).await, None);
    assert_eq!(stores.blocked_by(user).await, others[..1]);
    let log = stores.user_log.list(user, 0, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].rev, log[0].topic), (3, Topic::Blocked));
    assert_eq!(stores.user_log.head(others[0]).await.unwrap(), 0);
    assert!(stores.contacts_of(user).await.is_empty());
}

async fn a_block_and_a_contact_do_not_disturb_each_other(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, other) = (stores.person().await, stores.person().await);
    stores.know(user, &[other]).await;
    stores.block(user, other, true).await;
    stores.know(user, &[other]).await;
    assert_eq!(stores.blocked_by(user).await, [other]);
    stores.block(user, other, false).await;
    assert_eq!(stores.contacts_of(user).await, [other]);
}

async fn of_equal_changes_at_once_one_is_logged(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, other) = (stores.person().await, stores.person().await);
    for (blocked, rev) in [(true, 1), (false, 2), (true, 3)] {
        let calls = (0..10).map(|_| stores.block(user, other, blocked));
        let revs = futures_util::future::join_all(calls).await;
        let revs: Vec<u64> = revs.into_iter().flatten().collect();
        assert_eq!(revs, [rev]);
    }
    assert_eq!(stores.blocked_by(user).await, [other]);
}

async fn relations_say_how_each_stands_to_the_viewer(backend: &dyn Backend) {
    let stores = backend.open();
    let viewer = stores.person().await;
    let [stranger, knows, known, blocks, blocked] = stores.people(5).await[..] else {
        panic!("five people");
    };
    stores.know(knows, &[viewer]).await;
    stores.know(viewer, &[known]).await;
    stores.block(blocks, viewer, true).await;
    stores.block(viewer, blocked, true).await;
    let patch = PrivacyPatch {
        about: Some(Audience::Nobody),
        ..PrivacyPatch::default()
    };
    stores.privacy.update(knows, patch).await.unwrap();
    let open = |owner| Relation {
        owner,
        privacy: Privacy::default(),
        in_contacts: false,
        is_contact: false,
        owner_blocks: false,
        viewer_blocks: false,
    };
    let mut expected = [
        open(stranger),
        Relation {
            in_contacts: true,
            privacy: Privacy {
                about: Audience::Nobody,
                ..Privacy::default()
            },
            ..open(knows)
        },
        Relation {
            is_contact: true,
            ..open(known)
        },
        Relation {
            owner_blocks: true,
            ..open(blocks)
        },
        Relation {
            viewer_blocks: true,
            ..open(blocked)
        },
    ];
    let mut owners: Vec<UserId> = expected.iter().map(|one| one.owner).collect();
    owners.push(UserId::new());
    let found = stores.contacts.relations(viewer, owners).await;
    let mut found = found.unwrap();
    found.sort_by_key(|relation| relation.owner);
    expected.sort_by_key(|relation| relation.owner);
    assert_eq!(found, expected, "who is not there is left out");
}

async fn many_relations_come_at_once(backend: &dyn Backend) {
    let stores = backend.open();
    let viewer = stores.person().await;
    let range = troupe::domain::phone::TEST_RANGE;
    let owners = stores.users.insert_many(range, 1200, super::stage::START);
    let owners: Vec<UserId> = owners.await.unwrap().iter().map(|one| one.id).collect();
    let found = stores.contacts.relations(viewer, owners).await.unwrap();
    assert_eq!(found.len(), 1200);
    let none = stores.contacts.relations(viewer, vec![]).await.unwrap();
    assert!(none.is_empty());
}
