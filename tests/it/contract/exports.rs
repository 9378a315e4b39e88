//! Archives that were asked for.

use troupe::domain::leaving::{self, WorkState};
use troupe::id::{MediaId, UserId};
use troupe::storage::exports::Export;

use super::backend::{Backend, Opened};
use super::stage::at;

over_every_backend!(
    an_archive_is_asked_for_once_at_a_time,
    how_far_an_archive_is_is_kept,
    those_that_are_open_come_oldest_first,
);

fn export(user_id: UserId, moment: i64) -> Export {
    Export {
        user_id,
        requested_at: at(moment),
        finished_at: None,
        archive_id: None,
        parts: leaving::begun(&["account", "media"]),
    }
}

impl Opened {
    /// Asks at a moment; what was finished before the last ten is done again.
    async fn ask_for_archive(&self, user: UserId, moment: i64) -> Export {
        let asked = self.exports.insert(export(user, moment), at(moment - 10));
        asked.await.unwrap()
    }
}

async fn an_archive_is_asked_for_once_at_a_time(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    let first = stores.ask_for_archive(user, 100).await;
    assert_eq!(first, export(user, 100));
    assert_eq!(stores.ask_for_archive(user, 900).await, first, "under way");
    let done = Export {
        finished_at: Some(at(1000)),
        archive_id: Some(MediaId::new()),
        ..first
    };
    stores.exports.update(done.clone()).await.unwrap();
    assert_eq!(stores.ask_for_archive(user, 1009).await, done, "just made");
    let again = stores.ask_for_archive(user, 1010).await;
    assert_eq!(again, export(user, 1010));
}

async fn how_far_an_archive_is_is_kept(backend: &dyn Backend) {
    let stores = backend.open();
    let user = stores.person().await;
    assert_eq!(stores.exports.find(user).await.unwrap(), None);
    let mut asked = stores.ask_for_archive(user, 100).await;
    leaving::set(&mut asked.parts, "account", WorkState::Ready);
    leaving::set(&mut asked.parts, "media", WorkState::Failed);
    stores.exports.update(asked.clone()).await.unwrap();
    let found = backend.open().exports.find(user).await.unwrap();
    assert_eq!(found, Some(asked));
    let erased = stores.erasures.insert(user, Vec::new(), at(200)).await;
    assert!(erased.unwrap());
    let found = stores.exports.find(user).await.unwrap();
    assert_eq!(found, None, "it goes with the account");
}

async fn those_that_are_open_come_oldest_first(backend: &dyn Backend) {
    let stores = backend.open();
    let people = [
        stores.person().await,
        stores.person().await,
        stores.person().await,
    ];
    for (user, moment) in people.into_iter().zip([300, 100, 200]) {
        stores.ask_for_archive(user, moment).await;
    }
    let done = Export {
        finished_at: Some(at(400)),
        ..export(people[2], 200)
    };
    stores.exports.update(done).await.unwrap();
    let open = stores.exports.list_open(10).await.unwrap();
    let users: Vec<UserId> = open.iter().map(|one| one.user_id).collect();
    assert_eq!(users, [people[1], people[0]]);
}
