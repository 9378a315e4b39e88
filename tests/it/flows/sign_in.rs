//! Codes, tokens and their renewal.

use serde_json::{Value, json};

use crate::support::{Client, Server, fresh_phone};

async fn code_for(api: &Client, phone: &str) -> String {
    let asked = api
        .post("/auth/request-otp", json!({"phone": phone}))
        .await
        .ok();
    assert_eq!(asked["expiresIn"], 300);
    asked["devCode"].as_str().expect("a code").to_owned()
}

async fn sign_in(api: &Client, phone: &str, device: Option<&str>) -> Value {
    let code = code_for(api, phone).await;
    let mut body = json!({"phone": phone, "code": code});
    if let Some(device) = device {
        body["deviceId"] = json!(device);
        body["deviceName"] = json!("Pixel 8");
        body["platform"] = json!("android");
    }
    api.post("/auth/verify-otp", body).await.ok()
}

fn wrong(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

#[tokio::test]
async fn a_new_phone_becomes_a_new_user_and_later_the_same_one() {
    let server = Server::shared().await;
    let api = server.api();
    let phone = fresh_phone();
    let first = sign_in(&api, &phone, None).await;
    assert_eq!(first["isNewUser"], true);
    assert_eq!(first["tokenType"], "Bearer");
    assert_eq!(first["expiresIn"], 86_400);
    assert_eq!(first["user"]["phone"], phone.as_str());
    let token = first["accessToken"].as_str().expect("a token");
    let me = api.with_token(token).get("/users/me").await.ok();
    assert_eq!(me, first["user"], "`user` as GET /users/me");

    let again = sign_in(&api, &phone, None).await;
    assert_eq!(again["isNewUser"], false);
    assert_eq!(again["user"]["id"], first["user"]["id"]);
}

#[tokio::test]
async fn spellings_of_one_number_are_one_person() {
    let server = Server::shared().await;
    let api = server.api();
    let phone = fresh_phone();
    let first = sign_in(&api, &phone, None).await;
    let digits = &phone[2..];
    let spelled = format!("+1 ({}) {}-{}", &digits[..3], &digits[3..6], &digits[6..]);
    let second = sign_in(&api, &spelled, None).await;
    assert_eq!(first["user"]["id"], second["user"]["id"]);
}

#[tokio::test]
async fn a_wrong_code_is_refused_and_the_right_one_works_once() {
    let server = Server::shared().await;
    let api = server.api();
    let phone = fresh_phone();
    let code = code_for(&api, &phone).await;
    let guess = |code: String| {
        let api = api.clone();
        let body = json!({"phone": phone, "code": code});
        async move { api.post("/auth/verify-otp", body).await }
    };
    guess(wrong(&code)).await.refused(401);
    let (one, other) = tokio::join!(guess(code.clone()), guess(code.clone()));
    let mut statuses = [one.status, other.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 401], "two accepts of one code");
    guess(code).await.refused(401);
}

#[tokio::test]
async fn five_wrong_guesses_spend_the_right_code_too() {
    let server = Server::shared().await;
    let api = server.api();
    let phone = fresh_phone();
    let code = code_for(&api, &phone).await;
    for _ in 0..5 {
        api.post(
            "/auth/verify-otp",
            json!({"phone": phone, "code": wrong(&code)}),
        )
        .await
        .refused(401);
    }
    api.post("/auth/verify-otp", json!({"phone": phone, "code": code}))
        .await
        .refused(401);
    sign_in(&api, &phone, None).await;
}

#[tokio::test]
async fn another_phones_code_is_no_code() {
    let server = Server::shared().await;
    let api = server.api();
    let (mine, theirs) = (fresh_phone(), fresh_phone());
    let my_code = code_for(&api, &mine).await;
    let their_code = code_for(&api, &theirs).await;
    if my_code != their_code {
        api.post(
            "/auth/verify-otp",
            json!({"phone": mine, "code": their_code}),
        )
        .await
        .refused(401);
    }
}

#[tokio::test]
async fn a_refused_body_names_the_field() {
    let server = Server::shared().await;
    let api = server.api();
    let long = "1".repeat(10_000);
    for phone in [
        json!(14155550100_u64),
        json!({}),
        json!([]),
        json!(null),
        json!("+1111"),
        json!("hello"),
        json!(""),
        json!(long),
    ] {
        api.post("/auth/request-otp", json!({"phone": phone}))
            .await
            .refused_field("phone");
    }
    api.post("/auth/request-otp", json!({}))
        .await
        .refused_field("phone");
    let good = fresh_phone();
    for (body, field) in [
        (json!({"phone": good}), "code"),
        (json!({"phone": good, "code": 123_456}), "code"),
        (json!({"code": "123456"}), "phone"),
        (
            json!({"phone": good, "code": "123456", "admin": true}),
            "admin",
        ),
        (
            json!({"phone": good, "code": "123456", "deviceId": 5}),
            "deviceId",
        ),
    ] {
        api.post("/auth/verify-otp", body)
            .await
            .refused_field(field);
    }
    api.post("/auth/refresh", json!({}))
        .await
        .refused_field("refreshToken");
}

#[tokio::test]
async fn a_device_signing_in_again_replaces_its_session() {
    let server = Server::shared().await;
    let api = server.api();
    let phone = fresh_phone();
    let first = sign_in(&api, &phone, Some("phone-1")).await;
    let second = sign_in(&api, &phone, Some("phone-1")).await;
    let api_now = api.with_token(second["accessToken"].as_str().expect("a token"));
    let sessions = api_now.get("/auth/sessions").await.items();
    assert_eq!(sessions.len(), 1, "{sessions:?}");
    assert_eq!(sessions[0]["deviceId"], "phone-1");
    assert_eq!(sessions[0]["deviceName"], "Pixel 8");
    assert_eq!(sessions[0]["platform"], "android");
    assert_eq!(sessions[0]["current"], true);
    api.post(
        "/auth/refresh",
        json!({"refreshToken": first["refreshToken"]}),
    )
    .await
    .refused(401);
}

#[tokio::test]
async fn a_refresh_rotates_and_a_lost_answer_can_be_asked_for_again() {
    let server = Server::shared().await;
    let person = server.person().await;
    let api = server.api();
    let refresh = |token: Value| {
        let api = api.clone();
        async move {
            api.post("/auth/refresh", json!({"refreshToken": token}))
                .await
        }
    };
    let old = json!(person.refresh_token);
    let (one, other) = tokio::join!(refresh(old.clone()), refresh(old.clone()));
    let (one, other) = (one.ok(), other.ok());
    assert_ne!(one["refreshToken"], old);
    assert_eq!(one["tokenType"], "Bearer");
    assert_eq!(one["expiresIn"], 86_400);
    assert_eq!(
        one["refreshToken"], other["refreshToken"],
        "the same refresh twice, the same successor"
    );
    api.with_token(one["accessToken"].as_str().expect("a token"))
        .get("/users/me")
        .await
        .ok();
    let within_grace = refresh(old).await.ok();
    assert_eq!(within_grace["refreshToken"], one["refreshToken"]);
}

#[tokio::test]
async fn an_old_refresh_token_is_theft_and_ends_the_family() {
    let server = Server::shared().await;
    let person = server.person().await;
    let api = server.api();
    let mut socket = person.socket().await;
    let mut newest = json!(person.refresh_token);
    for _ in 0..2 {
        newest = api
            .post("/auth/refresh", json!({"refreshToken": newest}))
            .await
            .ok()["refreshToken"]
            .clone();
    }
    api.post(
        "/auth/refresh",
        json!({"refreshToken": person.refresh_token}),
    )
    .await
    .refused(401);
    api.post("/auth/refresh", json!({"refreshToken": newest}))
        .await
        .refused(401);
    assert_eq!(socket.closed().await, Some(4401));
}

#[tokio::test]
async fn a_refresh_belongs_to_its_device() {
    let server = Server::shared().await;
    let api = server.api();
    let tokens = sign_in(&api, &fresh_phone(), Some("mine")).await;
    api.post(
        "/auth/refresh",
        json!({"refreshToken": tokens["refreshToken"], "deviceId": "another"}),
    )
    .await
    .refused(401);
    for garbage in ["", "x", "a.b.c", &"r".repeat(5_000)] {
        let answer = api
            .post("/auth/refresh", json!({"refreshToken": garbage}))
            .await;
        assert!(
            answer.status == 401 || answer.status == 422,
            "{garbage}: {answer:?}"
        );
    }
}
