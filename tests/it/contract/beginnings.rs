//! A chat's rows are in PostgreSQL and its first entry in MongoDB: what a death between the two
//! leaves, and who repairs it; and what many who make chats at once do to each other.

use std::time::Duration;

use mongodb::bson::spec::BinarySubtype;
use mongodb::bson::{Binary, doc};
use secrecy::SecretString;
use troupe::domain::chat::{ChatKind, Role};
use troupe::id::{ChatId, UserId};
use troupe::storage::StoreErrorKind;
use troupe::storage::chats::{ChatStore, NewChat};
use troupe::storage::distributed::chats::{PostgresChats, effects};
use troupe::storage::distributed::mongo::{Mongo, MongoSettings};
use troupe::storage::distributed::postgres::Postgres;
use troupe::storage::messages::ChatEffect;

use super::backend::{Backend, Opened};
use super::distributed::Distributed;
use super::stage::{START, at, new_chat};

/// Chats whose MongoDB is away.
async fn without_mongo(postgres: Postgres) -> PostgresChats {
    let settings = MongoSettings {
        url: SecretString::from("mongodb://127.0.0.1:1/?replicaSet=troupe"),
        database: "nowhere".to_owned(),
        connections: 1,
        timeout: Duration::from_millis(300),
    };
    let mongo = Mongo::new(&settings).await.expect("settings");
    PostgresChats::new(postgres, mongo)
}

/// Makes the rows of a chat and no entry.
async fn half_make(servers: &Distributed, new: NewChat) -> ChatId {
    let chat_id = new.chat.id;
    let chats = without_mongo(servers.postgres()).await;
    let refused = chats.insert(new).await.expect_err("half of it is missing");
    assert_eq!(refused.kind, StoreErrorKind::OutcomeUnknown);
    assert_eq!(state(servers, chat_id).await, (0, 0));
    let refused = chats.find(chat_id).await.expect_err("no log, no chat");
    assert_eq!(refused.kind, StoreErrorKind::Unavailable);
    chat_id
}

/// `applied_rev`, and how many entries the log has.
async fn state(servers: &Distributed, chat_id: ChatId) -> (i64, u64) {
    let client = servers.postgres().client().await.expect("PostgreSQL runs");
    let query = "SELECT applied_rev FROM chats WHERE id = $1";
    let row = client.query_one(query, &[&chat_id.0]).await;
    let id = Binary {
        subtype: BinarySubtype::Uuid,
        bytes: chat_id.as_bytes().to_vec(),
    };
    let entry = doc! { "chat_id": id, "rev": 1_i64, "seq": 0_i64, "change": "created" };
    let found = servers
        .mongo
        .collection("messages")
        .count_documents(entry)
        .await
        .expect("MongoDB runs");
    (row.expect("the chat").get(0), found)
}

async fn people(stores: &Opened, count: usize) -> Vec<UserId> {
    let mut people = Vec::new();
    for _ in 0..count {
        people.push(stores.person().await);
    }
    people
}

#[tokio::test]
async fn a_repeat_begins_the_log_of_a_pair() {
    let servers = Distributed::new().await;
    let stores = servers.open();
    let pair = people(&stores, 2).await;
    let chat_id = half_make(&servers, new_chat(ChatKind::Direct, &pair)).await;
    let again = new_chat(ChatKind::Direct, &[pair[1], pair[0]]);
    let again = stores.chats.insert(again).await.expect("found");
    assert_eq!((again.chat_id, again.created), (chat_id, false));
    assert_eq!(state(&servers, chat_id).await, (1, 1));
}

#[tokio::test]
async fn a_repeated_key_begins_the_log() {
    let servers = Distributed::new().await;
    let stores = servers.open();
    let mut group = new_chat(ChatKind::Group, &people(&stores, 3).await);
    group.idempotency_key = Some("try".to_owned());
    let chat_id = half_make(&servers, group.clone()).await;
    group.chat.id = ChatId::new();
    let again = stores.chats.insert(group).await.expect("found");
    assert_eq!((again.chat_id, again.created), (chat_id, false));
    assert_eq!(state(&servers, chat_id).await, (1, 1));
}

#[tokio::test]
async fn a_reader_begins_the_log() {
    let servers = Distributed::new().await;
    let stores = servers.open();
    let group = new_chat(ChatKind::Group, &people(&stores, 3).await);
    let chat_id = half_make(&servers, group).await;
    for _ in 0..2 {
        let roster = stores.chats.find(chat_id).await.expect("found");
        assert_eq!(roster.expect("a roster").members.len(), 3);
        assert_eq!(state(&servers, chat_id).await, (1, 1));
    }
}

#[tokio::test]
async fn parallel_calls_with_one_key_make_one_chat() {
    let servers = Distributed::new().await;
    let (stores, others) = (servers.open(), servers.open());
    let members = people(&stores, 3).await;
    let inserts = (0..16).map(|place| {
        let mut new = new_chat(ChatKind::Group, &members);
        new.idempotency_key = Some("once".to_owned());
        let stores = if place % 2 == 0 { &stores } else { &others };
        stores.chats.insert(new)
    });
    let inserted = futures_util::future::join_all(inserts).await;
    let inserted = inserted.into_iter().map(|one| one.expect("inserted"));
    let inserted: Vec<_> = inserted.collect();
    assert_eq!(inserted.iter().filter(|one| one.created).count(), 1);
    assert!(
        inserted
            .iter()
            .all(|one| one.chat_id == inserted[0].chat_id)
    );
    let chats = stores.chats.list_ids(members[0]).await.expect("listed");
    assert_eq!(chats, [inserted[0].chat_id]);
}

/// Everyone's log is numbered under a lock: taken in any other order these would wait for each
/// other.
#[tokio::test]
async fn groups_of_the_same_people_are_made_at_once() {
    let servers = Distributed::new().await;
    let (stores, others) = (servers.open(), servers.open());
    let members = people(&stores, 8).await;
    let inserts = (0..24).map(|place: usize| {
        let mut turned = members.clone();
        turned.rotate_left(place % 8);
        if place.is_multiple_of(3) {
            turned.reverse();
        }
        let stores = if place.is_multiple_of(2) {
            &stores
        } else {
            &others
        };
        stores.chats.insert(new_chat(ChatKind::Group, &turned))
    });
    for inserted in futures_util::future::join_all(inserts).await {
        assert!(inserted.expect("inserted").created);
    }
    for user in members {
        assert_eq!(stores.user_log.head(user).await.expect("a head"), 24);
    }
}

async fn apply(servers: &Distributed, chat_id: ChatId, rev: u64, effect: &ChatEffect) {
    let mut client = servers.postgres().client().await.expect("PostgreSQL runs");
    let transaction = client.transaction().await.expect("begun");
    effects::apply(&transaction, chat_id, rev, rev, at(1), effect)
        .await
        .expect("applied");
    transaction.commit().await.expect("committed");
}

#[tokio::test]
async fn an_effect_is_applied_once_and_none_after_a_later_one() {
    let servers = Distributed::new().await;
    let stores = servers.open();
    let members = people(&stores, 3).await;
    let (one, third) = (members[0], members[2]);
    let group = new_chat(ChatKind::Group, &members[..2]);
    let chat_id = stores.chats.insert(group).await.expect("inserted").chat_id;
    let added = ChatEffect::MembersAdded {
        user_ids: vec![third],
    };
    let gone = ChatEffect::MembersGone {
        user_ids: vec![one, third],
        new_admin: Some(members[1]),
    };
    let roster = async || {
        let roster = stores.chats.find(chat_id).await.expect("found");
        roster.expect("a roster")
    };
    apply(&servers, chat_id, 2, &added).await;
    apply(&servers, chat_id, 2, &added).await;
    assert_eq!(stores.user_log.head(third).await.expect("a head"), 1);
    apply(&servers, chat_id, 3, &gone).await;
    let before = roster().await;
    assert_eq!(before.active_members().count(), 1);
    let admin = before.active(members[1]).expect("a member");
    assert_eq!(admin.role, Role::Admin);
    apply(&servers, chat_id, 3, &gone).await;
    apply(&servers, chat_id, 2, &added).await;
    assert_eq!(roster().await, before);
    assert_eq!(stores.user_log.head(third).await.expect("a head"), 2);
    assert_eq!(before.chat.created_at, START);
}

#[tokio::test]
async fn activity_is_moved_from_two_sides() {
    let servers = Distributed::new().await;
    let (stores, others) = (servers.open(), servers.open());
    let members = people(&stores, 2).await;
    let mut chats = Vec::new();
    for _ in 0..12 {
        chats.push(stores.group(&members).await);
    }
    let updates = (0..24_usize).map(|round| {
        let mut order = chats.clone();
        order.rotate_left(round % 12);
        if round % 2 == 0 {
            order.reverse();
        }
        let moved = order.into_iter().chain([chats[0]]);
        let moved = moved.map(|chat| (chat, at(round as i64))).collect();
        let stores = if round % 2 == 0 { &stores } else { &others };
        stores.chats.update_activity(moved)
    });
    for updated in futures_util::future::join_all(updates).await {
        updated.expect("updated");
    }
    for row in stores.chats.list_all(members[0]).await.expect("listed") {
        assert_eq!(row.chat.updated_at, at(23));
    }
}
