//! The log: numbers, fences, repeats, edits and deletions.

use troupe::id::{ChatId, MessageId};
use troupe::storage::StoreErrorKind;
use troupe::storage::messages::{Append, Appended, Change, Entry, Heads};

use super::backend::Backend;
use super::stage::{at, new_chat, payload, sent, text, texts};

over_every_backend!(
    numbers_are_dense,
    heads_come_from_the_log,
    a_stale_owner_is_fenced,
    a_seq_is_fenced_too,
    a_repeat_is_a_conflict_for_good,
    a_conflict_keeps_what_came_before,
    one_conflict_leaves_other_chats_alone,
    every_field_comes_back,
    an_edit_changes_the_latest_state,
    a_deletion_strips,
    an_edit_after_a_deletion_brings_nothing_back,
    a_broken_append_fails_alone,
    nothing_is_forgotten_when_closed,
);

async fn numbers_are_dense(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 0, rev: 1 });
    let messages = texts(chat_id, one, Heads { seq: 0, rev: 1 }, 100);
    let done = stores
        .append(chat_id, messages.iter().map(sent).collect())
        .await;
    assert!(matches!(done, Appended::Committed), "{done:?}");
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 100, rev: 101 });
}

async fn heads_come_from_the_log(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "hello").await;
    let edit = Change::Edited {
        actor: one,
        message_id: first.id,
        payload: payload("hello!"),
    };
    stores.commit(chat_id, edit).await;
    let nowhere = ChatId::new();
    assert_eq!(stores.heads(nowhere).await, Heads::default());
    let many = stores.messages.heads_of(vec![nowhere, chat_id]).await;
    assert_eq!(many.expect("heads"), [(chat_id, Heads { seq: 1, rev: 3 })]);
}

async fn a_stale_owner_is_fenced(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let heads = stores.heads(chat_id).await;
    stores.say(chat_id, one, "1").await;
    stores.say(chat_id, one, "2").await;
    // Believes in the heads from before: its first number is taken, a later one would be free.
    let stale = texts(chat_id, other, heads, 3);
    let done = stores
        .append(chat_id, stale.iter().map(sent).collect())
        .await;
    assert!(
        matches!(done, Appended::Conflict { committed: 0 }),
        "{done:?}"
    );
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 2, rev: 3 });
    let ids = stale.iter().map(|message| message.id).collect();
    assert!(stores.messages.find(ids).await.expect("found").is_empty());
}

async fn a_seq_is_fenced_too(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    stores.say(chat_id, one, "1").await;
    let mut message = text(chat_id, one, stores.heads(chat_id).await, "again 1");
    message.seq = 1;
    let done = stores.append(chat_id, vec![sent(&message)]).await;
    assert!(
        matches!(done, Appended::Conflict { committed: 0 }),
        "{done:?}"
    );
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 1, rev: 2 });
}

async fn a_repeat_is_a_conflict_for_good(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "hello").await;
    let client_id = first.client_message_id.clone().expect("it has one");
    let delete = Change::Deleted {
        actor: one,
        message_id: first.id,
    };
    stores.commit(chat_id, delete).await;
    let mut again = text(chat_id, one, stores.heads(chat_id).await, "hello");
    again.client_message_id = first.client_message_id.clone();
    let done = stores.append(chat_id, vec![sent(&again)]).await;
    assert!(
        matches!(done, Appended::Conflict { committed: 0 }),
        "{done:?}"
    );
    let keys = vec![
        (one, client_id.clone()),
        (other, client_id.clone()),
        (one, "another".to_owned()),
    ];
    let found = stores.messages.find_by_client_ids(chat_id, keys).await;
    let found = found.expect("found");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].id, found[0].seq), (first.id, first.seq));
    assert_eq!(found[0].content_hash, first.content_hash);
    // The id is one sender's, in one chat.
    let mut others = text(chat_id, other, stores.heads(chat_id).await, "hello");
    others.client_message_id = Some(client_id.clone());
    let done = stores.append(chat_id, vec![sent(&others)]).await;
    assert!(matches!(done, Appended::Committed), "{done:?}");
    let elsewhere = stores.group(&[one, other]).await;
    let mut there = text(elsewhere, one, stores.heads(elsewhere).await, "hello");
    there.client_message_id = Some(client_id);
    let done = stores.append(elsewhere, vec![sent(&there)]).await;
    assert!(matches!(done, Appended::Committed), "{done:?}");
}

async fn a_conflict_keeps_what_came_before(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "first").await;
    let mut batch = texts(chat_id, one, stores.heads(chat_id).await, 5);
    batch[3].client_message_id = first.client_message_id.clone();
    let done = stores
        .append(chat_id, batch.iter().map(sent).collect())
        .await;
    assert!(
        matches!(done, Appended::Conflict { committed: 3 }),
        "{done:?}"
    );
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 4, rev: 5 });
    let ids = batch.iter().map(|message| message.id).collect();
    let found = stores.messages.find(ids).await.expect("found");
    assert_eq!(found.len(), 3);
    let outbox = stores.messages.outbox_unpublished(10).await.expect("rows");
    let last = outbox.last().expect("an outbox row");
    assert_eq!(
        (last.first_rev, last.last_rev, last.head_seq),
        (3, 5, 4),
        "one row for what was committed"
    );
}

async fn one_conflict_leaves_other_chats_alone(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chats = [
        stores.direct(one, other).await,
        stores.group(&[one, other]).await,
        stores.group(&[other, one]).await,
    ];
    let fresh = Heads { seq: 0, rev: 1 };
    let mut appends: Vec<Append> = chats
        .iter()
        .map(|&chat_id| Append {
            chat_id,
            entries: texts(chat_id, one, fresh, 3).iter().map(sent).collect(),
        })
        .collect();
    appends[1].entries[1].rev = 2;
    let done = stores.messages.append(appends).await;
    assert!(matches!(done[0], Appended::Committed));
    assert!(matches!(done[1], Appended::Conflict { committed: 1 }));
    assert!(matches!(done[2], Appended::Committed));
    assert_eq!(stores.heads(chats[0]).await, Heads { seq: 3, rev: 4 });
    assert_eq!(stores.heads(chats[1]).await, Heads { seq: 1, rev: 2 });
    assert_eq!(stores.heads(chats[2]).await, Heads { seq: 3, rev: 4 });
}

async fn every_field_comes_back(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "first").await;
    let mut message = text(
        chat_id,
        other,
        stores.heads(chat_id).await,
        "snow ❄ \"'\\ \u{0}",
    );
    message.reply_to_id = Some(first.id);
    message.forwarded = true;
    message.expires_at = Some(at(60_000));
    message.content_hash = *b"0123456789abcdef";
    let done = stores.append(chat_id, vec![sent(&message)]).await;
    assert!(matches!(done, Appended::Committed), "{done:?}");
    let stored = stores.state(message.id).await;
    assert_eq!(format!("{stored:?}"), format!("{message:?}"));
    let unknown = stores.messages.find(vec![MessageId::new()]).await;
    assert!(unknown.expect("found").is_empty());
}

async fn an_edit_changes_the_latest_state(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "helo").await;
    stores.say(chat_id, other, "hi").await;
    let edit = Change::Edited {
        actor: one,
        message_id: first.id,
        payload: payload("hello"),
    };
    stores.commit(chat_id, edit).await;
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 2, rev: 4 });
    let stored = stores.state(first.id).await;
    assert_eq!((stored.seq, stored.rev), (1, 4));
    assert_eq!(stored.payload.get(), payload("hello").get());
    assert_eq!(stored.content_hash, first.content_hash);
    assert_eq!(stored.created_at, first.created_at);
    assert_eq!(stored.edited_at, Some(stored.updated_at));
    assert!(stored.updated_at > first.updated_at);
}

async fn a_deletion_strips(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "secret").await;
    let edit = Change::Edited {
        actor: one,
        message_id: first.id,
        payload: payload("more secret"),
    };
    stores.commit(chat_id, edit).await;
    let delete = Change::Deleted {
        actor: one,
        message_id: first.id,
    };
    stores.commit(chat_id, delete.clone()).await;
    let stored = stores.state(first.id).await;
    assert!(stored.is_deleted);
    assert_eq!(stored.payload.get(), "{}");
    assert!(stored.reactions.is_empty());
    assert_eq!((stored.seq, stored.rev), (1, 4));
    assert_eq!(stored.client_message_id, first.client_message_id);
    assert_eq!(stored.content_hash, first.content_hash);
    // Done again it takes its number and changes nothing.
    stores.commit(chat_id, delete).await;
    let again = stores.state(first.id).await;
    assert_eq!((again.rev, again.updated_at), (4, stored.updated_at));
}

async fn an_edit_after_a_deletion_brings_nothing_back(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "secret").await;
    let delete = Change::Deleted {
        actor: one,
        message_id: first.id,
    };
    stores.commit(chat_id, delete).await;
    let edit = Change::Edited {
        actor: one,
        message_id: first.id,
        payload: payload("secret again"),
    };
    stores.commit(chat_id, edit).await;
    let stored = stores.state(first.id).await;
    assert_eq!(stored.payload.get(), "{}");
    assert_eq!((stored.rev, stored.edited_at), (3, None));
}

async fn a_broken_append_fails_alone(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chats = [
        stores.direct(one, other).await,
        stores.group(&[one, other]).await,
    ];
    let used = stores.say(chats[0], one, "hello").await;
    let mut broken = text(chats[0], one, stores.heads(chats[0]).await, "another");
    broken.id = used.id;
    let fine = text(chats[1], one, stores.heads(chats[1]).await, "fine");
    let appends = [broken, fine].map(|message| Append {
        chat_id: message.chat_id,
        entries: vec![sent(&message)],
    });
    let done = stores.messages.append(appends.to_vec()).await;
    assert!(
        matches!(&done[0], Appended::Failed(error) if error.kind == StoreErrorKind::Internal),
        "a message id taken twice is a bug, not a repeat: {done:?}"
    );
    assert!(matches!(done[1], Appended::Committed), "{done:?}");
    assert_eq!(stores.heads(chats[0]).await, Heads { seq: 1, rev: 2 });
    assert_eq!(stores.heads(chats[1]).await, Heads { seq: 1, rev: 2 });
}

async fn nothing_is_forgotten_when_closed(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let new = new_chat(troupe::domain::chat::ChatKind::Direct, &[one, other]);
    let chat_id = stores.chats.insert(new).await.expect("inserted").chat_id;
    let first = stores.say(chat_id, one, "hello").await;
    let hidden = stores.say(chat_id, one, "hide me").await;
    let hid = stores.messages.hide(other, &hidden, at(9)).await;
    assert!(hid.expect("hidden").is_some());
    let roster = stores.chats.find(chat_id).await.expect("found");
    let before = format!("{:?}", stores.state(first.id).await);
    drop(stores);

    let stores = backend.open();
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 2, rev: 3 });
    assert_eq!(format!("{:?}", stores.state(first.id).await), before);
    assert_eq!(stores.chats.find(chat_id).await.expect("found"), roster);
    let ids = vec![first.id, hidden.id];
    let still = stores.messages.hidden(other, ids).await.expect("hidden");
    assert_eq!(still, [hidden.id]);
    let mut again = text(chat_id, one, stores.heads(chat_id).await, "hello");
    again.client_message_id = first.client_message_id;
    let entry = Entry {
        rev: again.rev,
        at: again.created_at,
        change: Change::Sent(Box::new(again)),
    };
    let done = stores.append(chat_id, vec![entry]).await;
    assert!(matches!(done, Appended::Conflict { committed: 0 }));
}
