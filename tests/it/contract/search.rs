//! The index of what messages say.

use troupe::domain::search::{Query, Term};
use troupe::id::{ChatId, MessageId};
use troupe::storage::messages::Change;
use troupe::storage::search::{Hits, HitsQuery, IndexBatch, Indexed, catch_up};

use super::backend::{Backend, Opened};
use super::stage::payload;

over_every_backend!(
    what_was_said_is_found_newest_first,
    pages_go_on_and_miss_nothing,
    the_beginnings_of_very_many_words,
    a_chat_is_for_itself,
    an_edit_and_a_deletion_are_taken_in,
    an_older_state_replaces_no_newer_one,
    what_is_removed_stays_away,
    it_goes_on_where_it_was,
    odd_words_are_words,
);

impl Opened {
    async fn index(&self, chat_id: ChatId) {
        while self.catch_up(chat_id).await {}
    }

    async fn catch_up(&self, chat_id: ChatId) -> bool {
        let done = catch_up(self.messages.as_ref(), self.search.as_ref(), chat_id).await;
        done.expect("indexed").more
    }

    async fn hits(
        &self,
        chat_ids: &[ChatId],
        q: &str,
        before: Option<MessageId>,
        limit: usize,
    ) -> Hits {
        let query = HitsQuery {
            chat_ids: chat_ids.to_vec(),
            terms: Query::parse(q).expect("a question").terms(),
            before,
            limit,
        };
        self.search.hits(query).await.expect("hits")
    }

    async fn found(&self, chat_id: ChatId, q: &str) -> Vec<MessageId> {
        let hits = self.hits(&[chat_id], q, None, 99).await;
        assert_eq!(hits.rest, None);
        hits.ids
    }
}

async fn what_was_said_is_found_newest_first(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let mut ids = Vec::new();
    for words in ["Guten Tag", "guter Rat", "nichts", "今天天气很好", "Gut!"] {
        ids.push(stores.say(chat_id, one, words).await.id);
    }
    assert!(stores.found(chat_id, "gut").await.is_empty(), "not yet");
    stores.index(chat_id).await;
    assert_eq!(stores.found(chat_id, "gut").await, [ids[4], ids[1], ids[0]]);
    assert_eq!(stores.found(chat_id, "GUTE").await, [ids[1], ids[0]]);
    assert_eq!(stores.found(chat_id, "天气").await, [ids[3]]);
    assert!(stores.found(chat_id, "天好").await.is_empty());
    let none: Vec<Term> = Vec::new();
    let nothing = HitsQuery {
        chat_ids: vec![chat_id],
        terms: none,
        before: None,
        limit: 9,
    };
    let nothing = stores.search.hits(nothing).await.expect("hits");
    assert_eq!(nothing, Hits::default());
}

async fn pages_go_on_and_miss_nothing(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chats = [
        stores.direct(one, other).await,
        stores.group(&[one, other]).await,
        stores.group(&[one]).await,
    ];
    let mut expected = Vec::new();
    for turn in 0..20 {
        let words = format!("word{} and more", turn % 3);
        let said = stores.say(chats[turn % 3], one, &words).await;
        expected.push(said.id);
    }
    expected.sort();
    expected.reverse();
    for chat_id in chats {
        stores.index(chat_id).await;
    }
    for limit in [1, 3, 7, 20, 50] {
        let (mut before, mut found) = (None, Vec::new());
        loop {
            let hits = stores.hits(&chats, "word", before, limit).await;
            assert!(hits.ids.len() <= limit);
            found.extend(hits.ids);
            let Some(rest) = hits.rest else { break };
            assert!(before.is_none_or(|before| rest < before), "it moves on");
            before = Some(rest);
        }
        assert_eq!(found, expected, "{limit} at once");
    }
}

/// More words with one beginning than are walked one by one.
async fn the_beginnings_of_very_many_words(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let mut expected = Vec::new();
    for turn in 0..200 {
        expected.push(stores.say(chat_id, one, &format!("x{turn:03}y")).await.id);
    }
    stores.say(chat_id, one, "another").await;
    expected.reverse();
    stores.index(chat_id).await;
    let (mut before, mut found) = (None, Vec::new());
    loop {
        let hits = stores.hits(&[chat_id], "x", before, 60).await;
        found.extend(hits.ids);
        before = hits.rest;
        if before.is_none() {
            break;
        }
    }
    assert_eq!(found, expected);
}

async fn a_chat_is_for_itself(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let (chat_id, elsewhere) = (stores.direct(one, other).await, stores.group(&[one]).await);
    stores.say(chat_id, one, "secret").await;
    stores.index(chat_id).await;
    stores.index(elsewhere).await;
    assert!(stores.found(elsewhere, "secret").await.is_empty());
    assert!(stores.found(ChatId::new(), "secret").await.is_empty());
    let positions = vec![elsewhere, ChatId::new(), chat_id];
    let mut positions = stores.search.positions(positions).await.expect("read");
    positions.sort();
    let mut expected = [(chat_id, 2), (elsewhere, 1)];
    expected.sort();
    assert_eq!(positions, expected);
}

async fn an_edit_and_a_deletion_are_taken_in(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say(chat_id, one, "first words").await;
    stores.index(chat_id).await;
    let edit = Change::Edited {
        actor: one,
        message_id: said.id,
        payload: payload("other words"),
    };
    stores.commit(chat_id, edit).await;
    stores.index(chat_id).await;
    assert!(stores.found(chat_id, "first").await.is_empty());
    assert_eq!(stores.found(chat_id, "other").await, [said.id]);
    let delete = Change::Deleted {
        actor: one,
        message_id: said.id,
    };
    stores.commit(chat_id, delete).await;
    stores.index(chat_id).await;
    for word in ["first", "other", "words"] {
        assert!(stores.found(chat_id, word).await.is_empty(), "{word}");
    }
}

fn batch(chat_id: ChatId, message_id: MessageId, rev: u64, word: &str) -> IndexBatch {
    let terms = [word.to_owned()].into();
    IndexBatch {
        chat_id,
        messages: vec![Indexed {
            message_id,
            rev,
            terms,
        }],
        rev,
    }
}

async fn an_older_state_replaces_no_newer_one(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, message_id) = (ChatId::new(), MessageId::new());
    for (rev, word) in [(5, "new"), (3, "old"), (5, "same")] {
        let done = stores
            .search
            .index(batch(chat_id, message_id, rev, word))
            .await;
        done.expect("indexed");
    }
    assert_eq!(stores.found(chat_id, "new").await, [message_id]);
    for word in ["old", "same"] {
        assert!(stores.found(chat_id, word).await.is_empty());
    }
    let position = stores.search.positions(vec![chat_id]).await.expect("read");
    assert_eq!(position, [(chat_id, 5)], "it does not go back");
}

async fn what_is_removed_stays_away(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, known, unknown) = (ChatId::new(), MessageId::new(), MessageId::new());
    let done = stores.search.index(batch(chat_id, known, 2, "word")).await;
    done.expect("indexed");
    let gone = vec![(chat_id, known), (chat_id, unknown)];
    stores.search.remove(gone).await.expect("removed");
    assert!(stores.found(chat_id, "word").await.is_empty());
    // Whoever read them before comes too late.
    for id in [known, unknown] {
        let done = stores.search.index(batch(chat_id, id, 9, "word")).await;
        done.expect("indexed");
    }
    assert!(stores.found(chat_id, "word").await.is_empty());
}

async fn it_goes_on_where_it_was(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let heads = stores.heads(chat_id).await;
    let texts = super::stage::texts(chat_id, one, heads, 1_200);
    let entries = texts.iter().map(super::stage::sent).collect();
    stores.append(chat_id, entries).await;
    assert!(stores.catch_up(chat_id).await, "there is more");
    drop(stores);
    let stores = backend.open();
    let position = stores.search.positions(vec![chat_id]).await.expect("read");
    assert_eq!(position, [(chat_id, 501)]);
    stores.index(chat_id).await;
    assert!(!stores.catch_up(chat_id).await);
    let position = stores.search.positions(vec![chat_id]).await.expect("read");
    assert_eq!(position, [(chat_id, 1_201)]);
    assert_eq!(stores.found(chat_id, "999").await, [texts[999].id]);
}

async fn odd_words_are_words(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores
        .say(chat_id, one, "$where \0 \u{10ffff} a.*b \"x OR y NEAR")
        .await;
    let emoji = stores.say(chat_id, one, "👍🏽").await;
    stores.index(chat_id).await;
    for word in ["$where", "a.*b", "\"x", "OR", "near", "'; DROP"] {
        let found = stores.found(chat_id, word).await;
        let expected = if word == "'; DROP" {
            vec![]
        } else {
            vec![said.id]
        };
        assert_eq!(found, expected, "{word}");
    }
    assert_eq!(stores.found(chat_id, "👍").await, [emoji.id]);
}
