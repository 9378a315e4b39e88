//! What only shows on a real MongoDB: entries whose effect is still to come, answers that do not
//! come, rows of the outbox that are read while they grow, and reads that must not walk a log.

use std::time::Duration;

use futures_util::TryStreamExt;
use mongodb::bson::{Document, doc};
use secrecy::SecretString;
use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::StoreErrorKind;
use troupe::storage::distributed::messages::MongoMessages;
use troupe::storage::distributed::mongo::{Mongo, MongoSettings};
use troupe::storage::messages::{
    Append, Appended, Change, ChatEffect, Entry, Heads, MessageStore, OverviewQuery, SeqRange,
};

use super::backend::{Backend, Opened};
use super::distributed::Distributed;
use super::postgres::Wire;
use super::stage::{START, at, payload, sent, seqs, text, texts};

async fn pair(servers: &Distributed) -> (Opened, ChatId, UserId, UserId) {
    let stores = servers.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.group(&[one, other]).await;
    (stores, chat_id, one, other)
}

/// Makes the newest entry of a chat one whose writer died before it acted.
async fn unapply(servers: &Distributed, rev: i64) {
    let update = doc! { "$set": { "applied": false } };
    let messages = servers.mongo.collection("messages");
    let updated = messages.update_one(doc! { "rev": rev }, update).await;
    assert_eq!(updated.expect("updated").modified_count, 1);
}

/// Appends that someone leaves, by a node that PostgreSQL does not answer; answers the id of the
/// system message.
async fn half_append(
    servers: &Distributed,
    chat_id: ChatId,
    one: UserId,
    other: UserId,
) -> MessageId {
    let heads = servers.open().heads(chat_id).await;
    let away = servers.postgres_with(|settings| {
        settings.url = SecretString::from("postgres://troupe@127.0.0.1:1/troupe".to_owned());
        settings.wait = Duration::from_millis(300);
    });
    let half = MongoMessages::new(servers.mongo.clone(), away);
    let message = Box::new(Message {
        kind: MessageKind::System,
        client_message_id: None,
        ..text(chat_id, one, heads, "system")
    });
    let id = message.id;
    let effect = ChatEffect::MembersGone {
        user_ids: vec![other],
        new_admin: None,
    };
    let entry = Entry {
        rev: heads.rev + 1,
        at: at(50),
        change: Change::Acted { message, effect },
    };
    let append = Append {
        chat_id,
        entries: vec![entry],
    };
    let done = half.append(vec![append]).await;
    assert!(
        matches!(&done[0], Appended::Failed(error) if error.kind == StoreErrorKind::OutcomeUnknown),
        "{done:?}"
    );
    half.heads(chat_id).await.expect_err("it cannot be loaded");
    id
}

#[tokio::test]
async fn what_did_not_act_yet_is_not_shown_and_acts_when_the_chat_is_loaded() {
    let servers = Distributed::new().await;
    let (stores, chat_id, one, other) = pair(&servers).await;
    stores.say(chat_id, one, "before").await;
    let heads = stores.heads(chat_id).await;
    let id = half_append(&servers, chat_id, one, other).await;

    let shown = stores.messages.heads_of(vec![chat_id]).await;
    assert_eq!(shown.expect("heads"), [(chat_id, heads)]);
    assert!(
        stores
            .messages
            .find(vec![id])
            .await
            .expect("found")
            .is_empty()
    );
    let page = stores
        .messages
        .page(one, chat_id, SeqRange::default(), 9)
        .await;
    assert_eq!(seqs(&page.expect("a page")), [1]);
    let view = OverviewQuery {
        chat_id,
        from_seq: 1,
        to_seq: u64::MAX,
        unread_after: 0,
    };
    let views = stores.messages.overview(other, vec![view]).await;
    let views = views.expect("views");
    assert_eq!((views[0].heads, views[0].unread_count), (heads, 1));
    let rows = stores.messages.outbox_unpublished(9).await.expect("rows");
    assert_eq!(rows.last().map(|row| row.last_rev), Some(heads.rev));
    let active = async || stores.chats.list_ids(other).await.expect("listed").len();
    assert_eq!(active().await, 1);

    let loaded = stores.heads(chat_id).await;
    assert_eq!((loaded.seq, loaded.rev), (heads.seq + 1, heads.rev + 1));
    assert_eq!(active().await, 0, "he is gone now");
    let shown = stores.messages.heads_of(vec![chat_id]).await;
    assert_eq!(shown.expect("heads"), [(chat_id, loaded)]);
    let rows = stores.messages.outbox_unpublished(9).await.expect("rows");
    assert_eq!(rows.last().map(|row| row.last_rev), Some(loaded.rev));
}

#[tokio::test]
async fn an_edit_or_deletion_that_acts_again_changes_nothing() {
    let servers = Distributed::new().await;
    let (stores, chat_id, one, _) = pair(&servers).await;
    let first = stores.say(chat_id, one, "first").await;
    let edit = |content| Change::Edited {
        actor: one,
        message_id: first.id,
        payload: payload(content),
    };
    let delete = Change::Deleted {
        actor: one,
        message_id: first.id,
    };
    stores.commit(chat_id, edit("older")).await; // rev 3
    stores.commit(chat_id, edit("newer")).await; // rev 4
    let before = format!("{:?}", stores.state(first.id).await);
    unapply(&servers, 3).await;
    stores.heads(chat_id).await;
    assert_eq!(format!("{:?}", stores.state(first.id).await), before);

    stores.commit(chat_id, delete).await; // rev 5
    stores.commit(chat_id, edit("late")).await; // rev 6
    let before = format!("{:?}", stores.state(first.id).await);
    for rev in [4, 5, 6] {
        unapply(&servers, rev).await;
        stores.heads(chat_id).await;
        assert_eq!(format!("{:?}", stores.state(first.id).await), before);
    }
    let with_text = doc! { "change": "edited", "payload": { "$exists": true } };
    let messages = servers.mongo.collection("messages");
    let kept = messages.count_documents(with_text);
    assert_eq!(kept.await.expect("counted"), 0, "no edit keeps its text");
}

#[tokio::test]
async fn a_row_of_the_outbox_that_grew_stays_for_the_rest() {
    let servers = Distributed::new().await;
    let (stores, chat_id, one, _) = pair(&servers).await;
    let batch = texts(chat_id, one, stores.heads(chat_id).await, 4);
    stores
        .append(chat_id, batch.iter().map(sent).collect())
        .await;
    let unpublished = async || stores.messages.outbox_unpublished(9).await.expect("rows");
    let mut seen = unpublished().await;
    assert_eq!((seen[1].first_rev, seen[1].last_rev), (2, 5));
    seen[1].last_rev = 3;
    let marked = stores.messages.outbox_published(seen, at(9)).await;
    marked.expect("marked");
    let rest = unpublished().await;
    assert_eq!(rest.len(), 1);
    assert_eq!(
        (rest[0].first_rev, rest[0].last_rev, rest[0].head_seq),
        (4, 5, 4)
    );
    let all = stores.messages.outbox_since(START).await.expect("rows");
    assert_eq!((all[1].first_rev, all[1].last_rev), (2, 5));
}

#[tokio::test]
async fn without_an_answer_the_outcome_is_unknown_and_the_log_tells() {
    let servers = Distributed::new().await;
    let (stores, chat_id, one, _) = pair(&servers).await;
    let url = crate::support::servers::address("MONGODB");
    let (_, place) = url.split_once("//").expect("a url");
    let (server, _) = place.split_once('/').expect("a server");
    let wire = Wire::to(server.to_owned()).await;
    let wired = format!("mongodb://{}/?directConnection=true", wire.address);
    let wired = MongoMessages::new(servers.mongo_at(wired).await, servers.postgres());
    let heads = wired.heads(chat_id).await.expect("it is connected");
    wire.cut.send(true).expect("a wire");
    let messages = texts(chat_id, one, heads, 2);
    let append = || Append {
        chat_id,
        entries: messages.iter().map(sent).collect(),
    };
    let done = wired.append(vec![append()]).await;
    assert!(
        matches!(&done[0], Appended::Failed(error) if error.kind == StoreErrorKind::OutcomeUnknown),
        "{done:?}"
    );
    // The owner loads the chat again; what he sent is there, and not a second time.
    let loaded = stores.heads(chat_id).await;
    assert_eq!((loaded.seq, loaded.rev), (2, 3));
    let again = stores.messages.append(vec![append()]).await;
    assert!(
        matches!(again[0], Appended::Conflict { committed: 0 }),
        "{again:?}"
    );
    let page = stores.messages.page(one, chat_id, SeqRange::default(), 9);
    assert_eq!(seqs(&page.await.expect("a page")), [2, 1]);
}

#[tokio::test]
async fn a_server_that_is_away_wrote_nothing() {
    let servers = Distributed::new().await;
    let (_, chat_id, one, _) = pair(&servers).await;
    let settings = MongoSettings {
        url: SecretString::from("mongodb://127.0.0.1:1/?replicaSet=troupe".to_owned()),
        database: "nowhere".to_owned(),
        connections: 1,
        timeout: Duration::from_millis(300),
    };
    let away = Mongo::new(&settings).await.expect("settings");
    let messages = MongoMessages::new(away, servers.postgres());
    let message = text(chat_id, one, Heads { seq: 0, rev: 1 }, "hello");
    let append = Append {
        chat_id,
        entries: vec![sent(&message)],
    };
    let done = messages.append(vec![append]).await;
    assert!(
        matches!(&done[0], Appended::Failed(error) if error.kind == StoreErrorKind::Unavailable),
        "{done:?}"
    );
    let refused = messages.heads_of(vec![chat_id]).await.expect_err("away");
    assert_eq!(refused.kind, StoreErrorKind::Unavailable);
}

async fn read_everything(stores: &Opened, chat_id: ChatId, other: UserId, second: &Message) {
    let messages = &stores.messages;
    let keys = vec![(
        second.sender_id,
        second.client_message_id.clone().expect("an id"),
    )];
    let view = OverviewQuery {
        chat_id,
        from_seq: 1,
        to_seq: u64::MAX,
        unread_after: 0,
    };
    let found = messages.find_by_client_ids(chat_id, keys).await;
    assert_eq!(found.expect("found").len(), 1);
    messages.heads_of(vec![chat_id]).await.expect("heads");
    messages.last_changes(vec![chat_id]).await.expect("changes");
    let page = messages.page(other, chat_id, SeqRange::default(), 9).await;
    assert_eq!(page.expect("a page").len(), 2);
    let changed = messages.changed(other, chat_id, 0, 5, 9).await;
    assert_eq!(changed.expect("changed").len(), 2);
    messages
        .count_changed(chat_id, 0, 5, 9)
        .await
        .expect("counted");
    messages.overview(other, vec![view]).await.expect("views");
    messages.senders(chat_id, 0, 9).await.expect("senders");
    let rows = messages.outbox_unpublished(9).await.expect("rows");
    messages
        .outbox_published(rows, at(9))
        .await
        .expect("marked");
    messages.outbox_since(START).await.expect("rows");
    assert_eq!(messages.outbox_remove(at(9_999)).await.expect("removed"), 5);
}

#[tokio::test]
async fn no_call_walks_a_collection() {
    let servers = Distributed::new().await;
    let profile = doc! { "profile": 2 };
    let database = servers.mongo.database();
    database.run_command(profile).await.expect("profiled");
    let (stores, chat_id, one, other) = pair(&servers).await;
    let first = stores.say(chat_id, one, "hello").await;
    let edit = Change::Edited {
        actor: one,
        message_id: first.id,
        payload: payload("hello!"),
    };
    stores.commit(chat_id, edit).await;
    let delete = Change::Deleted {
        actor: one,
        message_id: first.id,
    };
    stores.commit(chat_id, delete).await;
    let second = stores.say(chat_id, one, "again").await;
    read_everything(&stores, chat_id, other, &second).await;
    let mark = troupe::storage::receipts::ReceiptMark {
        chat_id,
        user_id: other,
        kind: troupe::domain::receipts::ReceiptKind::Read,
        up_to_seq: 2,
        at: at(9),
    };
    stores.receipts.advance(vec![mark]).await.expect("advanced");
    stores.receipts.times(chat_id, 1).await.expect("times");
    let moved = stores.receipts.moved_since(vec![chat_id], 0).await;
    assert_eq!(moved.expect("moved"), [chat_id]);
    let walks = doc! { "planSummary": { "$regex": "COLLSCAN" } };
    let profile = database.collection::<Document>("system.profile");
    let walks = profile.find(walks);
    let walks: Vec<Document> = walks
        .await
        .expect("found")
        .try_collect()
        .await
        .expect("read");
    assert!(walks.is_empty(), "{walks:#?}");
}

#[tokio::test]
async fn one_who_has_no_account_does_not_stop_the_chat() {
    let servers = Distributed::new().await;
    let (stores, chat_id, one, _) = pair(&servers).await;
    let third = stores.person().await;
    let added = ChatEffect::MembersAdded {
        user_ids: vec![UserId::new(), third],
    };
    stores.act(chat_id, one, added).await;
    stores.say(chat_id, third, "hello").await;
    let roster = stores.chats.find(chat_id).await.expect("found");
    assert_eq!(roster.expect("a roster").active_members().count(), 3);
}
