//! What people were told by push.

use std::collections::BTreeMap;

use troupe::domain::notification::PushMark;
use troupe::domain::user::Platform;
use troupe::id::{ChatId, DeviceId, UserId};
use troupe::storage::pushes::{KEPT_PUSHES, KeptPush};

use super::backend::{Backend, Opened};
use super::stage::at;

over_every_backend!(
    marks_only_rise,
    a_window_is_begun_once,
    one_of_many_begins_a_window,
    what_was_pushed_is_outstanding_until_it_is_cleared,
    nothing_is_kept_of_people_who_are_not_there,
    the_inbox_keeps_the_newest,
);

fn mark(chat_id: ChatId, user_id: UserId, pushed_seq: u64, cleared_seq: u64) -> PushMark {
    PushMark {
        chat_id,
        user_id,
        pushed_seq,
        cleared_seq,
    }
}

impl Opened {
    async fn marks(&self, chat_id: ChatId) -> Vec<PushMark> {
        let mut marks = self.pushes.find(vec![chat_id]).await.unwrap();
        marks.sort_unstable_by_key(|mark| mark.user_id);
        marks
    }
}

async fn marks_only_rise(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let (chat, another) = (ChatId::new(), ChatId::new());
    let pushes = &stores.pushes;
    let first = vec![
        mark(chat, one, 5, 0),
        mark(chat, other, 3, 2),
        mark(another, one, 9, 9),
    ];
    pushes.advance(first).await.unwrap();
    let lower = vec![mark(chat, one, 4, 1), mark(chat, other, 7, 0)];
    pushes.advance(lower).await.unwrap();
    // The same place twice at once.
    let twice = vec![mark(chat, one, 6, 0), mark(chat, one, 5, 3)];
    pushes.advance(twice).await.unwrap();
    let expected = [mark(chat, one, 6, 3), mark(chat, other, 7, 2)];
    assert_eq!(stores.marks(chat).await, expected);
    assert_eq!(backend.open().marks(chat).await, expected, "it is kept");
    let both = pushes.find(vec![chat, another, ChatId::new()]).await;
    assert_eq!(both.unwrap().len(), 3);
}

async fn a_window_is_begun_once(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, chat) = (stores.person().await, ChatId::new());
    let begin = async |now: i64| {
        let since = at(now - 3000);
        let begun = stores
            .pushes
            .begin_windows(vec![(chat, user)], at(now), since);
        begun.await.unwrap()
    };
    assert_eq!(begin(0).await, [None]);
    assert_eq!(begin(1000).await, [Some(at(0))]);
    assert_eq!(begin(2999).await, [Some(at(0))]);
    assert_eq!(begin(3000).await, [None]);
    assert_eq!(begin(3001).await, [Some(at(3000))]);
    stores
        .pushes
        .advance(vec![mark(chat, user, 4, 0)])
        .await
        .unwrap();
    assert_eq!(
        begin(3002).await,
        [Some(at(3000))],
        "a push leaves the window"
    );
    assert_eq!(stores.marks(chat).await, [mark(chat, user, 4, 0)]);
}

async fn one_of_many_begins_a_window(backend: &dyn Backend) {
    let stores = backend.open();
    let chat = ChatId::new();
    let mut people = Vec::new();
    for _ in 0..5 {
        people.push(stores.person().await);
    }
    let places: Vec<_> = people.iter().map(|user| (chat, *user)).collect();
    let calls = (0..8).map(|_| {
        stores
            .pushes
            .begin_windows(places.clone(), at(0), at(-3000))
    });
    let answers = futures_util::future::join_all(calls).await;
    for place in 0..places.len() {
        let begun = answers
            .iter()
            .filter(|answer| answer.as_ref().unwrap()[place].is_none());
        assert_eq!(begun.count(), 1, "of place {place}");
    }
}

async fn what_was_pushed_is_outstanding_until_it_is_cleared(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat = ChatId::new();
    let places = vec![(chat, one), (chat, other), (ChatId::new(), one)];
    let open = async || stores.pushes.outstanding(places.clone()).await.unwrap();
    assert!(open().await.is_empty());
    stores
        .pushes
        .advance(vec![mark(chat, one, 3, 0), mark(chat, other, 3, 3)])
        .await
        .unwrap();
    assert_eq!(open().await, [(chat, one)]);
    stores
        .pushes
        .advance(vec![mark(chat, one, 0, 4)])
        .await
        .unwrap();
    assert!(open().await.is_empty());
}

async fn nothing_is_kept_of_people_who_are_not_there(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, stranger, chat) = (stores.person().await, UserId::new(), ChatId::new());
    let pushes = &stores.pushes;
    let both = vec![mark(chat, stranger, 3, 0), mark(chat, user, 3, 0)];
    pushes.advance(both).await.unwrap();
    assert_eq!(stores.marks(chat).await, [mark(chat, user, 3, 0)]);
    let places = vec![(chat, stranger), (chat, user)];
    let begun = pushes
        .begin_windows(places, at(0), at(-3000))
        .await
        .unwrap();
    assert_eq!(begun, [None, None]);
    pushes.keep(push(stranger, 1)).await.unwrap();
    assert!(pushes.kept(stranger, 0, 10).await.unwrap().is_empty());
}

fn push(user_id: UserId, number: usize) -> KeptPush {
    KeptPush {
        place: 0,
        user_id,
        device_id: DeviceId::new(),
        platform: Platform::Ios,
        data: BTreeMap::from([("count".to_owned(), number.to_string())]),
        at: at(i64::try_from(number).unwrap()),
    }
}

async fn the_inbox_keeps_the_newest(backend: &dyn Backend) {
    let stores = backend.open();
    let (user, other) = (stores.person().await, stores.person().await);
    let pushes = &stores.pushes;
    let mut sent = Vec::new();
    for number in 0..KEPT_PUSHES + 3 {
        sent.push(push(user, number));
        pushes.keep(sent[number].clone()).await.unwrap();
    }
    pushes.keep(push(other, 7)).await.unwrap();
    let kept = pushes.kept(user, 0, 1000).await.unwrap();
    let bare: Vec<KeptPush> = kept
        .iter()
        .map(|one| KeptPush {
            place: 0,
            ..one.clone()
        })
        .collect();
    assert_eq!(bare, sent[3..]);
    assert!(kept.is_sorted_by_key(|one| one.place));
    let page = pushes.kept(user, kept[9].place, 2).await.unwrap();
    assert_eq!(page, kept[10..12]);
    assert_eq!(pushes.kept(other, 0, 1000).await.unwrap().len(), 1);
}
