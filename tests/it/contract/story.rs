//! The story of a message over every backend: its entries in order, and where their events are.

use troupe::domain::message::Message;
use troupe::storage::messages::Change;
use troupe::storage::story::{Publication, StoryEntry};

use super::backend::{Backend, Opened};
use super::stage::{at, payload};

over_every_backend!(
    every_entry_about_a_message_is_told,
    the_newest_are_told_of_many,
    the_end_of_an_account_is_part_of_it,
);

async fn story(stores: &Opened, message: &Message, limit: usize) -> Vec<StoryEntry> {
    let found = stores.messages.find(vec![message.id]).await.expect("found");
    let told = stores.messages.story(&found[0], limit).await;
    told.expect("a story")
}

fn changes(story: &[StoryEntry]) -> Vec<(u64, &str)> {
    let told = story.iter();
    told.map(|entry| (entry.rev, entry.change.as_str()))
        .collect()
}

async fn every_entry_about_a_message_is_told(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let message = stores.say(chat_id, one, "first").await;
    stores.say(chat_id, one, "another").await;
    let rows = stores.messages.outbox_unpublished(99).await.expect("rows");
    let own = rows.iter().find(|row| row.first_rev == message.rev);
    let own = own.expect("its row").clone();
    let mark = stores.messages.outbox_published(vec![own], at(50)).await;
    mark.expect("marked");
    let edited = Change::Edited {
        actor: one,
        message_id: message.id,
        payload: payload("changed"),
    };
    let reacted = Change::Reacted {
        actor: other,
        message_id: message.id,
        emoji: Some("🎭".to_owned()),
    };
    let deleted = Change::Deleted {
        actor: one,
        message_id: message.id,
    };
    for change in [edited, reacted, deleted] {
        stores.commit(chat_id, change).await;
    }
    let told = story(&stores, &message, 99).await;
    let expected = [(2, "sent"), (4, "edited"), (5, "reacted"), (6, "deleted")];
    assert_eq!(changes(&told), expected);
    assert!(
        matches!(told[0].outbox, Publication::Published(_)),
        "{told:?}"
    );
    assert!(
        told[1..]
            .iter()
            .all(|entry| entry.outbox == Publication::Waiting)
    );
    let actors: Vec<_> = told.iter().map(|entry| entry.actor).collect();
    assert_eq!(actors, [Some(one), Some(one), Some(other), Some(one)]);
    assert_eq!(told[1].at, at(4));

    // The newest row is kept, and what was not published.
    let removed = stores.messages.outbox_remove(at(99_999)).await;
    removed.expect("removed");
    let later = story(&stores, &message, 99).await;
    assert_eq!(later[0].outbox, Publication::Forgotten);
    assert_eq!(later[1].outbox, Publication::Waiting);
}

async fn the_newest_are_told_of_many(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let message = stores.say(chat_id, one, "first").await;
    for emoji in ["1", "2", "3", "4"] {
        let reacted = Change::Reacted {
            actor: other,
            message_id: message.id,
            emoji: Some(emoji.to_owned()),
        };
        stores.commit(chat_id, reacted).await;
    }
    let told = story(&stores, &message, 3).await;
    let expected = [(2, "sent"), (5, "reacted"), (6, "reacted")];
    assert_eq!(changes(&told), expected, "and always its own");
}

async fn the_end_of_an_account_is_part_of_it(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let message = stores.say(chat_id, one, "first").await;
    stores
        .commit(chat_id, Change::SenderErased { sender: one })
        .await;
    let told = story(&stores, &message, 99).await;
    assert_eq!(changes(&told), [(2, "sent"), (3, "sender_erased")]);
}
