//! Search.

use serde_json::{Value, json};

use crate::support::{Person, Server, eventually_some};

/// The words of what is found, newest first.
async fn found(person: &Person, query: &str) -> Vec<String> {
    let items = person
        .api
        .get(&format!("/messages/search?{query}"))
        .await
        .items();
    items.iter().map(words).collect()
}

fn words(message: &Value) -> String {
    let words = message["payload"]["content"].as_str();
    words.unwrap_or_else(|| panic!("{message}")).to_owned()
}

fn escaped(words: &str) -> String {
    form_urlencoded::byte_serialize(words.as_bytes()).collect()
}

#[tokio::test]
async fn an_answered_write_is_seen_by_the_next_search() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for turn in 0..5 {
        let said = format!("Überraschung number {turn}");
        anna.say(&chat, &said).await;
        for person in [&anna, &ben] {
            let all = found(person, "q=uberr").await;
            assert_eq!(all.len(), turn + 1);
            assert_eq!(all[0], said, "newest first");
        }
    }
    let page = ben.api.get("/messages/search?q=NUMBER+4").await.items();
    assert_eq!(page.len(), 1);
    assert_eq!(
        page[0],
        ben.history(&chat).await[0],
        "a message as any list has it"
    );
    let id = page[0]["id"].as_str().expect("an id");
    anna.api
        .patch(&format!("/messages/{id}"), json!({"content": "Alltag"}))
        .await
        .ok();
    assert_eq!(found(&ben, "q=alltag").await, ["Alltag"]);
    assert_eq!(found(&ben, "q=uberraschung").await.len(), 4);
    anna.api
        .delete(&format!("/messages/{id}?scope=everyone"))
        .await
        .no_content();
    assert!(found(&ben, "q=alltag").await.is_empty());
}

#[tokio::test]
async fn words_beginnings_and_scripts_without_spaces() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for said in [
        "The quick brown fox",
        "Café au lait",
        "今天天气很好",
        "Straße 12b",
        "a.*b $where OR NEAR",
    ] {
        anna.say(&chat, said).await;
    }
    for (q, expected) in [
        ("quick", Some("The quick brown fox")),
        ("fox qui", Some("The quick brown fox")),
        ("uick", None),
        ("quick cafe", None),
        ("CAFE", Some("Café au lait")),
        ("café", Some("Café au lait")),
        ("天气", Some("今天天气很好")),
        ("好", Some("今天天气很好")),
        ("天好", None),
        ("strasse", Some("Straße 12b")),
        ("12", Some("Straße 12b")),
        ("or", Some("a.*b $where OR NEAR")),
        ("$where", Some("a.*b $where OR NEAR")),
        (".*", None),
        ("q*", Some("The quick brown fox")),
        ("quick OR lait", None),
        ("{\"$gt\":\"\"}", None),
        ("^The", Some("The quick brown fox")),
    ] {
        for scope in [
            String::new(),
            format!("&chatId={chat}"),
            format!("&chat_id={chat}"),
        ] {
            let all = found(&ben, &format!("q={}{scope}", escaped(q))).await;
            assert_eq!(all, expected.into_iter().collect::<Vec<_>>(), "{q}");
        }
    }
}

#[tokio::test]
async fn only_what_i_may_see() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let chat = anna.direct(&ben).await;
    anna.say(&group, "treasure before").await;
    anna.say(&chat, "treasure between us").await;
    assert!(found(&cleo, "q=treasure").await.is_empty());
    for path in [&group, &chat, &uuid::Uuid::now_v7().to_string()] {
        cleo.api
            .get(&format!("/messages/search?q=treasure&chatId={path}"))
            .await
            .refused(404);
    }
    let participants = format!("/chats/{group}/participants");
    let add = json!({"userIds": [cleo.id]});
    anna.api.post(&participants, add.clone()).await.created();
    assert!(found(&cleo, "q=treasure").await.is_empty(), "from before");
    let within = anna.say(&group, "treasure within").await;
    assert_eq!(found(&cleo, "q=treasure").await, ["treasure within"]);
    cleo.api
        .post_empty(&format!("/chats/{group}/leave"))
        .await
        .no_content();
    anna.say(&group, "treasure after").await;
    assert_eq!(found(&cleo, "q=treasure").await, ["treasure within"]);
    assert_eq!(
        found(&cleo, &format!("q=treasure&chatId={group}"))
            .await
            .len(),
        1
    );
    let id = within["messageId"].as_str().expect("an id");
    let hide = format!("/messages/{id}?scope=me");
    ben.api.delete(&hide).await.no_content();
    let all = found(&ben, "q=treasure").await;
    assert_eq!(
        all,
        ["treasure after", "treasure between us", "treasure before"]
    );
    let mine = found(&ben, &format!("q=treasure&chatId={chat}")).await;
    assert_eq!(mine, ["treasure between us"]);
    // Names of the group are the server's words, not anyone's.
    anna.api
        .patch(&format!("/chats/{group}"), json!({"name": "Treasure"}))
        .await
        .ok();
    assert_eq!(found(&ben, "q=treasure").await.len(), 3);
}

#[tokio::test]
async fn pages_go_on_over_all_chats() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chats = [
        anna.direct(&ben).await,
        anna.direct(&cleo).await,
        anna.group("All", &[&ben, &cleo]).await,
    ];
    let mut expected = Vec::new();
    for turn in 0..13 {
        let said = format!("turn {turn}");
        anna.say(&chats[turn % 3], &said).await;
        anna.say(&chats[turn % 3], "something else").await;
        expected.insert(0, said);
    }
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/messages/search?q=turn&limit=4{cursor}");
        let page = anna.api.get(&path).await.ok();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 4);
        all.extend(items.iter().map(words));
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        // Found later, and newer: it is not on the pages that follow.
        anna.say(&chats[0], "turn of the tide").await;
        anna.api
            .get(&format!("/messages/search?q=other&cursor={next}"))
            .await
            .refused_field("cursor");
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all, expected);
}

#[tokio::test]
async fn what_has_disappeared_is_not_found() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let timer = format!("/chats/{chat}/auto-delete");
    anna.api.put(&timer, json!({"seconds": 10})).await.ok();
    anna.say(&chat, "fleeting").await;
    assert_eq!(found(&ben, "q=fleeting").await.len(), 1);
    eventually_some("it is gone", || async {
        found(&ben, "q=fleeting").await.is_empty().then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_question_has_limits() {
    let server = Server::shared().await;
    let [anna] = server.people().await;
    for (query, field) in [
        (String::new(), "q"),
        ("q=".to_owned(), "q"),
        ("q=+++".to_owned(), "q"),
        (format!("q={}", "x".repeat(257)), "q"),
        ("q=x&limit=0".to_owned(), "limit"),
        ("q=x&limit=201".to_owned(), "limit"),
        ("q=x&cursor=x".to_owned(), "cursor"),
        ("q=x&chatId=x".to_owned(), "chatId"),
        ("q=x&regex=1".to_owned(), "regex"),
    ] {
        anna.api
            .get(&format!("/messages/search?{query}"))
            .await
            .refused_field(field);
    }
    let long = escaped(&"字".repeat(256));
    assert!(found(&anna, &format!("q={long}")).await.is_empty());
}
