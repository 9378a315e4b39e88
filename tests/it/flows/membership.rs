//! Membership is a boundary (D8): nothing from before joining, nothing from after leaving.

use serde_json::{Value, json};

use crate::support::{Person, Server};

async fn add(admin: &Person, group: &str, ids: &[&Person]) -> crate::support::Reply {
    let ids: Vec<&str> = ids.iter().map(|person| person.id.as_str()).collect();
    admin
        .api
        .post(
            &format!("/chats/{group}/participants"),
            json!({"userIds": ids}),
        )
        .await
}

async fn remove(admin: &Person, group: &str, person: &Person) -> crate::support::Reply {
    admin
        .api
        .delete(&format!("/chats/{group}/participants/{}", person.id))
        .await
}

fn seqs(messages: &[Value]) -> Vec<u64> {
    messages
        .iter()
        .map(|message| message["seq"].as_u64().expect("a seq"))
        .collect()
}

#[tokio::test]
async fn one_change_is_one_frame_to_all_with_the_added_one_too() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let (mut of_anna, mut of_ben, mut of_cleo) =
        (anna.socket().await, ben.socket().await, cleo.socket().await);
    add(&anna, &group, &[&cleo]).await.created();
    for socket in [&mut of_anna, &mut of_ben, &mut of_cleo] {
        let frame = socket.expect_of("group.member.added", &group).await;
        assert_eq!(frame["userIds"], json!([cleo.id]));
        assert_eq!(frame["addedBy"], anna.id.as_str());
        assert_eq!(frame["seq"], 1);
        assert_eq!(frame["rev"], 2);
        assert_eq!(frame["message"]["payload"]["event"], "member_added");
        assert_eq!(frame["chat"]["participantCount"], 3);
    }
    remove(&anna, &group, &cleo).await.no_content();
    for socket in [&mut of_anna, &mut of_ben, &mut of_cleo] {
        let frame = socket.expect_of("group.member.removed", &group).await;
        assert_eq!(frame["userIds"], json!([cleo.id]));
        assert_eq!(frame["message"]["payload"]["event"], "member_removed");
        assert_eq!(frame["chat"]["participantCount"], 2);
    }
    anna.say(&group, "without her").await;
    of_ben.expect_of("message.new", &group).await;
    of_cleo.settle().await;
    assert!(of_cleo.seen("message.new").is_empty());
    for socket in [&of_anna, &of_ben, &of_cleo] {
        socket.assert_dense(&group);
    }
    assert!(of_ben.seen("chat.updated").is_empty());
}

#[tokio::test]
async fn a_newcomer_sees_nothing_from_before() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let old = anna.say(&group, "before").await;
    let old_id = old["messageId"].as_str().expect("an id");
    add(&anna, &group, &[&cleo]).await.created();
    anna.say(&group, "after").await;
    assert_eq!(seqs(&cleo.history(&group).await), [3, 2]);
    cleo.api
        .get(&format!("/messages/{old_id}"))
        .await
        .refused(404);
    cleo.api
        .get(&format!("/messages/{old_id}/receipts"))
        .await
        .refused(404);
    cleo.post_message(
        &group,
        json!({"type": "text", "content": "re", "replyToId": old_id}),
    )
    .await
    .refused(404);
    let synced = cleo.sync(json!({"chats": {}, "me": 0})).await;
    let messages = synced["chats"][0]["messages"].as_array().expect("messages");
    assert!(
        messages
            .iter()
            .all(|message| message["seq"].as_u64() >= Some(2)),
        "{synced}"
    );
    assert_eq!(cleo.chat(&group).await["unreadCount"], 1, "after joining");
    let mut of_cleo = cleo.socket().await;
    anna.api
        .patch(&format!("/messages/{old_id}"), json!({"content": "edited"}))
        .await
        .ok();
    let hint = of_cleo.expect_of("chat.rev", &group).await;
    assert_eq!(hint["rev"], 5);
    of_cleo.settle().await;
    assert!(
        of_cleo.seen("message.updated").is_empty(),
        "{:?}",
        of_cleo.log()
    );
}

#[tokio::test]
async fn who_has_left_reads_up_to_the_message_that_says_so() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let known = anna.say(&group, "while there").await;
    cleo.api
        .post_empty(&format!("/chats/{group}/leave"))
        .await
        .no_content();
    let unseen = anna.say(&group, "after").await;
    assert_eq!(seqs(&cleo.history(&group).await), [2, 1]);
    cleo.message(known["messageId"].as_str().expect("an id"))
        .await;
    let id = unseen["messageId"].as_str().expect("an id");
    cleo.api.get(&format!("/messages/{id}")).await.refused(404);
    for path in ["", "/participants"] {
        cleo.api
            .get(&format!("/chats/{group}{path}"))
            .await
            .refused(404);
    }
    cleo.post_message(&group, json!({"type": "text", "content": "hi"}))
        .await
        .refused(404);
    let again = format!("/chats/{group}/leave");
    let again = cleo.api.post_empty(&again).await.status;
    assert!(again == 404 || again == 204, "leaving twice: {again}");
    let chats = json!({&group: 1});
    let synced = cleo.sync(json!({"chats": chats, "me": 0})).await;
    assert_eq!(synced["left"], json!([group]), "{synced}");
    for chat in synced["chats"].as_array().expect("chats") {
        for message in chat["messages"].as_array().expect("messages") {
            assert!(message["seq"].as_u64() <= Some(2), "{synced}");
        }
    }
    assert!(cleo.api.get("/chats").await.items().is_empty());
}

#[tokio::test]
async fn what_changes_after_one_left_is_a_tombstone_or_stays_as_it_was() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let sent = anna.say(&group, "first words").await;
    let id = sent["messageId"].as_str().expect("an id");
    remove(&anna, &group, &cleo).await.no_content();
    anna.api
        .patch(
            &format!("/messages/{id}"),
            json!({"content": "a later secret"}),
        )
        .await
        .ok();
    let seen = cleo.history(&group).await;
    assert!(
        !json!(seen).to_string().contains("a later secret"),
        "changed after left_rev: {seen:?}"
    );
    let one = cleo.api.get(&format!("/messages/{id}")).await;
    assert!(!one.text.contains("a later secret"), "{one:?}");
}

#[tokio::test]
async fn coming_back_begins_anew() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    anna.say(&group, "one").await;
    remove(&anna, &group, &cleo).await.no_content();
    anna.say(&group, "not for her").await;
    add(&anna, &group, &[&cleo]).await.created();
    anna.say(&group, "welcome back").await;
    assert_eq!(seqs(&cleo.history(&group).await), [5, 4]);
    let synced = cleo.sync(json!({"chats": {&group: 2}, "me": 0})).await;
    assert_eq!(synced["chats"][0]["reset"], true, "{synced}");
}

#[tokio::test]
async fn members_do_no_admins_work_and_adding_again_changes_nothing() {
    let server = Server::shared().await;
    let [anna, ben, cleo, dora] = server.people().await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    add(&ben, &group, &[&dora]).await.refused(403);
    remove(&ben, &group, &cleo).await.refused(403);
    add(&dora, &group, &[&dora]).await.refused(404);
    remove(&dora, &group, &cleo).await.refused(404);
    let rev = anna.chat(&group).await["headRev"].clone();
    let again = add(&anna, &group, &[&ben]).await;
    assert!(again.status == 200 || again.status == 201, "{again:?}");
    assert_eq!(anna.chat(&group).await["headRev"], rev);
    remove(&anna, &group, &cleo).await.no_content();
    remove(&anna, &group, &cleo).await.no_content();
    let unknown = uuid::Uuid::now_v7().to_string();
    let path = format!("/chats/{group}/participants");
    anna.api
        .post(&path, json!({"userIds": [unknown]}))
        .await
        .refused(404);
    for body in [
        json!({}),
        json!({"userIds": []}),
        json!({"userIds": ["x"]}),
        json!({"userIds": ben.id}),
    ] {
        anna.api.post(&path, body).await.refused_field("userIds");
    }
}
