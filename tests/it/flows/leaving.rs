//! Deleting an account: what everyone else sees of it, and what is left.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::support::{Person, Server, eventually, eventually_some};

/// The job comes by often.
async fn server() -> Server {
    let options = Server::options().setting("JOBS__ERASURE", "1s");
    options.start().await
}

#[tokio::test]
async fn an_account_that_is_deleted_is_gone_for_everyone() {
    let server = server().await;
    let [gone, friend, third] = server.people().await;
    let direct = gone.direct(&friend).await;
    let group = gone.group("Trip", &[&friend, &third]).await;
    let said = gone.say(&direct, "hello").await;
    let answer = friend.say(&direct, "hi").await;
    let in_group = gone.say(&group, "all").await;
    let mut socket = gone.socket().await;
    let mut watching = friend.socket().await;
    let phone = json!({"phones": [gone.phone]});
    gone.until_online().await;
    watching
        .send(json!({"type": "presence.subscribe", "userIds": [gone.id]}))
        .await;
    let seen = watching.expect_type("presence.updated").await;
    assert_eq!(seen["online"], true, "{seen}");

    gone.api.delete("/users/me").await.no_content();

    assert_eq!(socket.closed().await, Some(4401));
    let refused = || async { gone.api.get("/users/me").await.status == 401 };
    eventually("its token is refused", refused).await;
    friend
        .api
        .get(&format!("/users/{}", gone.id))
        .await
        .refused(404);
    friend
        .api
        .get(&format!("/users/{}/presence", gone.id))
        .await
        .refused(404);
    let synced = friend.api.post("/users/contacts/sync", phone).await.ok();
    assert_eq!(synced["contacts"], json!([]));
    let seen = watching.expect_type("presence.updated").await;
    assert_eq!(
        seen,
        json!({"type": "presence.updated", "userId": gone.id, "online": false})
    );
    let erased = watching.expect_of("sender.erased", &direct).await;
    assert_eq!(erased["userId"], gone.id);

    for (id, chat) in [(&said, &direct), (&in_group, &group)] {
        let stripped = || async {
            let page = friend.history(chat).await;
            let message = page
                .into_iter()
                .find(|message| message["id"] == id["messageId"])?;
            (message["isDeleted"] == true && message["payload"] == json!({})).then_some(message)
        };
        eventually_some("what it said is a tombstone", stripped).await;
    }
    let kept = friend.message(answer["messageId"].as_str().unwrap()).await;
    assert_eq!(kept["payload"]["content"], "hi");
    check_chats(&gone, [&friend, &third], [&direct, &group]).await;
    check_deletion(&server, &gone, &friend).await;
}

/// What a device that was away holds of a chat: which messages are there, by seq, and up to which rev.
#[derive(Default)]
struct Copy {
    rev: u64,
    is_there: BTreeMap<u64, bool>,
}

impl Copy {
    async fn sync(&mut self, person: &Person, chat: &str) {
        loop {
            let known = json!({"chats": {chat: self.rev}, "me": 0, "only": [chat]});
            let answer = person.sync(known).await;
            let Some(page) = answer["chats"].get(0) else {
                return;
            };
            if page["reset"] == true {
                self.is_there.clear();
            }
            for message in page["messages"].as_array().expect("messages") {
                let seq = message["seq"].as_u64().expect("a seq");
                let is_there = message["type"] == "text" && message["isDeleted"] == false;
                self.is_there.insert(seq, is_there);
            }
            self.rev = page["rev"].as_u64().expect("a rev");
            if page["more"] == false {
                return;
            }
        }
    }
}

/// All it said is changed by one entry: more than a page of a sync holds.
#[tokio::test]
async fn who_was_away_learns_that_everything_is_gone() {
    const SAID: u64 = 230;
    let options = Server::options().setting("JOBS__ERASURE", "1s");
    let server = options.unlimited().start().await;
    let [gone, friend] = server.people().await;
    let chat = gone.direct(&friend).await;
    friend.say(&chat, "stays").await;
    let hidden = gone.say(&chat, "hidden").await;
    let mut last = Value::Null;
    for number in 1..SAID {
        last = gone.say(&chat, &format!("{number}")).await;
    }
    let last = last["messageId"].as_str().expect("an id");
    let hidden = hidden["messageId"].as_str().expect("an id");
    let hide = format!("/messages/{hidden}?scope=me");
    friend.api.delete(&hide).await.no_content();
    let mut copy = Copy {
        rev: 1,
        ..Copy::default()
    };
    copy.sync(&friend, &chat).await;
    assert_eq!(copy.is_there.len() as u64, SAID, "all but the hidden one");

    gone.api.delete("/users/me").await.no_content();
    let stripped = || async { friend.message(last).await["isDeleted"] == true };
    eventually("what it said is gone", stripped).await;
    copy.sync(&friend, &chat).await;
    let mut there = copy.is_there.iter().filter(|(_, is_there)| **is_there);
    let there: Vec<u64> = there.by_ref().map(|(seq, _)| *seq).collect();
    assert!(there.is_empty() || there == [1], "still there: {there:?}");
}

/// What stays of its chats for the others.
async fn check_chats(gone: &Person, [friend, third]: [&Person; 2], [direct, group]: [&str; 2]) {
    let body = json!({"chatId": direct, "type": "text", "content": "still there?"});
    friend.api.post("/messages", body).await.refused(403);
    let members = || async {
        let path = format!("/chats/{group}/participants");
        let members = friend.api.get(&path).await.items();
        let admin = members.iter().any(|member| member["role"] == "admin");
        members.len() == 2 && admin
    };
    eventually("the group goes on, with an admin", members).await;
    let body = json!({"type": "direct", "userId": gone.id});
    third.api.post("/chats", body).await.refused(404);
}

/// What operators see of it.
async fn check_deletion(server: &Server, gone: &Person, friend: &Person) {
    let deletion = || async {
        let path = format!("/admin/deletions/{}", gone.id);
        let deletion = server.admin().get(&path).await.ok();
        (deletion["state"] == "ready").then_some(deletion)
    };
    let deletion = eventually_some("every store is done", deletion).await;
    let stores = deletion["stores"].as_array().unwrap();
    assert!(
        stores.iter().all(|store| store["state"] == "ready"),
        "{deletion}"
    );
    let listed = server.admin().get("/admin/deletions").await.items();
    assert!(listed.iter().any(|one| one["userId"] == gone.id));
    let never = server
        .admin()
        .get(&format!("/admin/deletions/{}", friend.id))
        .await;
    never.refused(404);
}

#[tokio::test]
async fn a_phone_whose_account_was_deleted_begins_anew() {
    let server = server().await;
    let before = server.person().await;
    before.api.delete("/users/me").await.no_content();
    let body = json!({"phone": before.phone});
    let sent = || async {
        let sent = server.api().post("/auth/request-otp", body.clone()).await;
        (sent.status == 200).then(|| sent.ok()["devCode"].clone())
    };
    let code = eventually_some("a code is sent", sent).await;
    let body = json!({"phone": before.phone, "code": code});
    let signed_in = server.api().post("/auth/verify-otp", body).await.ok();
    assert_eq!(signed_in["isNewUser"], true);
    assert_ne!(signed_in["user"]["id"], before.id);
}
