//! Messages past their time: found, and stripped without a rev.

use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, UserId};
use troupe::storage::messages::{Change, Heads};
use troupe::wire::message::MessageView;

use super::backend::{Backend, Opened};
use super::reactions::react;
use super::stage::{at, payload, text};

over_every_backend!(
    what_is_past_its_time_is_found,
    stripping_changes_nothing_that_a_client_sees,
    what_is_not_past_its_time_is_left_alone,
    a_stripped_message_stays_what_it_is,
);

impl Opened {
    async fn say_until(&self, chat_id: ChatId, sender: UserId, expires: i64) -> Message {
        let heads = self.heads(chat_id).await;
        let message = Message {
            expires_at: Some(at(expires)),
            ..text(chat_id, sender, heads, "soon gone")
        };
        let sent = Change::Sent(Box::new(message.clone()));
        self.commit(chat_id, sent).await;
        message
    }

    async fn strip(&self, now: i64) -> usize {
        let expired = self.messages.expired(at(now), 99).await.expect("found");
        let stripped = self.messages.strip_expired(expired, at(now)).await;
        stripped.expect("stripped")
    }
}

async fn what_is_past_its_time_is_found(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    stores.say(chat_id, one, "stays").await;
    let mut expected = Vec::new();
    for expires in [3_000, 1_000, 2_000] {
        expected.push((expires, stores.say_until(chat_id, one, expires).await.id));
    }
    expected.sort();
    let expired = stores.messages.expired(at(2_000), 99).await.expect("found");
    let found: Vec<_> = expired.iter().map(|message| message.id).collect();
    assert_eq!(found, [expected[0].1, expected[1].1]);
    let one = stores.messages.expired(at(9_000), 1).await.expect("found");
    assert_eq!(one.len(), 1);
    assert_eq!(one[0].id, expected[0].1);
    assert_eq!(stores.strip(9_000).await, 3);
    assert!(
        stores
            .messages
            .expired(at(9_000), 99)
            .await
            .expect("found")
            .is_empty()
    );
}

async fn stripping_changes_nothing_that_a_client_sees(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say_until(chat_id, one, 5_000).await;
    stores
        .commit(chat_id, react(other, said.id, Some("👍")))
        .await;
    let edit = Change::Edited {
        actor: one,
        message_id: said.id,
        payload: payload("edited"),
    };
    stores.commit(chat_id, edit).await;
    let seen = |message: &Message| {
        let view = MessageView::new(message, at(6_000));
        serde_json::to_string(&view).expect("JSON")
    };
    let before = seen(&stores.state(said.id).await);
    let heads = stores.heads(chat_id).await;
    assert_eq!(stores.strip(6_000).await, 1);
    assert_eq!(seen(&stores.state(said.id).await), before);
    assert_eq!(stores.heads(chat_id).await, heads, "no entry");
    let changed = stores
        .messages
        .changed(other, chat_id, 1, heads.rev, 9)
        .await;
    assert_eq!(changed.expect("read").len(), 1);
    let state = stores.state(said.id).await;
    assert!(state.is_deleted && state.reactions.is_empty());
    assert_eq!(state.payload.get(), "{}");
    assert_eq!(state.content_hash, said.content_hash);
    assert_eq!(state.client_message_id, said.client_message_id);
    assert_eq!((state.seq, state.rev), (1, 4));
    assert_eq!(
        stores.strip(6_000).await,
        0,
        "done again it changes nothing"
    );
}

async fn what_is_not_past_its_time_is_left_alone(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let plain = stores.say(chat_id, one, "stays").await;
    let later = stores.say_until(chat_id, one, 5_000).await;
    let all = vec![plain.clone(), later.clone()];
    let stripped = stores.messages.strip_expired(all, at(4_999)).await;
    assert_eq!(stripped.expect("stripped"), 0);
    for message in [plain, later] {
        assert_eq!(
            stores.state(message.id).await.payload.get(),
            message.payload.get()
        );
    }
}

/// Late changes of what is stripped already act on nothing.
async fn a_stripped_message_stays_what_it_is(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let said = stores.say_until(chat_id, one, 5_000).await;
    assert_eq!(stores.strip(5_000).await, 1);
    stores
        .commit(chat_id, react(other, said.id, Some("👍")))
        .await;
    let edit = Change::Edited {
        actor: one,
        message_id: said.id,
        payload: payload("back again"),
    };
    stores.commit(chat_id, edit).await;
    let state = stores.state(said.id).await;
    assert_eq!((state.payload.get(), state.kind), ("{}", MessageKind::Text));
    assert!(state.reactions.is_empty());
    assert_eq!(state.rev, 2);
    assert_eq!(stores.heads(chat_id).await, Heads { seq: 1, rev: 4 });
}
