//! Stars.

use serde_json::{Value, json};

use crate::support::{Person, Server};

fn path(id: &Value) -> String {
    format!("/messages/{}/star", id.as_str().expect("an id"))
}

async fn starred(person: &Person) -> Vec<Value> {
    person.api.get("/messages/starred").await.items()
}

#[tokio::test]
async fn a_star_is_mine_alone_on_all_my_devices() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let tablet = anna.on_another_device().await;
    let chat = anna.direct(&ben).await;
    let sent = ben.say(&chat, "the address").await;
    ben.say(&chat, "something else").await;
    let id = sent["messageId"].as_str().expect("an id");
    let (mut on_tablet, mut of_ben) = (tablet.socket().await, ben.socket().await);
    let rev = anna.my_rev().await;
    let path = path(&sent["messageId"]);
    let put = anna.api.put_empty(&path).await.ok();
    assert_eq!((&put["id"], &put["isStarred"]), (&json!(id), &json!(true)));
    let frame = on_tablet.expect_type("me.updated").await;
    assert_eq!(frame["changes"], json!({"stars": {id: true}}), "{frame}");
    assert_eq!(frame["rev"], rev + 1);
    anna.api.put_empty(&path).await.ok();
    assert_eq!(
        anna.my_rev().await,
        rev + 1,
        "done again it changes nothing"
    );
    for device in [&anna, &tablet] {
        let seen = device.history(&chat).await;
        assert_eq!(
            (&seen[0]["isStarred"], &seen[1]["isStarred"]),
            (&json!(false), &json!(true))
        );
        assert_eq!(device.message(id).await["isStarred"], true);
        let list = starred(device).await;
        assert_eq!(list.len(), 1);
        assert_eq!(list[0], seen[1], "as any other list has it");
        let synced = device.sync(json!({"chats": {}, "me": rev})).await;
        assert_eq!(synced["me"]["changes"]["stars"], json!({id: true}));
        let messages = synced["chats"][0]["messages"].as_array().expect("messages");
        let it = messages.iter().find(|message| message["id"] == id);
        assert_eq!(it.expect("it")["isStarred"], true);
    }
    assert_eq!(ben.message(id).await["isStarred"], false);
    assert!(starred(&ben).await.is_empty());
    assert_eq!(ben.chat(&chat).await["headRev"], 3, "not in the chat's log");
    anna.api.delete(&path).await.no_content();
    anna.api.delete(&path).await.no_content();
    let frame = on_tablet.expect_type("me.updated").await;
    assert_eq!(frame["changes"], json!({"stars": {id: false}}), "{frame}");
    assert_eq!(anna.my_rev().await, rev + 2);
    assert!(starred(&anna).await.is_empty());
    of_ben.settle().await;
    assert!(of_ben.seen("me.updated").is_empty());
    assert!(of_ben.seen("message.updated").is_empty());
}

#[tokio::test]
async fn the_newest_star_comes_first_in_pages() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let (chat, other) = (anna.direct(&ben).await, anna.direct(&cleo).await);
    let mut order = Vec::new();
    for turn in 0..5 {
        let chat = if turn % 2 == 0 { &chat } else { &other };
        let sent = anna.say(chat, &format!("{turn}")).await;
        order.push(sent["messageId"].clone());
    }
    order.rotate_left(2);
    for id in &order {
        anna.api.put_empty(&path(id)).await.ok();
    }
    // One of the middle is hidden: the page goes on with what comes next.
    let hidden = order.remove(2);
    let hidden = hidden.as_str().expect("an id");
    let hide = format!("/messages/{hidden}?scope=me");
    anna.api.delete(&hide).await.no_content();
    order.reverse();
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = anna
            .api
            .get(&format!("/messages/starred?limit=2{cursor}"))
            .await
            .ok();
        let items = page["items"].as_array().expect("items");
        assert!(items.len() <= 2);
        found.extend(items.iter().map(|item| item["id"].clone()));
        let Some(next) = page["nextCursor"].as_str() else {
            break;
        };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, order);
    for (query, field) in [("limit=0", "limit"), ("cursor=x", "cursor"), ("x=1", "x")] {
        anna.api
            .get(&format!("/messages/starred?{query}"))
            .await
            .refused_field(field);
    }
}

#[tokio::test]
async fn what_i_cannot_see_i_cannot_star_and_it_drops_out() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let before = anna.say(&group, "before").await;
    let path_before = path(&before["messageId"]);
    cleo.api.put_empty(&path_before).await.refused(404);
    let participants = format!("/chats/{group}/participants");
    let add = json!({"userIds": [cleo.id]});
    anna.api.post(&participants, add.clone()).await.created();
    cleo.api.put_empty(&path_before).await.refused(404);
    cleo.api.delete(&path_before).await.refused(404);
    let said = anna.say(&group, "all of you").await;
    let path_said = path(&said["messageId"]);
    cleo.api.put_empty(&path_said).await.ok();
    assert_eq!(starred(&cleo).await.len(), 1);
    anna.api
        .delete(&format!("{participants}/{}", cleo.id))
        .await
        .no_content();
    assert_eq!(starred(&cleo).await.len(), 1, "he still reads it");
    cleo.api.put_empty(&path_said).await.refused(404);
    // Back again he sees nothing from before.
    anna.api.post(&participants, add).await.created();
    assert!(starred(&cleo).await.is_empty());
    for id in [
        "/messages/x/star".to_owned(),
        path(&json!(uuid::Uuid::now_v7())),
    ] {
        anna.api.put_empty(&id).await.refused(404);
    }
}

#[tokio::test]
async fn a_deleted_message_is_a_tombstone_here_too() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "regretted").await;
    let id = sent["messageId"].as_str().expect("an id");
    ben.api.put_empty(&path(&sent["messageId"])).await.ok();
    anna.api
        .delete(&format!("/messages/{id}?scope=everyone"))
        .await
        .no_content();
    let list = starred(&ben).await;
    assert_eq!(
        (&list[0]["id"], &list[0]["isDeleted"]),
        (&json!(id), &json!(true))
    );
    assert_eq!(list[0]["payload"], json!({}));
    anna.api
        .put_empty(&path(&sent["messageId"]))
        .await
        .refused(403);
    ben.api.delete(&path(&sent["messageId"])).await.no_content();
    assert!(starred(&ben).await.is_empty());
}
