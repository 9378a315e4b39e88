//! The ways to prove who is opening a socket.

use serde_json::json;

use crate::support::{Server, Socket};

async fn ticket(server: &Server) -> (String, String) {
    let person = server.person().await;
    let made = person.api.post_empty("/auth/ws-ticket").await.ok();
    assert_eq!(made["expiresIn"], 30);
    let ticket = made["ticket"].as_str().expect("a ticket").to_owned();
    (ticket, person.id)
}

#[tokio::test]
async fn a_ticket_opens_one_socket() {
    let server = Server::shared().await;
    let (ticket, id) = ticket(server).await;
    let query = format!("?ticket={ticket}");
    let open = || Socket::open_with(Socket::request(&server.origin(), &query, &[]));
    let (one, other) = tokio::join!(open(), open());
    let mut refused = 0;
    for outcome in [one, other] {
        match outcome {
            Ok(socket) => assert_eq!(socket.hello()["userId"], id.as_str()),
            Err(status) => {
                assert_eq!(status, 401);
                refused += 1;
            }
        }
    }
    assert_eq!(refused, 1, "single use");
    assert_eq!(open().await.err(), Some(401));
}

#[tokio::test]
async fn a_token_in_the_address_works_and_is_never_logged() {
    let server = Server::shared().await;
    let person = server.person().await;
    let query = format!("?token={}", person.access_token);
    let request = Socket::request(&server.origin(), &query, &[]);
    let mut socket = Socket::open_with(request).await.expect("open");
    assert_eq!(socket.hello()["userId"], person.id.as_str());
    socket.settle().await;
    socket.leave().await;
    let signature = person.access_token.rsplit('.').next().expect("a signature");
    assert!(!server.output().contains(signature), "a token was logged");
    let metrics = server.root().get("/metrics").await;
    assert!(!metrics.text.contains(signature), "a token in the metrics");
}

#[tokio::test]
async fn without_a_good_token_there_is_no_upgrade() {
    let server = Server::shared().await;
    for query in ["", "?token=", "?token=a.b.c", "?ticket=", "?ticket=none"] {
        let request = Socket::request(&server.origin(), query, &[]);
        assert_eq!(Socket::open_with(request).await.err(), Some(401), "{query}");
    }
}

#[tokio::test]
async fn hello_says_who_and_how() {
    let server = Server::shared().await;
    let person = server.person().await;
    let socket = person.socket().await;
    let hello = socket.hello();
    assert_eq!(hello["userId"], person.id.as_str());
    for field in [
        "connectionId",
        "sessionId",
        "serverTime",
        "tokenExpiresAt",
        "serverVersion",
    ] {
        assert!(hello[field].is_string(), "{field} of {hello}");
    }
    assert_eq!(hello["heartbeatSeconds"], 25);
    let limits = &hello["limits"];
    assert_eq!(limits["frameBytes"], 65_536);
    assert_eq!(limits["textChars"], 4096);
    assert_eq!(limits["groupMembers"], 256);
    assert!(limits["framesPerSecond"].as_u64().is_some(), "{limits}");
    assert!(limits["mediaBytes"].is_object(), "{limits}");
}

#[tokio::test]
async fn a_foreign_origin_is_forbidden_and_this_host_is_not() {
    let server = Server::shared().await;
    let person = server.person().await;
    let bearer = format!("Bearer {}", person.access_token);
    let with_origin = |origin: String| {
        let bearer = bearer.clone();
        async move {
            let headers = [("authorization", bearer.as_str()), ("origin", &origin)];
            Socket::open_with(Socket::request(&server.origin(), "", &headers))
                .await
                .err()
        }
    };
    assert_eq!(with_origin("https://evil.example".into()).await, Some(403));
    assert_eq!(with_origin("null".into()).await, Some(403));
    assert_eq!(with_origin(server.origin()).await, None);
}

#[tokio::test]
async fn a_token_renews_the_session_of_its_own_user_only() {
    let server = Server::shared().await;
    let [person, stranger] = server.people().await;
    let mut socket = person.socket().await;
    let renewed = server
        .api()
        .post(
            "/auth/refresh",
            json!({"refreshToken": person.refresh_token}),
        )
        .await
        .ok();
    let ack = socket
        .ask(json!({"type": "auth", "token": renewed["accessToken"]}))
        .await;
    assert_eq!(ack["type"], "ack", "{ack}");
    assert!(ack["tokenExpiresAt"].is_string(), "{ack}");
    for token in [stranger.access_token.as_str(), "a.b.c", ""] {
        let refusal = socket.ask(json!({"type": "auth", "token": token})).await;
        assert_eq!(refusal["type"], "error", "{refusal}");
    }
    socket.settle().await;
}
