//! The media index.

use std::time::Duration;

use troupe::domain::media::{MediaKind, Medium};
use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, MediaId, UserId};
use troupe::storage::messages::{Change, ChatEffect, ChatPatch};
use troupe::storage::users::UserPatch;

use super::backend::{Backend, Opened};
use super::stage::{START, at, text};

over_every_backend!(
    a_medium_is_seen_once_it_is_made,
    a_key_makes_one_medium,
    a_key_is_free_after_a_week,
    of_two_with_one_key_one_wins,
    what_is_held_is_not_withdrawn,
    what_is_withdrawn_is_not_there,
    an_owner_is_known_until_his_medium_is_forgotten,
    references_are_counted_over_messages_profiles_and_groups,
    messages_are_found_by_their_media_and_chat,
    everything_older_is_listed_in_pages,
);

const DAY: Duration = Duration::from_secs(86_400);

fn medium(owner_id: UserId) -> Medium {
    Medium {
        id: MediaId::new(),
        owner_id,
        kind: MediaKind::Video,
        mime_type: "video/mp4".to_owned(),
        size_bytes: 1 << 33,
        file_name: Some("größe.mp4".to_owned()),
        width: Some(1920),
        height: None,
        duration_ms: Some(61_000),
        has_thumbnail: true,
        created_at: at(5),
    }
}

impl Opened {
    async fn make(&self, medium: Medium, key: Option<&str>) -> Option<Medium> {
        let (id, owner) = (medium.id, medium.owner_id);
        self.media.begin(id, owner, START).await.unwrap();
        let key = key.map(str::to_owned);
        self.media.insert(medium, key).await.unwrap()
    }

    async fn made(&self, owner: UserId) -> MediaId {
        self.make(medium(owner), None).await.expect("made").id
    }

    async fn finds(&self, id: MediaId) -> bool {
        !self.media.find(vec![id]).await.unwrap().is_empty()
    }

    async fn show(&self, chat_id: ChatId, sender: UserId, id: MediaId) -> Message {
        let heads = self.heads(chat_id).await;
        let json = format!(r#"{{"mediaId":"{id}"}}"#);
        let message = Message {
            kind: MessageKind::Video,
            payload: serde_json::value::RawValue::from_string(json).unwrap(),
            ..text(chat_id, sender, heads, "")
        };
        self.commit(chat_id, Change::Sent(Box::new(message.clone())))
            .await;
        message
    }

    async fn is_referenced(&self, id: MediaId) -> bool {
        let other = MediaId::new();
        let found = self.media.referenced(vec![other, id]).await.unwrap();
        found == [id]
    }
}

async fn a_medium_is_seen_once_it_is_made(backend: &dyn Backend) {
    let stores = backend.open();
    let owner = stores.person().await;
    let new = medium(owner);
    stores.media.begin(new.id, owner, START).await.unwrap();
    assert!(!stores.finds(new.id).await);
    let made = stores.media.insert(new.clone(), None).await.unwrap();
    assert_eq!(made, Some(new.clone()));
    let found = backend
        .open()
        .media
        .find(vec![new.id, MediaId::new()])
        .await;
    assert_eq!(found.unwrap(), std::slice::from_ref(&new));
    assert_eq!(
        stores.media.list_of(owner, None, 9).await.unwrap(),
        std::slice::from_ref(&new)
    );
    assert!(
        stores
            .media
            .list_of(owner, Some(new.id), 9)
            .await
            .unwrap()
            .is_empty()
    );
    stores.media.remove(new.id).await.unwrap();
    stores.media.remove(new.id).await.unwrap();
    assert!(!stores.finds(new.id).await);
    assert_eq!(
        stores.media.insert(new, None).await.unwrap(),
        None,
        "it was swept"
    );
}

async fn a_key_makes_one_medium(backend: &dyn Backend) {
    let stores = backend.open();
    let (owner, other) = (stores.person().await, stores.person().await);
    let first = stores.make(medium(owner), Some("k")).await.unwrap();
    let again = stores.make(medium(owner), Some("k")).await.unwrap();
    assert_eq!(again, first);
    let found = stores.media.find_by_key(owner, "k".to_owned(), at(9)).await;
    assert_eq!(found.unwrap(), Some(first.clone()));
    let others = stores.make(medium(other), Some("k")).await.unwrap();
    assert_ne!(others.id, first.id, "keys are each account's own");
}

async fn a_key_is_free_after_a_week(backend: &dyn Backend) {
    let stores = backend.open();
    let owner = stores.person().await;
    let first = stores.make(medium(owner), Some("k")).await.unwrap();
    let late = START + DAY * 8;
    let find = |now| stores.media.find_by_key(owner, "k".to_owned(), now);
    assert!(find(START + DAY * 6).await.unwrap().is_some());
    assert!(find(late).await.unwrap().is_none());
    let new = Medium {
        created_at: late,
        ..medium(owner)
    };
    let second = stores.make(new, Some("k")).await.unwrap();
    assert_ne!(second.id, first.id);
    assert!(stores.finds(first.id).await, "what it made before stays");
}

async fn of_two_with_one_key_one_wins(backend: &dyn Backend) {
    let (here, there) = (backend.open(), backend.open());
    let owner = here.person().await;
    let made = tokio::join!(
        here.make(medium(owner), Some("k")),
        there.make(medium(owner), Some("k")),
        here.make(medium(owner), Some("k")),
    );
    let ids = [made.0, made.1, made.2].map(|made| made.unwrap().id);
    assert!(ids.iter().all(|id| *id == ids[0]), "{ids:?}");
}

async fn what_is_held_is_not_withdrawn(backend: &dyn Backend) {
    let stores = backend.open();
    let owner = stores.person().await;
    let id = stores.made(owner).await;
    let held = stores
        .media
        .hold(vec![id, MediaId::new()], at(100))
        .await
        .unwrap();
    assert_eq!(held.len(), 1);
    // A shorter hold does not end a longer one.
    stores.media.hold(vec![id], at(50)).await.unwrap();
    assert!(!stores.media.withdraw(id, at(99)).await.unwrap());
    assert!(stores.finds(id).await);
    assert!(stores.media.withdraw(id, at(100)).await.unwrap());
}

async fn what_is_withdrawn_is_not_there(backend: &dyn Backend) {
    let stores = backend.open();
    let owner = stores.person().await;
    let id = stores.make(medium(owner), Some("k")).await.unwrap().id;
    assert!(stores.media.withdraw(id, at(1)).await.unwrap());
    assert!(
        !stores.media.withdraw(id, at(1)).await.unwrap(),
        "by one alone"
    );
    assert!(!stores.finds(id).await);
    assert!(stores.media.hold(vec![id], at(9)).await.unwrap().is_empty());
    let by_key = stores.media.find_by_key(owner, "k".to_owned(), at(9)).await;
    assert_eq!(by_key.unwrap(), None);
    stores.media.restore(id).await.unwrap();
    assert!(stores.finds(id).await);
    assert!(!stores.media.withdraw(MediaId::new(), at(1)).await.unwrap());
}

async fn an_owner_is_known_until_his_medium_is_forgotten(backend: &dyn Backend) {
    let stores = backend.open();
    let owner = stores.person().await;
    let begun = MediaId::new();
    stores.media.begin(begun, owner, START).await.unwrap();
    assert_eq!(stores.media.owner_of(begun).await.unwrap(), None);
    let id = stores.made(owner).await;
    assert_eq!(stores.media.owner_of(id).await.unwrap(), Some(owner));
    stores.media.withdraw(id, at(1)).await.unwrap();
    assert_eq!(stores.media.owner_of(id).await.unwrap(), Some(owner));
    stores.media.remove(id).await.unwrap();
    assert_eq!(stores.media.owner_of(id).await.unwrap(), None);
}

async fn references_are_counted_over_messages_profiles_and_groups(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let id = stores.made(one).await;
    assert!(!stores.is_referenced(id).await);

    let message = stores.show(chat_id, one, id).await;
    assert!(stores.is_referenced(id).await);
    let gone = Change::Deleted {
        actor: one,
        message_id: message.id,
    };
    stores.commit(chat_id, gone).await;
    assert!(
        !stores.is_referenced(id).await,
        "a stripped message names nothing"
    );

    let patch = |avatar| UserPatch {
        avatar_media_id: Some(avatar),
        ..UserPatch::default()
    };
    stores
        .users
        .update(one, patch(Some(id)), at(1))
        .await
        .unwrap();
    assert!(stores.is_referenced(id).await);
    stores.users.update(one, patch(None), at(2)).await.unwrap();
    assert!(!stores.is_referenced(id).await);

    let group = stores.group(&[one, other]).await;
    let face = |avatar| {
        ChatEffect::ChatChanged(ChatPatch {
            avatar_media_id: Some(avatar),
            ..ChatPatch::default()
        })
    };
    stores.act(group, one, face(Some(id))).await;
    assert!(stores.is_referenced(id).await);
    stores.act(group, one, face(None)).await;
    assert!(!stores.is_referenced(id).await);
}

async fn messages_are_found_by_their_media_and_chat(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let (here, there) = (
        stores.direct(one, other).await,
        stores.group(&[one, other]).await,
    );
    let id = stores.made(one).await;
    stores.say(here, one, &id.to_string()).await;
    let first = stores.show(here, one, id).await;
    let second = stores.show(there, one, id).await;
    let find = |chats, limit| stores.messages.find_by_media(id, chats, limit);
    let found = find(vec![here], 9).await.unwrap();
    let ids: Vec<_> = found.iter().map(|message| message.id).collect();
    assert_eq!(ids, [first.id]);
    let mut all: Vec<_> = find(vec![here, there], 9)
        .await
        .unwrap()
        .iter()
        .map(|message| message.id)
        .collect();
    all.sort_unstable();
    let mut both = [first.id, second.id];
    both.sort_unstable();
    assert_eq!(all, both);
    assert_eq!(find(vec![here, there], 1).await.unwrap().len(), 1);
    assert!(find(vec![ChatId::new()], 9).await.unwrap().is_empty());
}

async fn everything_older_is_listed_in_pages(backend: &dyn Backend) {
    let stores = backend.open();
    let owner = stores.person().await;
    let mut ids = Vec::new();
    for place in 0..5 {
        let id = MediaId::new();
        stores.media.begin(id, owner, at(place)).await.unwrap();
        ids.push(id);
    }
    stores.media.withdraw(ids[1], at(9)).await.unwrap();
    let (held, until) = (stores.made(owner).await, at(5));
    stores.media.hold(vec![held], until).await.unwrap();
    let page = |after, limit| stores.media.list_older(at(4), after, limit);
    assert_eq!(page(None, 3).await.unwrap(), ids[..3]);
    assert_eq!(page(Some(ids[2]), 3).await.unwrap(), ids[3..4]);
    assert!(page(Some(ids[3]), 3).await.unwrap().is_empty());
    let later = stores.media.list_older(until, Some(ids[4]), 3).await;
    assert_eq!(later.unwrap(), [held]);
}
