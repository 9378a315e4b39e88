//! What phones that are away are told, and what they are not.

use std::time::Instant;

use serde_json::{Value, json};

use crate::support::fcm::Fcm;
use crate::support::{Person, Server, eventually, eventually_some};

/// A server that pushes to a stand-in, and the stand-in.
async fn start() -> (Server, Fcm) {
    let fcm = Fcm::start().await;
    let server = Server::options().unlimited().pushing(&fcm).start().await;
    (server, fcm)
}

/// One that waits long enough for what is done at once to be in time, however busy this machine is.
async fn start_patient() -> (Server, Fcm) {
    let fcm = Fcm::start().await;
    let options = Server::options().unlimited().pushing(&fcm);
    let server = options.setting("NOTIFICATION__WAIT", "6s").start().await;
    (server, fcm)
}

/// Everything that was called for so far is decided: someone who is connected and says nothing, to whom
/// the waiting is longest, has been told.
async fn settled(server: &Server, fcm: &Fcm) {
    let [sender, silent] = server.people().await;
    let token = format!("silent-{}", silent.id);
    silent.device(&token).await;
    let mut socket = silent.socket().await;
    let chat = sender.direct(&silent).await;
    sender.say(&chat, "are you there").await;
    socket.expect_of("message.new", &chat).await;
    fcm.until(&token, 1).await;
}

fn of_chat(pushes: &[Value], kind: &str, chat: &str) -> Vec<Value> {
    let wanted = pushes
        .iter()
        .filter(|push| push["t"] == kind && push["chatId"] == chat);
    wanted.cloned().collect()
}

/// A device's pushes, once the newest says this head.
async fn until_newest(fcm: &Fcm, token: &str, head: &str) -> Vec<Value> {
    eventually_some(&format!("head {head} at {token}"), async || {
        let pushes = fcm.pushes(token);
        let is_there = pushes.last().is_some_and(|push| push["headSeq"] == head);
        is_there.then_some(pushes)
    })
    .await
}

fn number(value: &Value) -> usize {
    value
        .as_str()
        .and_then(|text| text.parse().ok())
        .expect("a number as text")
}

#[tokio::test]
async fn who_is_away_is_told_at_once_and_the_rest_of_a_window_in_one() {
    let (server, fcm) = start().await;
    let [anna, ben] = server.people().await;
    ben.device("ben-phone").await;
    ben.on_another_device().await.device("ben-tablet").await;
    let chat = anna.direct(&ben).await;
    let first = anna.say(&chat, "words that no push may hold").await;
    for token in ["ben-phone", "ben-tablet"] {
        let pushes = fcm.until(token, 1).await;
        let expected = json!({"t": "message", "chatId": chat, "messageId": first["messageId"],
            "headSeq": "1", "count": "1", "unread": "1"});
        assert_eq!(pushes[0], expected);
    }
    let mut last = Value::Null;
    let began = Instant::now();
    for number in 0..5 {
        last = anna.say(&chat, &format!("more {number}")).await;
    }
    for token in ["ben-phone", "ben-tablet"] {
        let pushes = until_newest(&fcm, token, "6").await;
        let newest = pushes.last().expect("a push");
        assert_eq!(newest["messageId"], last["messageId"]);
        assert_eq!(newest["unread"], "6");
        let counted: usize = pushes.iter().map(|push| number(&push["count"])).sum();
        assert_eq!(counted, 6, "each message is counted once: {pushes:?}");
        // One at once, and one for each window of a second that ended.
        let windows = began.elapsed().as_secs() as usize + 1;
        assert!(pushes.len() <= 1 + windows, "collapsed: {pushes:?}");
    }
    settled(&server, &fcm).await;
    assert_eq!(fcm.pushes("ben-phone"), fcm.pushes("ben-tablet"));
    let calls = fcm.calls("ben-phone");
    assert_eq!(calls[0].message["android"]["priority"], "HIGH");
    let issued = fcm.issued() as usize;
    assert!(issued <= server.nodes(), "{issued} tokens, each kept");
    assert!(!server.output().contains("ben-phone"), "no token is logged");
}

#[tokio::test]
async fn who_is_connected_is_told_of_what_no_device_took() {
    let (server, fcm) = start_patient().await;
    let [anna, ben, cleo] = server.people().await;
    ben.device("ben").await;
    cleo.device("cleo").await;
    anna.device("anna").await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let (mut of_ben, of_cleo) = (ben.socket().await, cleo.socket().await);
    anna.say(&group, "hello").await;
    let frame = of_ben.expect_of("message.new", &group).await;
    of_ben
        .send(json!({"type": "message.ack", "chatId": group, "seq": frame["seq"]}))
        .await;
    // Cleo's socket dies with the message unacknowledged.
    of_cleo.leave().await;
    let pushes = fcm.until("cleo", 1).await;
    assert_eq!(of_chat(&pushes, "message", &group).len(), 1, "{pushes:?}");
    settled(&server, &fcm).await;
    assert!(fcm.pushes("ben").is_empty(), "{:?}", fcm.pushes("ben"));
    assert!(fcm.pushes("anna").is_empty(), "not to the sender");
    // He says nothing of this one, though he is connected.
    anna.say(&group, "and you").await;
    let pushes = fcm.until("ben", 1).await;
    assert_eq!(pushes[0]["count"], "1", "{pushes:?}");
    assert_eq!(pushes[0]["headSeq"], "2");
}

#[tokio::test]
async fn nobody_is_told_of_what_does_not_concern_him() {
    let (server, fcm) = start().await;
    let [anna, ben, cleo, dora] = server.people().await;
    for (person, token) in [(&ben, "ben"), (&cleo, "cleo"), (&dora, "dora")] {
        person.device(token).await;
    }
    let group = anna.group("Ours", &[&ben, &cleo, &dora]).await;
    let path = format!("/chats/{group}");
    // Muted, blocking, removed; and a change that is a system message.
    ben.api.put(&format!("{path}/mute"), json!({})).await.ok();
    let block = format!("/users/contacts/{}/block", anna.id);
    cleo.api.put_empty(&block).await.ok();
    let member = format!("{path}/participants/{}", dora.id);
    anna.api.delete(&member).await.no_content();
    anna.api.patch(&path, json!({"name": "Yours"})).await.ok();
    anna.say(&group, "hello").await;
    settled(&server, &fcm).await;
    for token in ["ben", "cleo", "dora"] {
        assert!(fcm.pushes(token).is_empty(), "{:?}", fcm.pushes(token));
    }
    ben.api.delete(&format!("{path}/mute")).await;
    cleo.api.delete(&block).await;
    anna.say(&group, "again").await;
    for token in ["ben", "cleo"] {
        fcm.until(token, 1).await;
    }
    settled(&server, &fcm).await;
    assert!(fcm.pushes("dora").is_empty());
    // Who signs out takes his devices along.
    ben.api.post_empty("/auth/logout").await.no_content();
    let before = fcm.calls("ben").len();
    anna.say(&group, "and again").await;
    fcm.until("cleo", 2).await;
    settled(&server, &fcm).await;
    assert_eq!(fcm.calls("ben").len(), before);
}

#[tokio::test]
async fn what_is_shown_is_cleared_and_taken_back() {
    let (server, fcm) = start().await;
    let [anna, ben] = server.people().await;
    ben.device("ben").await;
    let chat = anna.direct(&ben).await;
    let text = |id: &Value| format!("/messages/{}", id.as_str().expect("an id"));
    let sent = anna.say(&chat, "hello").await;
    let id = &sent["messageId"];
    fcm.until("ben", 1).await;
    server.until_pushed(id).await;
    let revokes = async |count: usize| {
        eventually("it is taken back", async || {
            of_chat(&fcm.pushes("ben"), "revoke", &chat).len() == count
        })
        .await;
    };
    let edited = json!({"content": "hello there"});
    anna.api.patch(&text(id), edited).await.ok();
    revokes(1).await;
    let revoke = &of_chat(&fcm.pushes("ben"), "revoke", &chat)[0];
    assert_eq!(
        revoke,
        &json!({"t": "revoke", "chatId": chat, "messageId": id})
    );
    anna.api
        .delete(&format!("{}?scope=everyone", text(id)))
        .await
        .no_content();
    revokes(2).await;

    let sent = anna.say(&chat, "another").await;
    server.until_pushed(&sent["messageId"]).await;
    assert_eq!(of_chat(&fcm.pushes("ben"), "message", &chat).len(), 2);
    // Read on a device that has no push token.
    let desktop = ben.on_another_device().await;
    desktop
        .api
        .post("/messages/read", json!({"messageIds": [sent["messageId"]]}))
        .await
        .ok();
    eventually("it is cleared", async || {
        !of_chat(&fcm.pushes("ben"), "clear", &chat).is_empty()
    })
    .await;
    let clears = of_chat(&fcm.pushes("ben"), "clear", &chat);
    assert_eq!(
        clears,
        [json!({"t": "clear", "chatId": chat, "readSeq": "2"})]
    );
    // What was read is shown no more: nothing to take back, nothing to clear.
    anna.api
        .patch(&text(&sent["messageId"]), json!({"content": "late"}))
        .await
        .ok();
    desktop
        .api
        .post("/messages/read", json!({"messageIds": [sent["messageId"]]}))
        .await
        .ok();
    settled(&server, &fcm).await;
    assert_eq!(of_chat(&fcm.pushes("ben"), "revoke", &chat).len(), 2);
    assert_eq!(of_chat(&fcm.pushes("ben"), "clear", &chat).len(), 1);
}

#[tokio::test]
async fn a_message_that_is_gone_in_time_is_not_pushed() {
    let (server, fcm) = start_patient().await;
    let [anna, ben] = server.people().await;
    ben.device("ben").await;
    let chat = anna.direct(&ben).await;
    let mut socket = ben.socket().await;
    let sent = anna.say(&chat, "a slip").await;
    socket.expect_of("message.new", &chat).await;
    let id = sent["messageId"].as_str().expect("an id");
    anna.api
        .delete(&format!("/messages/{id}?scope=everyone"))
        .await
        .no_content();
    settled(&server, &fcm).await;
    assert!(fcm.pushes("ben").is_empty(), "{:?}", fcm.pushes("ben"));
}

#[tokio::test]
async fn who_is_brought_into_a_group_is_told() {
    let (server, fcm) = start().await;
    let [anna, ben, cleo] = server.people().await;
    cleo.device("cleo").await;
    ben.device("ben").await;
    let group = anna.group("Ours", &[&ben]).await;
    let people = format!("/chats/{group}/participants");
    anna.api
        .post(&people, json!({"userIds": [cleo.id]}))
        .await
        .created();
    let pushes = fcm.until("cleo", 1).await;
    assert_eq!(pushes[0], json!({"t": "added", "chatId": group}));
    anna.say(&group, "welcome").await;
    let pushes = fcm.until("cleo", 2).await;
    assert_eq!(pushes[1]["t"], "message");
    assert_eq!(pushes[1]["unread"], "1");
    assert_eq!(pushes[1]["headSeq"], "2");
    fcm.until("ben", 1).await;
    assert!(of_chat(&fcm.pushes("ben"), "added", &group).is_empty());
}

async fn inbox(person: &Person, query: &str) -> Vec<Value> {
    person
        .api
        .get(&format!("/notifications/inbox{query}"))
        .await
        .items()
}

#[tokio::test]
async fn in_development_pushes_go_to_an_inbox() {
    let server = Server::options().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let device = ben.device("a token of no one").await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "hello").await;
    eventually("it is in the inbox", async || {
        !inbox(&ben, "").await.is_empty()
    })
    .await;
    let pushes = inbox(&ben, "").await;
    assert_eq!(pushes.len(), 1);
    assert_eq!(pushes[0]["deviceId"], device.as_str());
    assert_eq!(pushes[0]["platform"], "android");
    assert_eq!(pushes[0]["data"]["t"], "message");
    assert_eq!(pushes[0]["data"]["messageId"], sent["messageId"]);
    let place = pushes[0]["place"].as_u64().expect("a place");
    assert!(inbox(&ben, &format!("?after={place}")).await.is_empty());
    assert!(inbox(&anna, "").await.is_empty());
    let path = "/notifications/inbox";
    ben.api
        .get(&format!("{path}?limit=0"))
        .await
        .refused_field("limit");
    ben.api
        .get(&format!("{path}?cursor=x"))
        .await
        .refused_field("cursor");
    ben.api
        .get(&format!("{path}?after=x"))
        .await
        .refused_field("after");
    assert!(!server.output().contains("a token of no one"));
}
