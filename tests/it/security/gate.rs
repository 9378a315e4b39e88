//! Nobody learns anything of a private call before he has said who he is.

use reqwest::Method;
use serde_json::json;
use troupe::http::routes::{API, OPEN};

use crate::support::{Client, Server};

fn private() -> impl Iterator<Item = (Method, &'static str)> {
    API.iter().map(|(method, path)| {
        let method = method.to_ascii_uppercase();
        (
            Method::from_bytes(method.as_bytes()).expect("a method"),
            *path,
        )
    })
}

#[test]
fn these_alone_need_no_token() {
    let open: Vec<&str> = OPEN.iter().map(|(_, path)| *path).collect();
    assert_eq!(
        open,
        [
            "/auth/request-otp",
            "/auth/verify-otp",
            "/auth/refresh",
            "/openapi.json",
            "/asyncapi.json",
        ]
    );
}

/// Everything about a call that its other extractors would refuse.
async fn refused_before_it_is_read(api: &Client, method: &Method, path: &str) {
    let id = uuid::Uuid::now_v7().to_string();
    let bodies = [
        (None, "application/json"),
        (Some(""), "application/json"),
        (Some("{"), "application/json"),
        (Some("{\"no\":1}"), "application/json"),
        (Some("x"), "text/plain"),
    ];
    for place in ["nothing", id.as_str()] {
        let path = path.replace("{id}", place).replace("{userId}", place);
        let path = format!("{path}?limit=x&before=x&nothing=1");
        for (body, content_type) in bodies {
            let body = body.map(|body| body.as_bytes().to_vec());
            api.send(method.clone(), &path, body, content_type)
                .await
                .refused(401);
        }
    }
}

#[tokio::test]
async fn a_call_is_refused_before_anything_of_it_is_read() {
    let server = Server::shared().await;
    let person = server.person().await;
    let long_key = "k".repeat(65);
    for (number, (method, path)) in private().enumerate() {
        // Well formed, so that it has to be looked up, and new at every call.
        let forged = format!("{}.{number}", person.access_token);
        for api in [server.api(), server.api().with_token(&forged)] {
            let api = api.with_header("idempotency-key", &long_key);
            refused_before_it_is_read(&api, &method, path).await;
        }
    }
}

#[tokio::test]
async fn another_spelling_of_a_path_is_no_way_round() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    for path in [
        "/ch%61ts".to_owned(),
        format!("/%63hats/{chat}"),
        "/users/m%65".to_owned(),
        "/users/%61uth/refresh".to_owned(),
    ] {
        let answer = server.api().get(&path).await;
        assert!(matches!(answer.status, 401 | 404), "{answer:?}");
        let answer = anna.api.get(&path).await;
        assert!(matches!(answer.status, 200 | 404), "{answer:?}");
    }
}

#[tokio::test]
async fn what_is_not_there_needs_no_token() {
    let server = Server::shared().await;
    let person = server.person().await;
    for api in [server.api(), server.api().with_token("forged"), person.api] {
        for path in ["/nothing", "/chats/a/b/c", "/auth", "", "/users//me/x"] {
            api.get(path).await.refused(404);
        }
        api.call(Method::PUT, "/chats", None).await.refused(405);
        api.get("/openapi.json").await.ok();
        api.get("/asyncapi.json").await.ok();
        api.post("/auth/refresh", json!({"refreshToken": "x"}))
            .await
            .refused(401);
        api.post("/auth/request-otp", json!({"phone": "x"}))
            .await
            .refused_field("phone");
    }
}

#[tokio::test]
async fn a_call_costs_its_caller_one() {
    let server = Server::options()
        .setting("LIMITS__USER", "{capacity=8,refill=\"24h\"}")
        .start()
        .await;
    let person = server.person().await;
    for _ in 0..4 {
        person.api.get("/users/me").await.ok();
        person
            .api
            .patch("/users/me", json!({"no": 1}))
            .await
            .refused(422);
    }
    person.api.get("/users/me").await.refused(429);
    person.api.get("/nothing").await.refused(404);
    server.person().await.api.get("/users/me").await.ok();
}
