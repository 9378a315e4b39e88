//! Pages of messages, and the digest that checks a copy.

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{Person, Server};

async fn chat_of(count: u64) -> (Person, Person, String) {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for number in 1..=count {
        let from = if number % 2 == 0 { &anna } else { &ben };
        from.say(&chat, &format!("message {number}")).await;
    }
    (anna, ben, chat)
}

fn seqs(page: &Value) -> Vec<u64> {
    page["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|message| message["seq"].as_u64().expect("a seq"))
        .collect()
}

#[tokio::test]
async fn pages_are_cut_by_seq_newest_first() {
    let (anna, _ben, chat) = chat_of(12).await;
    let page = async |query: &str| {
        seqs(
            &anna
                .api
                .get(&format!("/chats/{chat}/messages{query}"))
                .await
                .ok(),
        )
    };
    let down = |from: u64, to: u64| (to..=from).rev().collect::<Vec<_>>();
    assert_eq!(page("").await, down(12, 1));
    assert_eq!(page("?limit=3").await, down(12, 10));
    assert_eq!(page("?limit=3&before=6").await, down(5, 3));
    assert_eq!(
        page("?limit=3&after=6").await,
        down(9, 7),
        "the next after it"
    );
    assert_eq!(page("?after=10").await, down(12, 11));
    assert_eq!(page("?after=3&before=6").await, down(5, 4));
    assert_eq!(page("?limit=2&after=3&before=9").await, down(8, 7));
    assert_eq!(page("?after=12").await, down(0, 1));
    assert_eq!(page("?before=1").await, down(0, 1));
    assert_eq!(page("?before=1000").await, down(12, 1));
}

#[tokio::test]
async fn cursors_walk_the_whole_history_once() {
    let (anna, ben, chat) = chat_of(11).await;
    let mut walked = Vec::new();
    let mut cursor = String::new();
    for turn in 0.. {
        assert!(turn < 10, "no end: {walked:?}");
        let path = format!("/chats/{chat}/messages?limit=4{cursor}");
        let page = anna.api.get(&path).await.ok();
        walked.extend(seqs(&page));
        // What is sent meanwhile moves no page.
        ben.say(&chat, "meanwhile").await;
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(walked, (1..=11).rev().collect::<Vec<_>>());
}

#[tokio::test]
async fn a_bad_page_is_refused_naming_the_parameter() {
    let (anna, _ben, chat) = chat_of(3).await;
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=201", "limit"),
        ("limit=many", "limit"),
        ("limit=-1", "limit"),
        ("before=x", "before"),
        ("after=-1", "after"),
        ("cursor=tampered", "cursor"),
        ("cursor=", "cursor"),
        ("page=2", "page"),
    ] {
        anna.api
            .get(&format!("/chats/{chat}/messages?{query}"))
            .await
            .refused_field(field);
    }
    let first = anna
        .api
        .get(&format!("/chats/{chat}/messages?limit=1"))
        .await
        .ok();
    let cursor = first["nextCursor"].as_str().expect("a cursor");
    let mut tampered = cursor.to_owned();
    let last = tampered.pop().expect("not empty");
    tampered.push(if last == 'A' { 'B' } else { 'A' });
    anna.api
        .get(&format!("/chats/{chat}/messages?limit=1&cursor={tampered}"))
        .await
        .refused_field("cursor");
}

fn digest(messages: &[&Value]) -> String {
    let mut lines = String::new();
    for message in messages {
        lines += &format!(
            "{}:{}:{}\n",
            message["seq"],
            message["id"].as_str().expect("an id"),
            message["rev"]
        );
    }
    hex::encode(Sha256::digest(lines))
}

#[tokio::test]
async fn a_digest_tells_whether_a_copy_is_whole() {
    let (anna, ben, chat) = chat_of(6).await;
    let id = |message: &Value| message["id"].as_str().expect("an id").to_owned();
    let history = anna.history(&chat).await;
    let edited = id(&history[0]);
    anna.api
        .patch(
            &format!("/messages/{edited}"),
            serde_json::json!({"content": "edited"}),
        )
        .await
        .ok();
    let hidden = id(&history[3]);
    anna.api
        .delete(&format!("/messages/{hidden}?scope=me"))
        .await
        .no_content();
    for (person, count) in [(&anna, 5), (&ben, 6)] {
        let mut messages = person.history(&chat).await;
        messages.reverse();
        assert_eq!(messages.len(), count);
        for (from, to) in [(1, 6), (2, 4), (1, 1), (5, 100)] {
            let within =
                |message: &&Value| (from..=to).contains(&message["seq"].as_u64().expect("a seq"));
            let mine: Vec<&Value> = messages.iter().filter(within).collect();
            let told = person
                .api
                .get(&format!("/chats/{chat}/digest?from={from}&to={to}"))
                .await
                .ok();
            assert_eq!(told["count"], mine.len(), "{from}..{to}");
            assert_eq!(told["hash"], digest(&mine).as_str(), "{from}..{to}");
        }
    }
    for (query, field) in [
        ("from=x&to=2", "from"),
        ("from=1&to=-1", "to"),
        ("last=1", "last"),
    ] {
        anna.api
            .get(&format!("/chats/{chat}/digest?{query}"))
            .await
            .refused_field(field);
    }
}

#[tokio::test]
async fn chats_come_newest_activity_first_in_pages() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let others = server.crowd(5).await;
    let mut chats = Vec::new();
    for other in &others {
        chats.push(anna.direct(other).await);
    }
    for (at, chat) in chats.iter().enumerate().rev() {
        others[at].say(chat, "hello").await;
    }
    let mut seen = Vec::new();
    let mut cursor = String::new();
    for _ in 0..3 {
        let page = anna.api.get(&format!("/chats?limit=2{cursor}")).await.ok();
        let items = page["items"].as_array().expect("items");
        seen.extend(
            items
                .iter()
                .map(|chat| chat["id"].as_str().expect("an id").to_owned()),
        );
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(seen, chats, "the first chat was spoken in last");
}
