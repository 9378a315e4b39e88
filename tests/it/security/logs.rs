//! What people say and who they are stays out of logs and metrics.

use serde_json::json;

use crate::support::{Server, Socket};

#[tokio::test]
async fn logs_hold_no_content_no_token_and_no_number() {
    let server = Server::options()
        .setting("LOG__FILTER", "troupe=trace,info")
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = ben.socket().await;
    anna.api
        .patch(
            "/users/me",
            json!({"displayName": "Zanzibar", "statusText": "Quagga"}),
        )
        .await
        .ok();
    anna.say(&chat, "Xylophone").await;
    socket.say(&chat, "Yggdrasil").await;
    anna.post_message(
        &chat,
        json!({"type": "text", "content": 5, "payload": "Walrus"}),
    )
    .await
    .refused(422);
    anna.api
        .post("/users/contacts/sync", json!({"phones": [ben.phone]}))
        .await
        .ok();
    anna.api
        .post(
            "/users/devices",
            json!({"token": "Vuvuzela", "platform": "android"}),
        )
        .await
        .created();
    let renewed = server
        .api()
        .post("/auth/refresh", json!({"refreshToken": anna.refresh_token}))
        .await
        .ok();
    let ticket = ben.api.post_empty("/auth/ws-ticket").await.ok();
    let ticket = ticket["ticket"].as_str().expect("a ticket");
    let request = Socket::request(&server.origin(), &format!("?ticket={ticket}"), &[]);
    let _open = Socket::open_with(request).await.expect("open");
    let secrets = [
        "Zanzibar",
        "Quagga",
        "Xylophone",
        "Yggdrasil",
        "Walrus",
        "Vuvuzela",
        &anna.phone,
        &ben.phone,
        &anna.access_token,
        &anna.refresh_token,
        renewed["refreshToken"].as_str().expect("a token"),
        ticket,
    ];
    assert_hidden(&server, &secrets).await;
}

async fn assert_hidden(server: &Server, secrets: &[&str]) {
    let metrics = server.root().get("/metrics").await.text;
    let said = format!("{}{metrics}", server.output());
    assert!(
        said.contains("listening") || said.contains("ready"),
        "{said}"
    );
    for secret in secrets {
        assert!(!said.contains(secret), "{secret} in\n{said}");
    }
}
