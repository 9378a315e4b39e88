//! Budgets: refused with the time after which to come back.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::json;
use tokio_tungstenite::tungstenite::Message;

use crate::support::{Server, fresh_phone};

#[tokio::test]
async fn a_code_is_sent_again_only_after_a_while() {
    let server = Server::start().await;
    let phone = fresh_phone();
    let body = json!({"phone": phone});
    let asked = server
        .api()
        .post("/auth/request-otp", body.clone())
        .await
        .ok();
    assert_eq!(asked["expiresIn"], 300);
    assert_eq!(asked["resendAfter"], 30);
    let early = server.api().post("/auth/request-otp", body).await;
    let seconds: u64 = early
        .header("retry-after")
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    assert!((20..=30).contains(&seconds), "{early:?}");
    early.refused(429);
}

#[tokio::test]
async fn a_forged_address_is_the_same_address() {
    let server = Server::start().await;
    let mut refused = None;
    for turn in 0..400 {
        let forged = server
            .api()
            .with_header("x-forwarded-for", &format!("203.0.113.{}", turn % 250))
            .with_header("forwarded", &format!("for=198.51.100.{}", turn % 250))
            .with_header("x-real-ip", &format!("192.0.2.{}", turn % 250));
        let answer = forged
            .post("/auth/request-otp", json!({"phone": fresh_phone()}))
            .await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        answer.ok();
    }
    refused
        .expect("codes have a budget per address")
        .refused(429);
}

#[tokio::test]
async fn a_client_that_asks_too_much_is_told_to_wait() {
    let server = Server::start().await;
    let person = server.person().await;
    let mut refused = None;
    for _ in 0..100 {
        let answers = join_all((0..50).map(|_| person.api.get("/users/me"))).await;
        refused = answers.into_iter().find(|answer| answer.status == 429);
        if refused.is_some() {
            break;
        }
    }
    refused.expect("5,000 calls in a row").refused(429);
    server.root().get("/health/live").await.ok();
}

#[tokio::test]
async fn a_flooding_socket_is_closed_with_4429() {
    let server = Server::start().await;
    let person = server.person().await;
    let mut socket = person.socket().await;
    for _ in 0..5_000 {
        if !socket.try_send(Message::text("{\"type\":\"ping\"}")).await {
            break;
        }
    }
    assert_eq!(
        socket.closed_within(Duration::from_secs(30)).await,
        Some(4429)
    );
}

#[tokio::test]
async fn without_limits_nothing_waits() {
    let server = Server::shared().await;
    let phone = fresh_phone();
    for _ in 0..12 {
        server
            .api()
            .post("/auth/request-otp", json!({"phone": phone}))
            .await
            .ok();
    }
}

#[tokio::test]
async fn beyond_so_many_sockets_the_oldest_goes_with_4409() {
    let server = Server::options()
        .setting("WEBSOCKET__SOCKETS_PER_USER", "3")
        .start()
        .await;
    let person = server.person().await;
    let mut oldest = person.socket().await;
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(person.socket().await);
    }
    assert_eq!(oldest.closed().await, Some(4409));
    for socket in &mut others {
        socket.settle().await;
    }
}

#[tokio::test]
async fn fifty_guesses_at_once_are_five() {
    let server = Server::shared().await;
    let api = server.api();
    let phone = fresh_phone();
    let asked = api
        .post("/auth/request-otp", json!({"phone": phone}))
        .await
        .ok();
    let right: u32 = asked["devCode"]
        .as_str()
        .and_then(|code| code.parse().ok())
        .expect("a code");
    let guesses = (1..=50).map(|off| {
        let code = format!("{:06}", (right + off) % 1_000_000);
        api.post("/auth/verify-otp", json!({"phone": phone, "code": code}))
    });
    for answer in join_all(guesses).await {
        answer.refused(401);
    }
    let code = format!("{right:06}");
    api.post("/auth/verify-otp", json!({"phone": phone, "code": code}))
        .await
        .refused(401);
}
