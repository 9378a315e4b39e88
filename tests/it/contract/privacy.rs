//! Privacy settings.

use troupe::domain::user::{Audience, Privacy};
use troupe::id::UserId;
use troupe::storage::privacy::PrivacyPatch;
use troupe::storage::user_log::Topic;

use super::backend::Backend;

over_every_backend!(
    settings_begin_open,
    what_is_not_named_is_kept,
    every_setting_is_kept,
);

async fn settings_begin_open(backend: &dyn Backend) {
    let stores = backend.open();
    for user in [stores.person().await, UserId::new()] {
        let found = stores.privacy.find(user).await.unwrap();
        assert_eq!(found, Privacy::default());
    }
}

async fn what_is_not_named_is_kept(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let patch = PrivacyPatch {
        about: Some(Audience::Contacts),
        ..PrivacyPatch::default()
    };
    let updated = stores.privacy.update(user, patch).await.unwrap();
    let expected = Privacy {
        about: Audience::Contacts,
        ..Privacy::default()
    };
    assert_eq!((updated.privacy, updated.rev), (expected, Some(1)));
    let again = stores.privacy.update(user, patch).await.unwrap();
    assert_eq!((again.privacy, again.rev), (expected, None));
    let nothing = stores.privacy.update(user, PrivacyPatch::default()).await;
    assert_eq!(nothing.unwrap().rev, None);
    let log = stores.user_log.list(user, 0, 10).await.unwrap();
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].rev, log[0].topic), (1, Topic::Privacy));
}

async fn every_setting_is_kept(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let patch = PrivacyPatch {
        last_seen: Some(Audience::Nobody),
        profile_photo: Some(Audience::Contacts),
        about: Some(Audience::Nobody),
        read_receipts: Some(false),
        group_add: Some(Audience::Contacts),
    };
    stores.privacy.update(user, patch).await.unwrap();
    let expected = Privacy {
        last_seen: Audience::Nobody,
        profile_photo: Audience::Contacts,
        about: Audience::Nobody,
        read_receipts: false,
        group_add: Audience::Contacts,
    };
    let stores = backend.open();
    assert_eq!(stores.privacy.find(user).await.unwrap(), expected);
}
