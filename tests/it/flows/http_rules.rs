//! What holds for every request.

use reqwest::Method;
use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn a_request_id_is_taken_or_made_and_always_answered() {
    let server = Server::shared().await;
    let person = server.person().await;
    let long = "x".repeat(128);
    for good in ["abc", "A.b_c-9", &long] {
        let api = person.api.with_header("x-request-id", good);
        let answer = api.get("/users/me").await;
        assert_eq!(answer.header("x-request-id"), Some(good));
        let refusal = api.get("/users/none").await;
        assert_eq!(refusal.header("x-request-id"), Some(good));
        assert_eq!(refusal.refused(404)["requestId"], good);
    }
    let too_long = "x".repeat(129);
    for bad in ["", "a b", "a/b", "a\"b", &too_long] {
        let api = person.api.with_header("x-request-id", bad);
        let answer = api.get("/users/me").await;
        let made = answer.header("x-request-id").expect("made").to_owned();
        assert_ne!(made, bad);
        assert!(!made.is_empty());
    }
}

#[tokio::test]
async fn every_wrong_request_is_a_problem() {
    let server = Server::shared().await;
    let person = server.person().await;
    let api = &person.api;
    api.get("/nothing/here").await.refused(404);
    server.root().get("/nothing").await.refused(404);
    for (method, path) in [
        (Method::DELETE, "/chats"),
        (Method::PUT, "/messages"),
        (Method::GET, "/auth/logout"),
        (Method::POST, "/users/me"),
        (Method::PATCH, "/sync"),
    ] {
        let answer = api.call(method, path, None).await;
        assert!(answer.header("allow").is_some(), "{answer:?}");
        answer.refused(405);
    }
    let bytes = |text: &str| Some(text.as_bytes().to_vec());
    for (body, status) in [
        ("", 400),
        ("{", 400),
        ("not json", 400),
        ("{\"chatId\":}", 400),
        ("[]", 422),
        ("5", 422),
        ("null", 422),
        ("\"x\"", 422),
    ] {
        let answer = api
            .send(Method::POST, "/messages", bytes(body), "application/json")
            .await;
        assert_eq!(answer.status, status, "{body}: {answer:?}");
        answer.refused(status);
    }
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data",
    ] {
        api.send(Method::POST, "/messages", bytes("{}"), content_type)
            .await
            .refused(415);
    }
    api.send(
        Method::POST,
        "/sync",
        bytes("{\"chats\":{},\"me\":0}"),
        "application/json; charset=utf-8",
    )
    .await
    .ok();
}

/// Whatever is wrong before it ends; and a list is no object, whatever is in it.
#[tokio::test]
async fn what_is_no_json_is_400_and_what_is_no_object_422() {
    let server = Server::shared().await;
    let person = server.person().await;
    let api = &person.api;
    let before = api.get("/users/me").await.ok()["displayName"].clone();
    for (body, status) in [
        (&b"{\"displayName\":5"[..], 400),
        (b"{\"unknown\":1", 400),
        (b"{\"displayName\":5,}", 400),
        (b"{}{}", 400),
        (b"{\"displayName\":\"\xff\"}", 400),
        (b"[\"Anna\"]", 422),
        (b" []", 422),
        (b"[\"Anna\"", 400),
    ] {
        let answer = api
            .send(
                Method::PATCH,
                "/users/me",
                Some(body.to_vec()),
                "application/json",
            )
            .await;
        answer.refused(status);
    }
    assert_eq!(api.get("/users/me").await.ok()["displayName"], before);
}

#[tokio::test]
async fn without_a_good_token_everything_private_is_401() {
    let server = Server::shared().await;
    let person = server.person().await;
    let id = uuid::Uuid::now_v7();
    let paths = [
        "/users/me".to_owned(),
        "/chats".to_owned(),
        format!("/chats/{id}"),
        format!("/chats/{id}/messages"),
        format!("/messages/{id}"),
        format!("/users/{id}"),
        "/auth/sessions".to_owned(),
        "/users/devices".to_owned(),
    ];
    let flipped = format!("{}x", &person.access_token[..person.access_token.len() - 1]);
    let cut = person.access_token[..person.access_token.len() / 2].to_owned();
    let huge = "x".repeat(9_000);
    for path in &paths {
        server.api().get(path).await.refused(401);
        for token in ["", "x", "a.b.c", &flipped, &cut, &huge] {
            server.api().with_token(token).get(path).await.refused(401);
        }
    }
    let basic = server.api().with_header("authorization", "Basic YTpi");
    basic.get("/users/me").await.refused(401);
    let named = server.api().with_header("x-user-id", &person.id);
    named.get("/users/me").await.refused(401);
}

#[tokio::test]
async fn a_clients_own_user_id_is_stripped() {
    let server = Server::shared().await;
    let [person, other] = server.people().await;
    let api = person.api.with_header("x-user-id", &other.id);
    assert_eq!(api.get("/users/me").await.ok()["id"], person.id.as_str());
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    let server = Server::shared().await;
    let person = server.person().await;
    let body = |size: usize| {
        let frame = "{\"chats\":{},\"me\":0}";
        Some(format!("{frame}{}", " ".repeat(size - frame.len())).into_bytes())
    };
    let send = async |size| {
        person
            .api
            .send(Method::POST, "/sync", body(size), "application/json")
            .await
    };
    send(1 << 20).await.ok();
    send((1 << 20) + 1).await.refused(413);
    send(3 << 20).await.refused(413);
    let junk = json!({"displayName": "x".repeat(900_000)});
    person
        .api
        .patch("/users/me", junk)
        .await
        .refused_field("displayName");
}

#[tokio::test]
async fn headers_have_at_most_16_kilobytes() {
    let server = Server::shared().await;
    let person = server.person().await;
    let mut api = person.api.clone();
    for number in 0..5 {
        api = api.with_header(&format!("x-filler-{number}"), &"x".repeat(4_000));
    }
    api.get("/users/me").await.refused(431);
    let mut api = person.api.clone();
    for number in 0..3 {
        api = api.with_header(&format!("x-filler-{number}"), &"x".repeat(4_000));
    }
    api.get("/users/me").await.ok();
}

#[tokio::test]
async fn an_origin_on_the_list_may_ask_and_read_what_it_needs() {
    let origin = "https://app.example";
    let server = Server::options()
        .setting("HTTP__CORS__ORIGINS", "[\"https://app.example\"]")
        .start()
        .await;
    let from = |origin: &str| server.api().with_header("origin", origin);
    let listed = from(origin).get("/users/me").await;
    assert_eq!(listed.header("access-control-allow-origin"), Some(origin));
    let exposed = listed
        .header("access-control-expose-headers")
        .unwrap_or_default()
        .to_lowercase();
    for name in ["x-request-id", "retry-after", "etag"] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
    listed.refused(401);
    let preflight = from(origin)
        .with_header("access-control-request-method", "PATCH")
        .with_header(
            "access-control-request-headers",
            "authorization,content-type",
        )
        .call(Method::OPTIONS, "/users/me", None)
        .await;
    assert!(
        preflight.status == 200 || preflight.status == 204,
        "{preflight:?}"
    );
    let methods = preflight
        .header("access-control-allow-methods")
        .unwrap_or_default();
    assert!(methods.contains("PATCH"), "{preflight:?}");
    for foreign in ["https://evil.example", "null", "https://app.example.evil"] {
        let answer = from(foreign).get("/users/me").await;
        assert_eq!(
            answer.header("access-control-allow-origin"),
            None,
            "{foreign}"
        );
    }
    let person = server.person().await;
    let bearer = format!("Bearer {}", person.access_token);
    let request = crate::support::Socket::request(
        &server.origin(),
        "",
        &[("authorization", &bearer), ("origin", origin)],
    );
    assert!(crate::support::Socket::open_with(request).await.is_ok());
}

#[tokio::test]
async fn an_old_client_is_asked_to_upgrade() {
    let server = Server::options()
        .setting("CLIENTS__MINIMUM", "[\"android/2.4.0\"]")
        .start()
        .await;
    let person = server.person().await;
    let path = "/users/me";
    let client = |name: &str| person.api.with_header("x-client", name);
    client("android/2.3.9").get(path).await.refused(426);
    client("android/2.4.0").get(path).await.ok();
    client("android/10.0.0").get(path).await.ok();
    client("ios/1.0.0").get(path).await.ok();
    client("whatever").get(path).await.ok();
    let bearer = format!("Bearer {}", person.access_token);
    let request = crate::support::Socket::request(
        &server.origin(),
        "",
        &[("authorization", &bearer), ("x-client", "android/1.0.0")],
    );
    assert_eq!(
        crate::support::Socket::open_with(request).await.err(),
        Some(426)
    );
}
