//! Delete for me.

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn a_message_deleted_for_me_is_gone_from_my_lists_on_all_my_devices() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let tablet = anna.on_another_device().await;
    let chat = anna.direct(&ben).await;
    let sent = ben.say(&chat, "forget this").await;
    ben.say(&chat, "keep this").await;
    let id = sent["messageId"].as_str().expect("an id");
    let mut on_tablet = tablet.socket().await;
    let path = format!("/messages/{id}?scope=me");
    anna.api.delete(&path).await.no_content();
    let frame = on_tablet.expect_type("me.updated").await;
    assert_eq!(frame["changes"]["hidden"], json!({id: chat}), "{frame}");
    for device in [&anna, &tablet] {
        let seen = device.history(&chat).await;
        assert_eq!(seen.len(), 1, "{seen:?}");
        assert_eq!(seen[0]["seq"], 2);
    }
    assert_eq!(ben.history(&chat).await.len(), 2, "mine alone");
    assert_eq!(
        anna.chat(&chat).await["headRev"],
        3,
        "not in the chat's log"
    );
    let rev = anna.my_rev().await;
    anna.api.delete(&path).await.no_content();
    assert_eq!(anna.my_rev().await, rev);
    let synced = anna.sync(json!({"chats": {}, "me": 0})).await;
    assert!(
        !synced["chats"].to_string().contains("forget this"),
        "{synced}"
    );
    assert_eq!(synced["me"]["changes"]["hidden"][id], chat.as_str());
}

#[tokio::test]
async fn the_hidden_newest_message_is_not_the_chats_last() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    ben.say(&chat, "older").await;
    let newest = ben.say(&chat, "newest").await;
    let id = newest["messageId"].as_str().expect("an id");
    anna.api
        .delete(&format!("/messages/{id}?scope=me"))
        .await
        .no_content();
    let listed = &anna.api.get("/chats").await.items()[0];
    assert_eq!(listed["lastMessage"]["payload"]["content"], "older");
    assert_eq!(listed["headSeq"], 2);
}

#[tokio::test]
async fn what_i_deleted_for_me_i_cannot_edit() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "as it was").await;
    let id = sent["messageId"].as_str().expect("an id");
    let path = format!("/messages/{id}");
    anna.api
        .delete(&format!("{path}?scope=me"))
        .await
        .no_content();
    anna.api
        .patch(&path, json!({"content": "changed"}))
        .await
        .refused(404);
    let theirs = ben.message(id).await;
    assert_eq!(theirs["payload"]["content"], "as it was", "{theirs}");
    assert_eq!(theirs["editedAt"], json!(null));
    assert_eq!(anna.chat(&chat).await["headRev"], 2, "nothing changed");
}

/// Who hid his message first can still take it back from the others.
#[tokio::test]
async fn what_i_deleted_for_me_i_can_still_delete_for_everyone() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "a slip").await;
    let id = sent["messageId"].as_str().expect("an id");
    let path = format!("/messages/{id}");
    for scope in ["me", "everyone", "everyone", "me"] {
        anna.api
            .delete(&format!("{path}?scope={scope}"))
            .await
            .no_content();
    }
    assert_eq!(ben.message(id).await["isDeleted"], true);
    anna.api.get(&path).await.refused(404);
    assert!(
        anna.history(&chat).await.is_empty(),
        "hidden, not a tombstone"
    );
    assert_eq!(anna.chat(&chat).await["headRev"], 3);
}
