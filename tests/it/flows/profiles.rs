//! One's own profile, and other people's.

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn a_profile_changes_field_by_field() {
    let server = Server::shared().await;
    let person = server.person().await;
    let mut socket = person.socket().await;
    let before = person.api.get("/users/me").await.ok();
    for field in [
        "id",
        "phone",
        "displayName",
        "statusText",
        "avatarMediaId",
        "avatarUrl",
        "createdAt",
        "updatedAt",
    ] {
        assert!(before.get(field).is_some(), "{field} of {before}");
    }
    assert_eq!(before["phone"], person.phone.as_str());
    let named = person
        .api
        .patch("/users/me", json!({"displayName": "Zoë"}))
        .await
        .ok();
    assert_eq!(named["displayName"], "Zoë");
    assert_eq!(named["statusText"], before["statusText"]);
    let frame = socket.expect_type("me.updated").await;
    assert_eq!(frame["changes"]["user"]["displayName"], "Zoë");
    let stated = person
        .api
        .patch("/users/me", json!({"status_text": "at sea"}))
        .await
        .ok();
    assert_eq!(stated["displayName"], "Zoë");
    assert_eq!(stated["statusText"], "at sea");
    assert_eq!(person.api.get("/users/me").await.ok(), stated);
    let later = socket.expect_type("me.updated").await;
    assert_eq!(
        later["rev"].as_u64(),
        frame["rev"].as_u64().map(|rev| rev + 1)
    );
}

#[tokio::test]
async fn profile_fields_have_limits() {
    let server = Server::shared().await;
    let person = server.person().await;
    for (body, field) in [
        (json!({"displayName": "x".repeat(101)}), "displayName"),
        (json!({"displayName": 5}), "displayName"),
        (json!({"statusText": "x".repeat(501)}), "statusText"),
        (
            json!({"avatarMediaId": "https://example.com/me.png"}),
            "avatarMediaId",
        ),
        (json!({"phone": "+14155550100"}), "phone"),
        (json!({"id": person.id}), "id"),
        (
            json!({"createdAt": "2026-01-01T00:00:00.000Z"}),
            "createdAt",
        ),
    ] {
        person
            .api
            .patch("/users/me", body)
            .await
            .refused_field(field);
    }
    let unknown = uuid::Uuid::now_v7().to_string();
    person
        .api
        .patch("/users/me", json!({"avatarMediaId": unknown}))
        .await
        .refused(404);
    person
        .api
        .patch(
            "/users/me",
            json!({"displayName": "é".repeat(100), "statusText": "é".repeat(500)}),
        )
        .await
        .ok();
}

#[tokio::test]
async fn a_profile_that_has_not_changed_is_not_sent_again() {
    let server = Server::shared().await;
    let [person, other] = server.people().await;
    for path in ["/users/me".to_owned(), format!("/users/{}", other.id)] {
        let first = person.api.get(&path).await;
        let etag = first.header("etag").expect("an ETag").to_owned();
        let known = person.api.with_header("if-none-match", &etag);
        assert_eq!(known.get(&path).await.status, 304, "{path}");
    }
    let path = format!("/users/{}", other.id);
    let etag = person.api.get(&path).await;
    let etag = etag.header("etag").expect("an ETag").to_owned();
    other
        .api
        .patch("/users/me", json!({"displayName": "Changed"}))
        .await
        .ok();
    let now = person
        .api
        .with_header("if-none-match", &etag)
        .get(&path)
        .await;
    assert_eq!(now.ok()["displayName"], "Changed");
}

#[tokio::test]
async fn anyone_signed_in_may_look_up_anyone() {
    let server = Server::shared().await;
    let [person, other] = server.people().await;
    let seen = person.api.get(&format!("/users/{}", other.id)).await.ok();
    assert_eq!(seen["id"], other.id.as_str());
    assert!(seen.get("displayName").is_some());
    let unknown = uuid::Uuid::now_v7();
    person
        .api
        .get(&format!("/users/{unknown}"))
        .await
        .refused(404);
    person.api.get("/users/not-an-id").await.refused(404);
    server
        .api()
        .get(&format!("/users/{}", other.id))
        .await
        .refused(401);
}
