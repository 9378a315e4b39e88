//! What readers ask of many chats at once, and what tells that a chat was made before.

use std::time::Duration;

use troupe::domain::chat::ChatKind;
use troupe::id::{ChatId, UserId};
use troupe::storage::chats::ExistingChat;
use troupe::storage::messages::ChatEffect;

use super::backend::Backend;
use super::stage::{START, at, new_chat};

over_every_backend!(
    what_exists_is_found_before_it_is_made_again,
    many_memberships_are_those_of_one_user,
    the_newest_entry_dates_a_chat,
);

fn wanted(creator: UserId, peer: Option<UserId>, key: Option<&str>) -> ExistingChat {
    ExistingChat {
        creator,
        peer,
        idempotency_key: key.map(str::to_owned),
        at: START,
    }
}

async fn what_exists_is_found_before_it_is_made_again(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let ask = async |wanted| stores.chats.find_existing(wanted).await.expect("asked");
    assert_eq!(ask(wanted(one, Some(other), Some("key"))).await, None);
    let direct = stores.direct(one, other).await;
    assert_eq!(ask(wanted(one, Some(other), None)).await, Some(direct));
    assert_eq!(ask(wanted(other, Some(one), None)).await, Some(direct));
    assert_eq!(ask(wanted(one, None, None)).await, None);

    let mut group = new_chat(ChatKind::Group, &[one, other]);
    group.idempotency_key = Some("key".to_owned());
    let group = stores.chats.insert(group).await.expect("inserted").chat_id;
    assert_eq!(ask(wanted(one, None, Some("key"))).await, Some(group));
    assert_eq!(ask(wanted(other, None, Some("key"))).await, None, "his own");
    let late = ExistingChat {
        at: START + Duration::from_secs(8 * 24 * 3600),
        ..wanted(one, None, Some("key"))
    };
    assert_eq!(ask(late).await, None, "a key is kept for 7 days");
}

async fn many_memberships_are_those_of_one_user(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let direct = stores.direct(one, other).await;
    let group = stores.group(&[one, other]).await;
    let foreign = stores.group(&[other, stores.person().await]).await;
    let gone = ChatEffect::MembersGone {
        user_ids: vec![one],
        new_admin: Some(other),
    };
    stores.act(group, one, gone).await;
    let asked = vec![group, foreign, ChatId::new(), direct];
    let found = stores.chats.find_memberships(one, asked).await;
    let mut found: Vec<(ChatId, bool)> = found
        .expect("found")
        .into_iter()
        .map(|row| (row.chat.id, row.member.is_active()))
        .collect();
    found.sort_unstable();
    let mut expected = vec![(direct, true), (group, false)];
    expected.sort_unstable();
    assert_eq!(found, expected);
    assert_eq!(stores.chats.list_ids(one).await.expect("listed"), [direct]);
}

async fn the_newest_entry_dates_a_chat(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat = stores.direct(one, other).await;
    let last = async || {
        let asked = vec![chat, ChatId::new()];
        stores.messages.last_changes(asked).await.expect("asked")
    };
    let made = last().await;
    assert_eq!(made.len(), 1, "one without entries is left out");
    assert_eq!(made[0].0, chat);
    stores.say(chat, one, "hello").await;
    stores.say(chat, other, "hello too").await;
    assert_eq!(last().await, [(chat, at(3))]);
}
