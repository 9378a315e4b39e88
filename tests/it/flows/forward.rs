//! Forwarding.

use serde_json::{Value, json};

use crate::support::{Person, Reply, Server};

async fn forward(person: &Person, id: &Value, key: Option<&str>, chats: &[&str]) -> Reply {
    let api = match key {
        Some(key) => person.api.with_header("idempotency-key", key),
        None => person.api.clone(),
    };
    let path = format!("/messages/{}/forward", id.as_str().expect("an id"));
    api.post(&path, json!({"chatIds": chats})).await
}

#[tokio::test]
async fn copies_go_to_every_chat_and_do_not_say_where_from() {
    let server = Server::shared().await;
    let [anna, ben, cleo, dora] = server.people().await;
    let origin = anna.direct(&ben).await;
    let first = ben.say(&origin, "one").await;
    let mut reply = json!({"type": "text", "content": "news"});
    reply["replyToId"] = first["messageId"].clone();
    let sent = ben.post_message(&origin, reply).await.created();
    let (chat, group) = (anna.direct(&cleo).await, anna.group("Ours", &[&dora]).await);
    let (mut of_cleo, mut of_dora) = (cleo.socket().await, dora.socket().await);
    let id = &sent["messageId"];
    let done = forward(&anna, id, None, &[&chat, &group, &chat]).await;
    let done = done.created();
    let items = done["items"].as_array().expect("items");
    assert_eq!(items.len(), 2, "each once: {done}");
    for (item, chat_id) in items.iter().zip([&chat, &group]) {
        assert_eq!(item["chatId"], chat_id.as_str());
        assert_eq!(item["duplicate"], false);
        let message = &item["message"];
        assert_eq!(message["id"], item["messageId"]);
        assert_eq!(message["senderId"], anna.id.as_str());
        assert_eq!(message["forwarded"], true);
        assert_eq!(message["payload"], json!({"content": "news"}));
        assert_eq!(message["replyToId"], json!(null));
    }
    for (socket, chat_id) in [(&mut of_cleo, &chat), (&mut of_dora, &group)] {
        let frame = socket.expect_of("message.new", chat_id).await;
        assert_eq!(frame["message"]["forwarded"], true);
        for secret in [
            &origin,
            &ben.id,
            first["messageId"].as_str().expect("an id"),
        ] {
            assert!(!frame.to_string().contains(secret), "{frame}");
        }
    }
    let again = forward(&anna, id, None, &[&chat]).await.created();
    assert_ne!(again["items"][0]["messageId"], items[0]["messageId"]);
    assert_eq!(
        cleo.history(&chat).await.len(),
        2,
        "without a key a new one"
    );
    let onward = &again["items"][0]["messageId"];
    let back = anna.group("Back", &[&cleo]).await;
    let back = forward(&cleo, onward, None, &[&back]).await.created();
    assert_eq!(back["items"][0]["message"]["forwarded"], true);
}

#[tokio::test]
async fn one_refusal_sends_nothing_and_is_named() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "news").await;
    let id = &sent["messageId"];
    let group = ben.group("News", &[&anna]).await;
    let silent = json!({"adminOnly": true});
    ben.api.patch(&format!("/chats/{group}"), silent).await.ok();
    let foreign = ben.direct(&cleo).await;
    let named = |body: &Value| -> Vec<String> {
        let errors = body["errors"].as_array().expect("errors").iter();
        errors
            .map(|error| error["field"].as_str().expect("a field").to_owned())
            .collect()
    };
    let refused = forward(&anna, id, Some("k"), &[&chat, &group]).await;
    assert_eq!(named(&refused.refused(403)), ["chatIds[1]"]);
    let refused = forward(&anna, id, Some("k"), &[&foreign, &chat, &group]).await;
    assert_eq!(named(&refused.refused(404)), ["chatIds[0]", "chatIds[2]"]);
    let cleo_chat = anna.direct(&cleo).await;
    let block = format!("/users/contacts/{}/block", anna.id);
    cleo.api.put_empty(&block).await.ok();
    let refused = forward(&anna, id, Some("k"), &[&chat, &cleo_chat]).await;
    assert_eq!(named(&refused.refused(403)), ["chatIds[1]"]);
    assert_eq!(anna.history(&chat).await.len(), 1, "nothing was sent");
    // The refusals did not use the key up.
    forward(&anna, id, Some("k"), &[&chat]).await.created();
    let path = format!("/messages/{}/forward", id.as_str().expect("an id"));
    let many: Vec<String> = (0..21).map(|_| uuid::Uuid::now_v7().to_string()).collect();
    for body in [
        json!({}),
        json!({"chatIds": []}),
        json!({"chatIds": many}),
        json!({"chatIds": ["x"]}),
        json!({"chatIds": chat}),
    ] {
        anna.api.post(&path, body).await.refused_field("chatIds");
    }
    let long = "k".repeat(65);
    for key in [long.as_str(), ""] {
        forward(&anna, id, Some(key), &[&chat])
            .await
            .refused_field("Idempotency-Key");
    }
}

#[tokio::test]
async fn only_what_is_there_for_me_and_was_said_by_people_is_forwarded() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let chat = anna.direct(&ben).await;
    let group = anna.group("Ours", &[&ben]).await;
    anna.api
        .patch(&format!("/chats/{group}"), json!({"name": "New"}))
        .await
        .ok();
    let system = anna.history(&group).await[0]["id"].clone();
    forward(&anna, &system, None, &[&chat]).await.refused(403);
    let said = anna.say(&group, "here").await;
    let id = said["messageId"].clone();
    let of_cleo = cleo.direct(&anna).await;
    forward(&cleo, &id, None, &[&of_cleo]).await.refused(404);
    let unknown = json!(uuid::Uuid::now_v7());
    forward(&anna, &unknown, None, &[&chat]).await.refused(404);
    let path = format!("/messages/{}", id.as_str().expect("an id"));
    ben.api
        .delete(&format!("{path}?scope=me"))
        .await
        .no_content();
    forward(&ben, &id, None, &[&chat]).await.refused(404);
    anna.api
        .delete(&format!("{path}?scope=everyone"))
        .await
        .no_content();
    forward(&anna, &id, None, &[&chat]).await.refused(403);
    assert!(anna.history(&chat).await.is_empty());
}

#[tokio::test]
async fn a_repeat_gives_the_first_copies_whatever_became_of_them() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let origin = anna.direct(&ben).await;
    let sent = anna.say(&origin, "news").await;
    let id = &sent["messageId"];
    let (chat, group) = (anna.direct(&cleo).await, cleo.group("Hers", &[&anna]).await);
    let first = forward(&anna, id, Some("key"), &[&chat, &group]).await;
    let first = first.created();
    let again = forward(&anna, id, Some("key"), &[&chat, &group]).await.ok();
    let ids = |body: &Value| -> Vec<Value> {
        let items = body["items"].as_array().expect("items").iter();
        items.map(|item| item["messageId"].clone()).collect()
    };
    assert_eq!(ids(&again), ids(&first));
    assert!(
        again["items"]
            .as_array()
            .expect("items")
            .iter()
            .all(|item| item["duplicate"] == true)
    );
    // Another order under the same key is answered with the first one.
    let other = forward(&anna, id, Some("key"), &[&origin]).await.ok();
    assert_eq!(ids(&other), ids(&first));
    // Edited, deleted, and she is not in one of the chats any more.
    let copies = ids(&first);
    let copy = format!("/messages/{}", copies[0].as_str().expect("an id"));
    anna.api
        .patch(&copy, json!({"content": "other"}))
        .await
        .ok();
    let origin_path = format!("/messages/{}?scope=everyone", id.as_str().expect("an id"));
    anna.api.delete(&origin_path).await.no_content();
    cleo.api
        .delete(&format!("/chats/{group}/participants/{}", anna.id))
        .await
        .no_content();
    let again = forward(&anna, id, Some("key"), &[&chat, &group]).await.ok();
    assert_eq!(ids(&again), copies);
    assert_eq!(cleo.history(&chat).await.len(), 1);
    // The key is hers alone.
    let bens = ben.say(&origin, "mine").await;
    forward(&ben, &bens["messageId"], Some("key"), &[&origin])
        .await
        .created();
}

#[tokio::test]
async fn repeats_at_once_are_one() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let origin = anna.direct(&ben).await;
    let sent = anna.say(&origin, "news").await;
    let id = &sent["messageId"];
    let chat = anna.direct(&cleo).await;
    let chats = [chat.as_str(), &origin];
    let calls = (0..8).map(|_| forward(&anna, id, Some("at once"), &chats));
    let answers = futures_util::future::join_all(calls).await;
    let first = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(first, 1, "{answers:?}");
    assert!(answers.iter().all(|answer| answer.status <= 201));
    assert_eq!(cleo.history(&chat).await.len(), 1);
    assert_eq!(ben.history(&origin).await.len(), 2);
}
