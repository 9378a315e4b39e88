//! A sender whose account is gone: one entry strips all he said in a chat.

use troupe::storage::log::LoggedChange;
use troupe::storage::messages::{Change, Heads};

use super::backend::Backend;
use super::reactions::react;
use super::stage::{at, payload};

over_every_backend!(
    one_entry_strips_a_sender,
    an_edit_keeps_no_text_of_his,
    nothing_is_left_to_strip,
    what_shares_a_rev_comes_together,
);

/// However few were asked for, and with one that is hidden among them.
async fn what_shares_a_rev_comes_together(backend: &dyn Backend) {
    let stores = backend.open();
    let (gone, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(gone, other).await;
    let mut said = Vec::new();
    for place in 0..7 {
        said.push(stores.say(chat_id, gone, &format!("{place}")).await);
    }
    for text in ["mine", "mine too"] {
        stores.say(chat_id, other, text).await;
    }
    let hidden = stores.messages.hide(other, &said[1], at(5)).await;
    hidden.unwrap().expect("hidden");
    stores
        .commit(chat_id, Change::SenderErased { sender: gone })
        .await;
    let head = stores.heads(chat_id).await.rev;
    for (limit, count) in [(1, 1), (2, 2), (3, 8), (5, 8), (8, 8), (9, 8)] {
        let changed = stores.messages.changed(other, chat_id, 1, head, limit);
        let changed = changed.await.unwrap();
        assert_eq!(changed.len(), count, "of {limit}");
        let revs: Vec<u64> = changed.iter().map(|message| message.rev).collect();
        assert!(revs.is_sorted(), "{revs:?}");
    }
    let of_one = stores.messages.changed(other, chat_id, head - 1, head, 2);
    assert_eq!(of_one.await.unwrap().len(), 6);
}

async fn one_entry_strips_a_sender(backend: &dyn Backend) {
    let stores = backend.open();
    let (gone, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(gone, other).await;
    let elsewhere = stores.direct(gone, stores.person().await).await;
    let kept = stores.say(elsewhere, gone, "elsewhere").await;
    let (first, second) = (
        stores.say(chat_id, gone, "one").await,
        stores.say(chat_id, gone, "two").await,
    );
    let theirs = stores.say(chat_id, other, "mine").await;
    stores
        .commit(chat_id, react(gone, theirs.id, Some("👍")))
        .await;
    stores
        .commit(chat_id, react(other, theirs.id, Some("🎉")))
        .await;
    stores
        .commit(chat_id, react(other, first.id, Some("🎉")))
        .await;
    assert!(stores.messages.speaks(chat_id, gone).await.unwrap());
    stores
        .commit(chat_id, Change::SenderErased { sender: gone })
        .await;

    assert_eq!(stores.heads(chat_id).await, Heads { seq: 3, rev: 8 });
    for id in [first.id, second.id] {
        let state = stores.state(id).await;
        assert!(state.is_deleted && state.reactions.is_empty(), "{state:?}");
        assert_eq!((state.payload.get(), state.rev), ("{}", 8));
        assert!(state.client_message_id.is_some(), "D2 holds");
    }
    let state = stores.state(theirs.id).await;
    let reacting: Vec<_> = state.reactions.keys().copied().collect();
    assert_eq!((reacting, state.rev), (vec![other], 8));
    assert_eq!(state.payload.get(), theirs.payload.get());
    let untouched = stores.state(kept.id).await;
    assert_eq!(untouched.payload.get(), kept.payload.get());
    let changed = stores.messages.changed(other, chat_id, 7, 8, 9).await;
    assert_eq!(changed.unwrap().len(), 3, "sync brings what changed");
}

async fn an_edit_keeps_no_text_of_his(backend: &dyn Backend) {
    let stores = backend.open();
    let (gone, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(gone, other).await;
    let said = stores.say(chat_id, gone, "one").await;
    let edit = Change::Edited {
        actor: gone,
        message_id: said.id,
        payload: payload("two"),
    };
    stores.commit(chat_id, edit).await;
    stores
        .commit(chat_id, Change::SenderErased { sender: gone })
        .await;
    let rows = stores.messages.outbox_unpublished(100).await.unwrap();
    let log = stores.messages.outbox_log(rows).await.unwrap();
    let last = log.iter().rfind(|entry| entry.chat_id == chat_id);
    assert!(matches!(last.unwrap().what, LoggedChange::Silent));
    let state = stores.state(said.id).await;
    assert!(state.is_deleted);
    assert_eq!(state.payload.get(), "{}");
}

async fn nothing_is_left_to_strip(backend: &dyn Backend) {
    let stores = backend.open();
    let (gone, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(gone, other).await;
    let speaks = || stores.messages.speaks(chat_id, gone);
    assert!(!speaks().await.unwrap());
    let theirs = stores.say(chat_id, other, "hello").await;
    assert!(!speaks().await.unwrap());
    stores
        .commit(chat_id, react(gone, theirs.id, Some("👍")))
        .await;
    assert!(speaks().await.unwrap(), "a reaction is something");
    for _ in 0..2 {
        stores
            .commit(chat_id, Change::SenderErased { sender: gone })
            .await;
        assert!(!speaks().await.unwrap());
    }
}
