//! Where pushes go.

use serde_json::json;

use crate::support::Server;

#[tokio::test]
async fn devices_are_added_listed_and_removed_under_both_paths() {
    let server = Server::shared().await;
    let [person, stranger] = server.people().await;
    for path in ["/users/devices", "/notifications/devices"] {
        let token = format!("token-{}", uuid::Uuid::now_v7());
        let made = person
            .api
            .post(path, json!({"token": token, "platform": "android"}))
            .await
            .created();
        assert_eq!(made["platform"], "android");
        assert!(made["createdAt"].is_string());
        assert!(!made.to_string().contains(&token), "a token is not told");
        let listed = person.api.get(path).await.items();
        assert_eq!(listed, std::slice::from_ref(&made));
        let own = format!("{path}/{}", made["id"].as_str().expect("an id"));
        stranger.api.delete(&own).await.refused(404);
        person.api.delete(&own).await.no_content();
        assert!(person.api.get(path).await.items().is_empty());
    }
}

#[tokio::test]
async fn a_bad_device_is_refused() {
    let server = Server::shared().await;
    let person = server.person().await;
    for (body, field) in [
        (json!({"platform": "ios"}), "token"),
        (json!({"token": "", "platform": "ios"}), "token"),
        (json!({"token": 5, "platform": "ios"}), "token"),
        (json!({"token": "t"}), "platform"),
        (json!({"token": "t", "platform": "symbian"}), "platform"),
        (
            json!({"token": "t", "platform": "ios", "userId": "me"}),
            "userId",
        ),
    ] {
        person
            .api
            .post("/users/devices", body)
            .await
            .refused_field(field);
    }
}

#[tokio::test]
async fn a_token_sent_by_another_account_moves() {
    let server = Server::shared().await;
    let [one, other] = server.people().await;
    let body = json!({"token": format!("token-{}", one.id), "platform": "web"});
    one.api.post("/users/devices", body.clone()).await.created();
    other.api.post("/users/devices", body).await.created();
    assert!(one.api.get("/users/devices").await.items().is_empty());
    assert_eq!(other.api.get("/users/devices").await.items().len(), 1);
}

#[tokio::test]
async fn a_token_goes_with_its_session() {
    let server = Server::shared().await;
    let phone = server.person().await;
    let tablet = phone.on_another_device().await;
    for (device, name) in [(&phone, "p"), (&tablet, "t")] {
        let token = format!("{name}-{}", phone.id);
        device
            .api
            .post("/users/devices", json!({"token": token, "platform": "ios"}))
            .await
            .created();
    }
    assert_eq!(phone.api.get("/users/devices").await.items().len(), 2);
    tablet.api.post_empty("/auth/logout").await.no_content();
    assert_eq!(phone.api.get("/users/devices").await.items().len(), 1);
}
