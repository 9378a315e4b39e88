//! One process per group: what each answers, and what becomes of the rest when one of them goes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use troupe::actors::group::Group;

use crate::support::{Detour, Server, Shape, Socket, eventually};

/// Far less than the ten seconds a request may take.
const AT_ONCE: Duration = Duration::from_secs(4);

#[tokio::test]
async fn operators_see_which_processes_there_are() {
    let server = Server::shared().await;
    let cluster = server.admin().get("/admin/cluster").await.ok();
    let nodes = cluster["nodes"].as_array().expect("nodes");
    assert_eq!(nodes[0]["self"], true, "{cluster}");
    assert!(nodes[0]["silentMs"].is_null(), "{cluster}");
    let mut groups = BTreeSet::new();
    for node in nodes {
        assert_eq!(node["state"], "up", "{node}");
        assert!(
            node["id"].is_string() && node["address"].is_string(),
            "{node}"
        );
        let runs = node["groups"].as_array().expect("groups");
        groups.extend(
            runs.iter()
                .map(|group| group.as_str().expect("a name").to_owned()),
        );
    }
    for other in &nodes[1..] {
        assert_eq!(other["self"], false, "{other}");
        assert!(
            other["silentMs"]
                .as_u64()
                .is_some_and(|silent| silent < 6000),
            "{other}"
        );
        assert_eq!(cluster["natsConnected"], true, "{cluster}");
    }
    let all: BTreeSet<String> = Group::ALL.map(|group| group.name().to_owned()).into();
    assert_eq!(groups, all);
}

#[test]
fn a_group_that_does_not_exist_is_refused_by_name() {
    let settings = tempfile::NamedTempFile::new().expect("a file");
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_troupe"))
        .args(["serve", "--groups", "auth,nope", "--config"])
        .arg(settings.path())
        .output()
        .expect("the program runs");
    let said = String::from_utf8_lossy(&run.stderr);
    assert_eq!(run.status.code(), Some(2), "{said}");
    let named = said.lines().find(|line| line.contains("groups:"));
    let named = named.unwrap_or_else(|| panic!("groups are not named: {said}"));
    for name in ["\"nope\"", "gateway", "auth", "notification", "websocket"] {
        assert!(named.contains(name), "{name} is not in {named}");
    }
}

#[tokio::test]
async fn each_process_answers_for_itself_and_only_the_gateway_for_all() {
    let server = Server::options().shape(Shape::Groups).start().await;
    let person = server.person().await;
    for group in Group::ALL {
        let root = server.part(group).root();
        for path in ["/health", "/health/live", "/health/ready"] {
            let health = root.get(path).await.ok();
            assert!(health["status"].is_string(), "{path}: {health}");
        }
        assert_eq!(root.get("/metrics").await.status, 200, "{}", group.name());
        let api = server.part(group).api().with_token(&person.access_token);
        let me = api.get("/users/me").await;
        if group == Group::Gateway {
            me.ok();
        } else {
            me.refused(404);
        }
        // The socket is where it is, and where everything is.
        let there = matches!(group, Group::Gateway | Group::Websocket);
        let upgrade = Socket::open_with(Socket::request(
            &server.part(group).origin(),
            "",
            &[("authorization", &format!("Bearer {}", person.access_token))],
        ));
        let refused = upgrade.await.err();
        assert_eq!(refused, (!there).then_some(404), "{}", group.name());
    }
}

#[tokio::test]
async fn a_gateway_without_sockets_goes_on_with_the_rest() {
    let server = Server::options()
        .unlimited()
        .shape(Shape::Groups)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let mut socket = anna.socket().await;
    server.part(Group::Websocket).terminate();
    // Its own goodbye, through the tunnel.
    socket.expect_type("goaway").await;
    assert_eq!(socket.closed().await, Some(1001));
    let bearer = format!("Bearer {}", anna.access_token);
    eventually("no sockets any more", async || {
        let request = Socket::request(&server.origin(), "", &[("authorization", &bearer)]);
        Socket::open_with(request).await.err() == Some(503)
    })
    .await;
    let root = server.root().with_token(&anna.access_token);
    root.get("/ws").await.refused(503);
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "anyway").await;
    assert_eq!(ben.history(&chat).await.len(), 1);
}

#[tokio::test]
async fn a_group_that_is_gone_is_unavailable_at_once() {
    let server = Server::options()
        .unlimited()
        .shape(Shape::Groups)
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "before").await;
    server.part(Group::Message).terminate();
    eventually("nobody reads any more", async || {
        anna.api.get(&format!("/chats/{chat}")).await.status == 503
    })
    .await;
    let began = Instant::now();
    anna.api.get("/chats").await.refused(503);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
    // The gateway hears by another way that the process goes.
    eventually("it is said", async || {
        let ready = server.root().get("/health/ready").await;
        ready.status == 503 && ready.body["dependencies"]["message"] == "unavailable"
    })
    .await;
    anna.api.get("/users/me").await.ok();
}

#[tokio::test]
async fn without_nats_every_request_to_another_process_is_unavailable() {
    let detour = Detour::to("NATS").await;
    let options = Server::options().unlimited().shape(Shape::Groups);
    let server = options.setting("NATS__URL", &detour.url()).start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    detour.close().await;
    eventually("nats is missed", async || {
        let ready = server.root().get("/health/ready").await;
        ready.body["dependencies"]["nats"] == "unavailable"
    })
    .await;
    let began = Instant::now();
    anna.api.get("/users/me").await.refused(503);
    let message = serde_json::json!({"type": "text", "content": "lost"});
    let path = format!("/chats/{chat}/messages");
    anna.api.post(&path, message).await.refused(503);
    let body = serde_json::json!({"phone": "+12025550101"});
    server
        .api()
        .post("/auth/request-otp", body)
        .await
        .refused(503);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());

    detour.open().await;
    // Each finds back to NATS in its own time; the gateway, that asks the others, is looked at last.
    for group in Group::ALL.into_iter().rev() {
        eventually("all is well again", async || {
            let part = server.part(group);
            let cluster = part.admin().get("/admin/cluster").await.ok();
            cluster["natsConnected"] == true && part.root().get("/health/ready").await.status == 200
        })
        .await;
    }
    anna.say(&chat, "after").await;
    assert_eq!(ben.history(&chat).await.len(), 1);
}

/// Two requests for each would be charged if the process with the sockets charged them again.
#[tokio::test]
async fn a_client_behind_a_gateway_has_his_own_budget_and_is_charged_once() {
    let options = Server::options().shape(Shape::Groups);
    let server = options
        .setting("HTTP__TRUSTED_PROXIES", "[\"127.0.0.1\"]")
        .setting("LIMITS__ADDRESS", "{capacity=6,refill=\"10m\"}")
        .start()
        .await;
    let upgrade = async |address: &str| {
        let request = Socket::request(&server.origin(), "", &[("x-forwarded-for", address)]);
        Socket::open_with(request).await.err().expect("refused")
    };
    for _ in 0..6 {
        assert_eq!(upgrade("203.0.113.7").await, 401);
    }
    assert_eq!(upgrade("203.0.113.7").await, 429);
    assert_eq!(upgrade("203.0.113.8").await, 401);
    // Who says himself whose request it is is not believed.
    let socket = server.part(Group::Websocket).origin();
    let forged = [
        ("x-troupe-client", "203.0.113.9 0 00"),
        ("x-request-id", "r"),
    ];
    let mut statuses = Vec::new();
    for _ in 0..8 {
        let request = Socket::request(&socket, "", &forged);
        statuses.push(Socket::open_with(request).await.err());
    }
    assert!(statuses.contains(&Some(429)), "{statuses:?}");
}
