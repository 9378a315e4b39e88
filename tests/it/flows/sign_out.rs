//! The end of a session: its tokens, its sockets, its place in the list.

use std::time::Duration;

use serde_json::json;

use crate::support::{Person, Server, eventually};

/// The contract gives sockets 2 s; the rest is the busy machine.
const SOCKETS: Duration = Duration::from_secs(4);

async fn dead(person: &Person) {
    person
        .api
        .without_header("authorization")
        .post(
            "/auth/refresh",
            json!({"refreshToken": person.refresh_token}),
        )
        .await
        .refused(401);
    eventually("the access token is refused", || async {
        person.api.get("/users/me").await.status == 401
    })
    .await;
}

#[tokio::test]
async fn logout_ends_this_session_and_no_other() {
    let server = Server::shared().await;
    let phone = server.person().await;
    let tablet = phone.on_another_device().await;
    let (mut here, mut there) = (phone.socket().await, tablet.socket().await);
    phone.api.post_empty("/auth/logout").await.no_content();
    assert_eq!(here.closed_within(SOCKETS).await, Some(4401));
    dead(&phone).await;
    there.settle().await;
    tablet.api.get("/users/me").await.ok();
}

#[tokio::test]
async fn logout_all_ends_every_session() {
    let server = Server::shared().await;
    let phone = server.person().await;
    let tablet = phone.on_another_device().await;
    let (mut here, mut there) = (phone.socket().await, tablet.socket().await);
    phone.api.post_empty("/auth/logout-all").await.no_content();
    assert_eq!(here.closed_within(SOCKETS).await, Some(4401));
    assert_eq!(there.closed_within(SOCKETS).await, Some(4401));
    dead(&phone).await;
    dead(&tablet).await;
}

#[tokio::test]
async fn sessions_are_listed_and_signed_out_from_afar() {
    let server = Server::shared().await;
    let phone = server.person().await;
    let tablet = phone.on_another_device().await;
    let stranger = server.person().await;
    let sessions = phone.api.get("/auth/sessions").await.items();
    assert_eq!(sessions.len(), 2, "{sessions:?}");
    for session in &sessions {
        for field in [
            "id",
            "deviceId",
            "deviceName",
            "platform",
            "createdAt",
            "lastUsedAt",
            "current",
        ] {
            assert!(session.get(field).is_some(), "{field} of {session}");
        }
    }
    let [other] = &sessions
        .iter()
        .filter(|session| session["current"] == false)
        .collect::<Vec<_>>()[..]
    else {
        panic!("one is current: {sessions:?}");
    };
    let path = format!("/auth/sessions/{}", other["id"].as_str().expect("an id"));
    stranger.api.delete(&path).await.refused(404);
    let mut socket = tablet.socket().await;
    phone.api.delete(&path).await.no_content();
    assert_eq!(socket.closed_within(SOCKETS).await, Some(4401));
    dead(&tablet).await;
    assert_eq!(phone.api.get("/auth/sessions").await.items().len(), 1);
}

#[tokio::test]
async fn a_signed_out_token_opens_no_socket() {
    let server = Server::shared().await;
    let person = server.person().await;
    person.api.post_empty("/auth/logout").await.no_content();
    eventually("the upgrade is refused", || async {
        let bearer = format!("Bearer {}", person.access_token);
        let request =
            crate::support::Socket::request(&server.origin(), "", &[("authorization", &bearer)]);
        crate::support::Socket::open_with(request).await.err() == Some(401)
    })
    .await;
}
