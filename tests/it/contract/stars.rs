//! Stars: one user's own, logged in his own log.

use troupe::id::MessageId;
use troupe::storage::messages::Star;
use troupe::storage::user_log::Topic;

use super::backend::Backend;
use super::stage::at;

over_every_backend!(
    a_star_is_ones_own,
    done_again_it_changes_nothing,
    the_newest_star_comes_first
);

async fn a_star_is_ones_own(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    let unknown = MessageId::new();
    let before = stores.user_log.head(one).await.expect("a head");
    let rev = stores.messages.star(one, &said, true, at(5)).await;
    assert_eq!(rev.expect("starred"), Some(before + 1));
    let starred = stores.messages.starred(one, vec![unknown, said.id]).await;
    assert_eq!(starred.expect("read"), [said.id]);
    let others = stores.messages.starred(other, vec![said.id]).await;
    assert!(others.expect("read").is_empty());
    let log = stores.user_log.list(one, before, 9).await.expect("a log");
    assert_eq!(log.len(), 1);
    assert_eq!(
        (log[0].topic, log[0].key.as_str()),
        (Topic::Star, said.id.to_string().as_str())
    );
    assert_eq!(log[0].value, "true");
    assert_eq!(stores.heads(chat_id).await.rev, 2, "not in the chat's log");
    assert!(
        stores
            .messages
            .starred(one, Vec::new())
            .await
            .expect("read")
            .is_empty()
    );
}

async fn done_again_it_changes_nothing(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    let set = async |starred: bool, time: i64| {
        let set = stores.messages.star(one, &said, starred, at(time)).await;
        set.expect("set")
    };
    assert_eq!(set(false, 1).await, None, "there is none to take back");
    assert!(set(true, 2).await.is_some());
    assert_eq!(set(true, 3).await, None);
    let stars = stores.messages.stars(one, None, 9).await.expect("stars");
    let first = Star {
        starred_at: at(2),
        message_id: said.id,
    };
    assert_eq!(stars, [first], "the first time stays");
    assert!(set(false, 4).await.is_some());
    assert_eq!(set(false, 5).await, None);
    let log = stores.user_log.list(one, 0, 99).await.expect("a log");
    let last = log.last().expect("an entry");
    assert_eq!((last.topic, last.value.as_str()), (Topic::Star, "false"));
}

async fn the_newest_star_comes_first(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let mut expected = Vec::new();
    for time in [30, 10, 20, 20, 40] {
        let said = stores.say(chat_id, one, "hello").await;
        let starred_at = at(time);
        let set = stores.messages.star(one, &said, true, starred_at).await;
        set.expect("set");
        expected.push(Star {
            starred_at,
            message_id: said.id,
        });
    }
    expected.sort_by_key(|star| std::cmp::Reverse((star.starred_at, star.message_id)));
    let (mut after, mut found) = (None, Vec::new());
    loop {
        let page = stores.messages.stars(one, after, 2).await.expect("a page");
        let Some(last) = page.last().copied() else {
            break;
        };
        after = Some(last);
        found.extend(page);
    }
    assert_eq!(found, expected);
    assert!(
        stores
            .messages
            .stars(other, None, 9)
            .await
            .expect("a page")
            .is_empty()
    );
}
