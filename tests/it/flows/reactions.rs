//! Reactions.

use serde_json::json;

use crate::support::Server;

fn path(id: &serde_json::Value) -> String {
    format!("/messages/{}/reaction", id.as_str().expect("an id"))
}

#[tokio::test]
async fn a_reaction_reaches_everyone_with_a_rev_of_its_own() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let sent = anna.say(&group, "who comes?").await;
    let path = path(&sent["messageId"]);
    let mut of_anna = anna.socket().await;
    let (mut of_ben, mut of_cleo) = (ben.socket().await, cleo.socket().await);
    let put = ben.api.put(&path, json!({"emoji": "👍🏽"})).await.ok();
    assert_eq!(put["reactions"], json!({&ben.id: "👍🏽"}), "{put}");
    assert_eq!((&put["seq"], &put["rev"]), (&json!(1), &json!(3)));
    assert_eq!(put["editedAt"], json!(null));
    for socket in [&mut of_anna, &mut of_ben, &mut of_cleo] {
        let frame = socket.expect_of("message.updated", &group).await;
        assert_eq!((&frame["seq"], &frame["rev"]), (&json!(1), &json!(3)));
        assert_eq!(frame["message"]["reactions"], put["reactions"]);
        assert!(frame["message"].get("isStarred").is_none(), "{frame}");
    }
    let again = ben.api.put(&path, json!({"emoji": "👍🏽"})).await.ok();
    assert_eq!(again["rev"], 3, "done again it changes nothing");
    cleo.api.put(&path, json!({"emoji": "❤️"})).await.ok();
    ben.api.put(&path, json!({"emoji": "🇩🇪"})).await.ok();
    let both = json!({&ben.id: "🇩🇪", &cleo.id: "❤️"});
    assert_eq!(anna.history(&group).await[0]["reactions"], both);
    let synced = anna.sync(json!({"chats": {&group: 2}, "me": 0})).await;
    let messages = synced["chats"][0]["messages"].as_array().expect("messages");
    assert_eq!(messages.len(), 1, "its latest state, once: {synced}");
    assert_eq!(messages[0]["reactions"], both);
    assert_eq!(messages[0]["rev"], 5);
    ben.api.delete(&path).await.no_content();
    ben.api.delete(&path).await.no_content();
    assert_eq!(anna.chat(&group).await["headRev"], 6);
    let id = sent["messageId"].as_str().expect("an id");
    assert_eq!(anna.message(id).await["reactions"], json!({&cleo.id: "❤️"}));
    of_anna
        .expect("the last one", |frame| frame["rev"] == 6)
        .await;
    of_anna.assert_dense(&group);
}

#[tokio::test]
async fn a_reaction_is_one_emoji() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "well?").await;
    let path = path(&sent["messageId"]);
    for body in [
        json!({}),
        json!({"emoji": ""}),
        json!({"emoji": "ok"}),
        json!({"emoji": "👍👍"}),
        json!({"emoji": "1"}),
        json!({"emoji": null}),
        json!({"emoji": 5}),
        json!({"emoji": "👍".repeat(1000)}),
    ] {
        ben.api.put(&path, body).await.refused_field("emoji");
    }
    ben.api
        .put(&path, json!({"emoji": "👍", "userId": anna.id}))
        .await
        .refused_field("userId");
    assert_eq!(anna.chat(&chat).await["headRev"], 2, "nothing changed");
}

#[tokio::test]
async fn nobody_reacts_to_what_is_not_there_for_him() {
    let server = Server::shared().await;
    let [anna, ben, cleo, dora] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let before = anna.say(&group, "before").await;
    let emoji = json!({"emoji": "👍"});
    cleo.api
        .put(&path(&before["messageId"]), emoji.clone())
        .await
        .refused(404);
    let add = json!({"userIds": [cleo.id, dora.id]});
    let participants = format!("/chats/{group}/participants");
    anna.api.post(&participants, add).await.created();
    let system = anna.history(&group).await[0]["id"].clone();
    cleo.api
        .put(&path(&system), emoji.clone())
        .await
        .refused(403);
    // From before she joined.
    for call in [
        cleo.api
            .put(&path(&before["messageId"]), emoji.clone())
            .await,
        cleo.api.delete(&path(&before["messageId"])).await,
    ] {
        call.refused(404);
    }
    let said = anna.say(&group, "all of you").await;
    cleo.api
        .put(&path(&said["messageId"]), emoji.clone())
        .await
        .ok();
    let leave = format!("/chats/{group}/leave");
    cleo.api.post_empty(&leave).await.no_content();
    cleo.api
        .put(&path(&said["messageId"]), json!({"emoji": "❤️"}))
        .await
        .refused(404);
    let id = said["messageId"].as_str().expect("an id");
    let kept = anna.message(id).await;
    assert_eq!(kept["reactions"], json!({&cleo.id: "👍"}), "it stays");
    let gone = format!("/messages/{id}?scope=everyone");
    anna.api.delete(&gone).await.no_content();
    assert_eq!(anna.message(id).await["reactions"], json!({}));
    ben.api
        .put(&path(&said["messageId"]), emoji.clone())
        .await
        .refused(403);
    ben.api.delete(&path(&said["messageId"])).await.no_content();
    let mine = format!("/messages/{id}?scope=me");
    dora.api.delete(&mine).await.no_content();
    dora.api
        .put(&path(&said["messageId"]), emoji)
        .await
        .refused(404);
}

#[tokio::test]
async fn where_only_admins_send_everyone_reacts_and_a_block_ends_it() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let group = anna.group("News", &[&ben]).await;
    anna.api
        .patch(&format!("/chats/{group}"), json!({"adminOnly": true}))
        .await
        .ok();
    let news = anna.say(&group, "news").await;
    let emoji = json!({"emoji": "👏"});
    ben.api
        .put(&path(&news["messageId"]), emoji.clone())
        .await
        .ok();
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "hi").await;
    let path = path(&sent["messageId"]);
    ben.api.put(&path, emoji.clone()).await.ok();
    let block = format!("/users/contacts/{}/block", anna.id);
    ben.api.put_empty(&block).await.ok();
    for person in [&anna, &ben] {
        person
            .api
            .put(&path, json!({"emoji": "😂"}))
            .await
            .refused(403);
    }
    ben.api.delete(&path).await.refused(403);
    ben.api.delete(&block).await.no_content();
    ben.api.delete(&path).await.no_content();
}
