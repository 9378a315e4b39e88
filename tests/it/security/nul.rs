//! U+0000, which some stores cannot hold: refused wherever it would be stored as a column's text.

use reqwest::Method;
use serde_json::json;

use crate::support::{Person, Server, fresh_phone};

#[tokio::test]
async fn no_stored_text_holds_nul() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let chat = format!("/chats/{group}");
    let nul = "a\u{0}b";
    let new = json!({"type": "group", "name": "Theirs", "participantIds": [ben.id]});
    let with = |field: &str| {
        let mut body = new.clone();
        body[field] = json!(nul);
        body
    };
    let device = json!({"token": "t", "platform": nul});
    let calls = [
        (
            Method::PATCH,
            "/users/me",
            json!({"displayName": nul}),
            "displayName",
        ),
        (
            Method::PATCH,
            "/users/me",
            json!({"statusText": nul}),
            "statusText",
        ),
        (Method::POST, "/chats", with("name"), "name"),
        (Method::POST, "/chats", with("description"), "description"),
        (Method::PATCH, &chat, json!({"name": nul}), "name"),
        (
            Method::PATCH,
            &chat,
            json!({"description": nul}),
            "description",
        ),
        (
            Method::POST,
            "/users/devices",
            json!({"token": nul, "platform": "web"}),
            "token",
        ),
        (Method::POST, "/users/devices", device, "platform"),
    ];
    for (method, path, body, field) in calls {
        let answer = anna.api.call(method, path, Some(body)).await;
        answer.refused_field(field);
    }
    assert_eq!(anna.chat(&group).await["name"], "Ours");
    signing_in(&server.person().await, nul).await;
}

async fn signing_in(person: &Person, nul: &str) {
    let api = person.api.without_header("authorization");
    let phone = fresh_phone();
    let asked = api.post("/auth/request-otp", json!({"phone": phone})).await;
    let code = asked.ok()["devCode"].clone();
    for field in ["deviceId", "deviceName", "platform"] {
        let body = json!({"phone": phone, "code": code, field: nul});
        api.post("/auth/verify-otp", body)
            .await
            .refused_field(field);
    }
    let body = json!({"refreshToken": person.refresh_token, "deviceId": nul});
    api.post("/auth/refresh", body)
        .await
        .refused_field("deviceId");
}

#[tokio::test]
async fn a_message_may_hold_nul() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let text = "before\u{0}after";
    let draft = json!({"type": "text", "content": text, "clientMessageId": "x\u{0}"});
    let sent = anna.post_message(&chat, draft.clone()).await.created();
    let again = anna.post_message(&chat, draft).await.ok();
    assert_eq!(again["messageId"], sent["messageId"]);
    let id = sent["messageId"].as_str().expect("an id");
    assert_eq!(ben.message(id).await["payload"]["content"], text);
}
