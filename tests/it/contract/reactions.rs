//! Reactions: entries of the log that act on a message.

use troupe::id::{MessageId, UserId};
use troupe::storage::log::LoggedChange;
use troupe::storage::messages::{Change, Heads};

use super::backend::{Backend, Opened};
use super::stage::payload;

over_every_backend!(
    a_reaction_is_an_entry_and_changes_the_message,
    everyone_has_one,
    it_is_taken_back,
    a_deletion_takes_reactions_along,
    a_late_reaction_to_what_is_deleted_changes_nothing,
    an_odd_emoji_is_kept_as_it_is,
    it_is_told_of,
);

pub fn react(actor: UserId, message_id: MessageId, emoji: Option<&str>) -> Change {
    Change::Reacted {
        actor,
        message_id,
        emoji: emoji.map(str::to_owned),
    }
}

impl Opened {
    /// The reactions of a message, by user.
    async fn reactions(&self, id: MessageId) -> Vec<(UserId, String)> {
        self.state(id).await.reactions.into_iter().collect()
    }
}

async fn a_reaction_is_an_entry_and_changes_the_message(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    stores.say(chat_id, one, "more").await;
    stores
        .commit(chat_id, react(other, said.id, Some("👍")))
        .await;
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 2, rev: 4 });
    let state = stores.state(said.id).await;
    assert_eq!(state.reactions.get(&other).map(String::as_str), Some("👍"));
    assert_eq!((state.seq, state.rev), (1, 4));
    assert_eq!(state.edited_at, None);
    assert!(state.updated_at > state.created_at);
    assert_eq!(state.payload.get(), said.payload.get());
    let changed = stores.messages.changed(one, chat_id, 3, 4, 9).await;
    let changed = changed.expect("read");
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].id, said.id);
    let count = stores.messages.count_changed(chat_id, 1, 4, 9).await;
    assert_eq!(count.expect("read"), 2, "the latest state, once");
}

async fn everyone_has_one(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    for (who, emoji) in [(one, "❤️"), (other, "👍"), (one, "👩🏽‍❤️‍💋‍👨🏿")]
    {
        stores
            .commit(chat_id, react(who, said.id, Some(emoji)))
            .await;
    }
    let mut expected = vec![(one, "👩🏽‍❤️‍💋‍👨🏿".to_owned()), (other, "👍".to_owned())];
    expected.sort();
    assert_eq!(stores.reactions(said.id).await, expected);
}

async fn it_is_taken_back(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    for (who, emoji) in [(one, Some("❤️")), (other, Some("👍")), (other, None)] {
        stores.commit(chat_id, react(who, said.id, emoji)).await;
    }
    let expected = [(one, "❤️".to_owned())];
    assert_eq!(stores.reactions(said.id).await, expected);
    stores.commit(chat_id, react(one, said.id, None)).await;
    assert!(stores.reactions(said.id).await.is_empty());
    assert_eq!(stores.state(said.id).await.rev, 6);
}

async fn a_deletion_takes_reactions_along(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    stores
        .commit(chat_id, react(other, said.id, Some("👍")))
        .await;
    let edit = Change::Edited {
        actor: one,
        message_id: said.id,
        payload: payload("hello!"),
    };
    stores.commit(chat_id, edit).await;
    let edited = stores.state(said.id).await;
    assert_eq!(edited.reactions.len(), 1, "an edit leaves them");
    let delete = Change::Deleted {
        actor: one,
        message_id: said.id,
    };
    stores.commit(chat_id, delete).await;
    let state = stores.state(said.id).await;
    assert!(state.is_deleted && state.reactions.is_empty());
}

/// As when another owner's deletion came between decision and entry.
async fn a_late_reaction_to_what_is_deleted_changes_nothing(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    let delete = Change::Deleted {
        actor: one,
        message_id: said.id,
    };
    stores.commit(chat_id, delete).await;
    stores
        .commit(chat_id, react(other, said.id, Some("👍")))
        .await;
    let state = stores.state(said.id).await;
    assert!(state.reactions.is_empty());
    assert_eq!(state.rev, 3);
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 1, rev: 4 });
}

async fn an_odd_emoji_is_kept_as_it_is(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    for emoji in ["$set", "a\"b'c\\", "{}", "null"] {
        stores
            .commit(chat_id, react(other, said.id, Some(emoji)))
            .await;
        assert_eq!(stores.reactions(said.id).await, [(other, emoji.to_owned())]);
    }
}

async fn it_is_told_of(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "hello").await;
    stores
        .commit(chat_id, react(other, said.id, Some("👍")))
        .await;
    let rows = stores.messages.outbox_unpublished(99).await.expect("rows");
    let rows = rows.into_iter().filter(|row| row.chat_id == chat_id);
    let log = stores
        .messages
        .outbox_log(rows.collect())
        .await
        .expect("log");
    let last = log.last().expect("an entry");
    assert_eq!((last.rev, last.actor), (3, Some(other)));
    assert!(
        matches!(last.what, LoggedChange::Reacted { message_id } if message_id == said.id),
        "{last:?}"
    );
}
