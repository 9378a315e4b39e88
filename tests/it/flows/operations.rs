//! What operators and documents see.

use reqwest::Method;
use serde_json::json;

use crate::support::Server;

const ROUTES: &[&str] = &[
    "/auth/request-otp",
    "/auth/verify-otp",
    "/auth/refresh",
    "/auth/logout",
    "/auth/logout-all",
    "/auth/sessions",
    "/auth/sessions/{id}",
    "/auth/ws-ticket",
    "/users/me",
    "/users/{id}",
    "/users/{id}/presence",
    "/users/contacts",
    "/users/contacts/sync",
    "/users/blocked",
    "/users/me/privacy",
    "/users/devices",
    "/users/devices/{id}",
    "/chats",
    "/chats/{id}",
    "/chats/{id}/participants",
    "/chats/{id}/leave",
    "/chats/{id}/mute",
    "/chats/{id}/pin",
    "/chats/{id}/auto-delete",
    "/chats/{id}/messages",
    "/chats/{id}/digest",
    "/messages",
    "/messages/{id}",
    "/messages/status",
    "/messages/read",
    "/messages/{id}/receipts",
    "/sync",
];

const FRAMES: &[&str] = &[
    "message.send",
    "message.ack",
    "message.read",
    "typing.start",
    "presence.subscribe",
    "client.state",
    "hello",
    "message.new",
    "message.updated",
    "message.deleted",
    "message.status",
    "chat.created",
    "chat.rev",
    "chat.updated",
    "group.member.added",
    "group.member.removed",
    "me.updated",
    "sync.chat",
    "sync.done",
    "presence.updated",
    "heads",
    "goaway",
];

#[tokio::test]
async fn health_says_how_things_are() {
    let server = Server::shared().await;
    let root = server.root();
    for path in ["/health", "/health/live", "/health/ready"] {
        let health = root.get(path).await.ok();
        assert!(health["status"].is_string(), "{path}: {health}");
    }
}

#[tokio::test]
async fn metrics_are_counted_by_route_pattern() {
    let server = Server::shared().await;
    let person = server.person().await;
    let chat = uuid::Uuid::now_v7();
    person.api.get(&format!("/chats/{chat}")).await.refused(404);
    let metrics = server.root().get("/metrics").await;
    assert_eq!(metrics.status, 200);
    let kind = metrics.header("content-type").unwrap_or_default();
    assert!(kind.starts_with("text/plain"), "{kind}");
    assert!(metrics.text.contains("# TYPE"), "{}", metrics.text);
    assert!(
        !metrics.text.contains(&chat.to_string()),
        "labels from the pattern"
    );
}

#[tokio::test]
async fn the_documents_describe_every_route() {
    let server = Server::shared().await;
    let openapi = server.api().get("/openapi.json").await.ok();
    assert!(
        openapi["openapi"]
            .as_str()
            .is_some_and(|version| version.starts_with("3.")),
        "{openapi}"
    );
    let paths = openapi["paths"].as_object().expect("paths");
    for &path in ROUTES {
        let there = paths
            .keys()
            .any(|key| key.strip_prefix("/api/v1").unwrap_or(key) == path);
        assert!(there, "{path} is not described");
    }
    let asyncapi = server.api().get("/asyncapi.json").await.ok();
    assert!(asyncapi["asyncapi"].is_string(), "{asyncapi}");
    let text = asyncapi.to_string();
    for frame in FRAMES {
        assert!(
            text.contains(&format!("\"{frame}\"")),
            "{frame} is not described"
        );
    }
}

#[tokio::test]
async fn keys_are_published_without_their_secrets() {
    let server = Server::shared().await;
    let keys = server.root().get("/.well-known/jwks.json").await;
    assert_eq!(keys.status, 200);
    let keys = keys.body["keys"].as_array().expect("keys").clone();
    assert!(!keys.is_empty());
    for key in &keys {
        assert_eq!(key["kty"], "EC");
        assert_eq!(key["crv"], "P-256");
        assert_eq!(key["alg"], "ES256");
        assert!(key["kid"].is_string(), "{key}");
        assert!(key.get("d").is_none(), "the private half: {key}");
    }
}

#[tokio::test]
async fn pages_are_served() {
    let server = Server::shared().await;
    for path in [
        "/",
        "/docs",
        "/docs/frames",
        "/docs/rest",
        "/docs/rest/index.html",
    ] {
        let mut page = server.root().get(path).await;
        if let Some(target) = page.header("location").map(str::to_owned) {
            page = server.root().get(&target).await;
        }
        assert_eq!(page.status, 200, "{path}: {page:?}");
        let kind = page.header("content-type").unwrap_or_default();
        assert!(kind.starts_with("text/html"), "{path}: {kind}");
        assert!(page.text.contains("<html"), "{path}");
    }
}

#[tokio::test]
async fn test_people_are_new_at_each_call_and_found_by_their_numbers() {
    let server = Server::shared().await;
    let (some, more) = (server.crowd(3).await, server.crowd(3).await);
    let mut ids: Vec<&str> = some
        .iter()
        .chain(&more)
        .map(|person| person.id.as_str())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 6);
    let phones: Vec<&str> = more.iter().map(|person| person.phone.as_str()).collect();
    assert!(
        phones.iter().all(|phone| !phone.starts_with("+1202555")),
        "{phones:?}"
    );
    let found = some[0]
        .api
        .post("/users/contacts/sync", json!({"phones": phones}))
        .await
        .ok();
    assert_eq!(
        found["contacts"].as_array().map(Vec::len),
        Some(3),
        "{found}"
    );
    for count in [json!(20_001), json!(-1), json!("3")] {
        server
            .admin()
            .post("/admin/test-users", json!({"count": count}))
            .await
            .refused(422);
    }
    server
        .root()
        .post("/admin/test-users", json!({"count": 1}))
        .await
        .refused(404);
}

#[tokio::test]
async fn actors_are_counted_by_kind() {
    let server = Server::options().embedded().unlimited().start().await;
    let count = async |kind: &str| {
        let actors = server.admin().get("/admin/actors").await.items();
        let of_kind = actors.iter().find(|one| one["kind"] == kind);
        of_kind.expect(kind)["active"].as_u64().expect("a number")
    };
    for group in ["auth", "user", "chat", "message", "media", "notification"] {
        assert_eq!(count(group).await, 1, "{group}");
    }
    for kind in ["chat actor", "session", "connection"] {
        assert_eq!(count(kind).await, 0, "{kind}");
    }
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "hello").await;
    let (_one, _other) = (anna.socket().await, anna.socket().await);
    assert_eq!(count("chat actor").await, 1);
    assert_eq!(count("session").await, 1, "one person");
    assert_eq!(count("connection").await, 2);
    let metrics = server.root().get("/metrics").await.text;
    let shown = "troupe_actors{kind=\"chat\"} 1";
    assert!(metrics.contains(shown), "{metrics}");
    server.root().get("/admin/actors").await.refused(404);
}

#[tokio::test]
async fn the_operators_page_and_its_files_are_served() {
    let server = Server::shared().await;
    for (path, kind) in [
        ("/admin", "text/html"),
        ("/admin/page/main.js", "text/javascript"),
        ("/admin/page/style.css", "text/css"),
        ("/admin/page/icon.svg", "image/svg+xml"),
    ] {
        let file = server.admin().get(path).await;
        assert_eq!(file.status, 200, "{path}");
        let said = file.header("content-type").unwrap_or_default();
        assert!(said.starts_with(kind), "{path}: {said}");
        let policy = file.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'self'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
    }
    server.root().get("/admin").await.refused(404);
}

#[tokio::test]
async fn the_admin_listener_refuses_as_the_public_one_does() {
    let server = Server::shared().await;
    let admin = server.admin();
    for path in [
        "/",
        "/admin/nothing",
        "/admin/page/nothing.js",
        "/api/v1/chats",
        "/metrics/x",
    ] {
        admin.get(path).await.refused(404);
    }
    for (method, path, allowed) in [
        (Method::GET, "/admin/test-users", "POST"),
        (Method::DELETE, "/admin/test-users", "POST"),
        (Method::POST, "/admin/actors", "GET"),
        (Method::POST, "/health", "GET"),
        (Method::PUT, "/health/ready", "GET"),
        (Method::POST, "/metrics", "GET"),
    ] {
        let answer = admin.call(method, path, None).await;
        assert_eq!(answer.header("allow"), Some(allowed), "{answer:?}");
        answer.refused(405);
    }
}
