//! Faults that someone who writes an app asks for: each does what it says, to whom it says, and ends.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;
use uuid::Uuid;

use crate::support::{Server, Shape, eventually, eventually_some, fresh_phone};

/// A server on which things may go wrong, for one test alone.
async fn server() -> Server {
    Server::options().unlimited().start().await
}

async fn set(server: &Server, fault: Value) -> Value {
    server.admin().post("/admin/faults", fault).await.ok()
}

async fn clear(server: &Server) {
    server.admin().delete("/admin/faults").await.no_content();
}

#[tokio::test]
async fn faults_are_listed_replaced_and_end() {
    let server = server().await;
    let none = server.admin().get("/admin/faults").await.ok();
    assert_eq!(none["items"], json!([]));
    assert_eq!(none["clock"]["aheadSeconds"], 0, "{none}");
    let slow = json!({"kind": "store_slow", "delayMs": 5, "seconds": 600});
    let shown = set(&server, slow).await;
    assert_eq!(shown["items"][0]["kind"], "store_slow");
    assert_eq!(shown["items"][0]["delayMs"], 5);
    assert_eq!(shown["unanswered"], json!([]));
    let left = shown["items"][0]["remainingMs"].as_u64().expect("a time");
    assert!((590_000..=600_000).contains(&left), "{shown}");
    let again = json!({"kind": "store_slow", "delay_ms": 6, "seconds": 1});
    let replaced = server.admin().put("/admin/faults", again).await.ok();
    assert_eq!(replaced["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(replaced["items"][0]["delayMs"], 6);
    eventually("it ends by itself", async || {
        let shown = server.admin().get("/admin/faults").await.ok();
        shown["items"] == json!([])
    })
    .await;
    set(&server, json!({"kind": "pushes_fail"})).await;
    set(&server, json!({"kind": "acks_lost"})).await;
    let one = server.admin().delete("/admin/faults?kind=acks_lost").await;
    one.no_content();
    let rest = server.admin().get("/admin/faults").await.ok();
    assert_eq!(rest["items"][0]["kind"], "pushes_fail", "{rest}");
    clear(&server).await;
    let none = server.admin().get("/admin/faults").await.ok();
    assert_eq!(none["items"], json!([]));
}

#[tokio::test]
async fn what_is_no_fault_is_refused_by_its_field() {
    let server = Server::shared().await;
    let admin = server.admin();
    for (body, field) in [
        (json!({}), "kind"),
        (json!({"kind": "earthquake"}), "kind"),
        (json!({"kind": 3}), "kind"),
        (json!({"kind": "acks_lost", "seconds": 0}), "seconds"),
        (json!({"kind": "acks_lost", "seconds": 601}), "seconds"),
        (json!({"kind": "acks_lost", "delayMs": 5}), "delayMs"),
        (json!({"kind": "store_slow", "delayMs": 10_001}), "delayMs"),
        (
            json!({"kind": "store_slow", "userId": Uuid::now_v7()}),
            "userId",
        ),
        (json!({"kind": "acks_lost", "userId": "x"}), "userId"),
        (json!({"kind": "acks_lost", "for": 5}), "for"),
        (
            json!({"kind": "acks_lost", "advanceSeconds": 5}),
            "advanceSeconds",
        ),
        (json!({"advanceSeconds": 0}), "advanceSeconds"),
        (json!({"advanceSeconds": -5}), "advanceSeconds"),
        (
            json!({"advanceSeconds": 366 * 24 * 3600 + 1}),
            "advanceSeconds",
        ),
        (json!({"advanceSeconds": 5, "seconds": 5}), "seconds"),
    ] {
        admin.post("/admin/faults", body).await.refused_field(field);
    }
    let unknown = admin.delete("/admin/faults?kind=earthquake").await;
    unknown.refused_field("kind");
    let shown = admin.get("/admin/faults").await.ok();
    assert_eq!(shown["items"], json!([]), "nothing was set");
    server.root().get("/admin/faults").await.refused(404);
}

#[tokio::test]
async fn where_they_are_off_there_are_none() {
    let server = Server::options()
        .setting("ADMIN__FAULTS", "false")
        .start()
        .await;
    let admin = server.admin();
    admin.get("/admin/faults").await.refused(404);
    let fault = json!({"kind": "store_refuses"});
    admin.post("/admin/faults", fault).await.refused(404);
    admin
        .post("/admin/faults", json!({"advanceSeconds": 5}))
        .await
        .refused(404);
    admin.delete("/admin/faults").await.refused(404);
    let overview = admin.get("/admin/overview").await.ok();
    assert_eq!(overview["hasFaults"], false);
}

#[tokio::test]
async fn a_store_that_refuses_answers_503_and_comes_back() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "before").await;
    set(&server, json!({"kind": "store_refuses"})).await;
    let message = json!({"type": "text", "content": "refused", "clientMessageId": "again"});
    anna.post_message(&chat, message.clone()).await.refused(503);
    assert_eq!(ben.history(&chat).await.len(), 1, "reads go on");
    clear(&server).await;
    let sent = anna.post_message(&chat, message).await.created();
    assert_eq!(sent["seq"], 2, "no number was lost");
}

#[tokio::test]
async fn a_slow_store_answers_later() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    set(&server, json!({"kind": "store_slow", "delayMs": 700})).await;
    let began = Instant::now();
    anna.say(&chat, "slow").await;
    assert!(
        began.elapsed() >= Duration::from_millis(700),
        "{:?}",
        began.elapsed()
    );
    clear(&server).await;
}

#[tokio::test]
async fn a_lost_ack_is_found_by_saying_it_again() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let (mut of_anna, mut of_ben) = (anna.socket().await, ben.socket().await);
    set(&server, json!({"kind": "acks_lost", "userId": anna.id})).await;
    let send = |id: &str| {
        json!({"type": "message.send", "id": id, "chatId": chat, "clientMessageId": "once",
            "message": {"type": "text", "content": "hello"}})
    };
    of_anna.send(send("1")).await;
    of_ben.expect_of("message.new", &chat).await;
    let ack = of_anna
        .find_within(Duration::from_millis(500), |frame| frame["type"] == "ack")
        .await;
    assert!(ack.is_none(), "{ack:?}");
    let by_rest = json!({"type": "text", "content": "hello", "clientMessageId": "once"});
    anna.post_message(&chat, by_rest).await.refused(504);
    ben.say(&chat, "ben is not concerned").await;
    clear(&server).await;
    let again = of_anna.ask(send("2")).await;
    assert_eq!(
        (&again["seq"], &again["duplicate"]),
        (&json!(1), &json!(true))
    );
    assert_eq!(ben.history(&chat).await.len(), 2, "stored once");
}

#[tokio::test]
async fn sockets_are_cut_without_a_word_and_the_others_live() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let (mut of_anna, mut of_ben) = (anna.socket().await, ben.socket().await);
    let cut = json!({"kind": "sockets_dropped", "userId": anna.id, "seconds": 30});
    set(&server, cut).await;
    assert_eq!(of_anna.closed().await, None, "no close frame");
    of_ben
        .send_raw(Message::text(r#"{"type":"ping","id":"p"}"#))
        .await;
    of_ben.expect_type("pong").await;
    let mut next = anna.socket().await;
    assert_eq!(next.closed().await, None, "and again");
    clear(&server).await;
    let mut last = anna.socket().await;
    last.send(json!({"type": "ping", "id": "p"})).await;
    last.expect_type("pong").await;
}

#[tokio::test]
async fn delayed_frames_come_late_and_in_order() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_ben = ben.socket().await;
    set(
        &server,
        json!({"kind": "frames_delayed", "delayMs": 10_000, "userId": ben.id}),
    )
    .await;
    let began = Instant::now();
    for text in ["one", "two", "three"] {
        anna.say(&chat, text).await;
    }
    let said = began.elapsed();
    assert!(
        said < Duration::from_millis(8750),
        "anna does not wait: {said:?}"
    );
    let first = of_ben.expect_of("message.new", &chat).await;
    assert_eq!(first["seq"], 1);
    assert!(
        began.elapsed() >= Duration::from_millis(9950),
        "{:?}",
        began.elapsed()
    );
    for seq in [2, 3] {
        let next = of_ben.expect_of("message.new", &chat).await;
        assert_eq!(next["seq"], seq);
    }
    clear(&server).await;
}

#[tokio::test]
async fn the_clock_moves_on_and_what_expires_does() {
    let server = Server::options().embedded().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let timer = json!({"seconds": 86_400});
    anna.api
        .put(&format!("/chats/{chat}/auto-delete"), timer)
        .await
        .ok();
    let sent = anna.say(&chat, "gone tomorrow").await;
    let phone = fresh_phone();
    let asked = server
        .api()
        .post("/auth/request-otp", json!({"phone": phone}))
        .await
        .ok();
    let moved = set(&server, json!({"advanceSeconds": 301})).await;
    assert_eq!(moved["clock"]["aheadSeconds"], 301, "{moved}");
    assert_eq!(moved["clock"]["isMovable"], true);
    let code = json!({"phone": phone, "code": asked["devCode"]});
    server
        .api()
        .post("/auth/verify-otp", code)
        .await
        .refused(401);
    let id = sent["messageId"].as_str().expect("an id");
    assert_eq!(anna.message(id).await["isDeleted"], false);
    set(&server, json!({"advanceSeconds": 80_000})).await;
    set(&server, json!({"advanceSeconds": 6_099})).await;
    // The access token is over too, a day later; the refresh token is not.
    anna.api.get(&format!("/messages/{id}")).await.refused(401);
    let refresh = json!({"refreshToken": anna.refresh_token});
    let pair = server.api().post("/auth/refresh", refresh).await.ok();
    let token = pair["accessToken"].as_str().expect("a token");
    let api = server.api().with_token(token);
    let gone = api.get(&format!("/messages/{id}")).await.ok();
    assert_eq!(gone["isDeleted"], true, "{gone}");
    clear(&server).await;
    let kept = server.admin().get("/admin/faults").await.ok();
    assert_eq!(kept["clock"]["aheadSeconds"], 86_400, "it does not go back");
}

#[tokio::test]
async fn where_servers_share_the_work_the_clock_stays() {
    if Shape::of_flows() == Shape::Embedded {
        return;
    }
    let server = Server::shared().await;
    let shown = server.admin().get("/admin/faults").await.ok();
    assert_eq!(shown["clock"]["isMovable"], false);
    let step = json!({"advanceSeconds": 5});
    let refused = server.admin().post("/admin/faults", step).await;
    refused.refused_field("advanceSeconds");
}

#[tokio::test]
async fn pages_of_other_origins_can_do_nothing() {
    let server = Server::shared().await;
    let fault = json!({"kind": "store_refuses"});
    for origin in ["http://example.org", "null", "http://127.0.0.1:1"] {
        let admin = server.admin().with_header("origin", origin);
        admin
            .post("/admin/faults", fault.clone())
            .await
            .refused(403);
        admin
            .post_empty("/admin/jobs/housekeeping/run")
            .await
            .refused(403);
        admin.get("/admin/overview").await.ok();
    }
    // A name that was made to lead here is that of no listener on loopback.
    let rebound = server.admin().with_header("host", "rebound.example:8090");
    rebound.get("/admin/overview").await.refused(403);
    for name in ["localhost:8090", "ops.localhost", "127.0.0.1", "[::1]:8090"] {
        let named = server.admin().with_header("host", name);
        named.get("/admin/overview").await.ok();
    }
    let own = server.admin().with_header("origin", &server.admin_origin());
    own.post_empty("/admin/jobs/housekeeping/run").await.ok();
}

#[tokio::test]
async fn the_overview_tells_of_every_process() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let _open = anna.socket().await;
    anna.say(&chat, "counted").await;
    // A process that is too busy to answer in time is named as such, and asked again here.
    let overview = eventually_some("all answer", async || {
        let overview = server.admin().get("/admin/overview").await.ok();
        let nodes = overview["nodes"].as_array().expect("nodes");
        let is_whole = nodes.iter().all(|node| node["problem"].is_null());
        is_whole.then_some(overview)
    })
    .await;
    let nodes = overview["nodes"].as_array().expect("nodes");
    assert_eq!(nodes.len(), server.nodes(), "{overview}");
    assert_eq!(nodes[0]["self"], true);
    let sum = |field: &str| -> u64 {
        let each = nodes.iter().map(|node| node["seen"][field].as_u64());
        each.map(|count| count.expect("a count")).sum()
    };
    assert!(sum("messages") >= 1 && sum("chatActors") >= 1, "{overview}");
    assert!(sum("people") >= 1 && sum("connections") >= 1, "{overview}");
    let mut groups = Vec::new();
    for node in nodes {
        assert_eq!(node["state"], "up");
        assert!(node["problem"].is_null(), "{node}");
        for group in node["seen"]["groups"].as_array().expect("groups") {
            assert!(
                group["inFlight"].is_u64() && group["restarts"].is_u64(),
                "{group}"
            );
            assert_eq!(group["isDown"], false);
            groups.push(group["name"].as_str().expect("a name").to_owned());
        }
    }
    // Others send meanwhile.
    let counted_all = async || {
        let overview = server.admin().get("/admin/overview").await.ok();
        let mut nodes = overview["nodes"].as_array().expect("nodes").iter();
        nodes.all(|node| {
            let Some(took) = node["seen"]["sendMs"].as_array() else {
                return false;
            };
            let counted: u64 = took.iter().filter_map(|one| one["count"].as_u64()).sum();
            Some(counted) == node["seen"]["messages"].as_u64()
        })
    };
    eventually("each message has its time", counted_all).await;
    for name in ["auth", "user", "chat", "message", "media", "notification"] {
        assert!(
            groups.iter().any(|group| group == name),
            "{name}: {groups:?}"
        );
    }
}
