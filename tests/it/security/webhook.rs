//! Codes on their way to an SMS provider.

use ring::hmac;
use serde_json::{Value, json};
use troupe::actors::auth::requests::RequestOtp;
use troupe::actors::request::ask;
use troupe::error::ErrorCode::Unavailable;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::accounts::{Accounts, LOCALHOST, PHONE, refused};

const SECRET: &str = "a secret of some length";

async fn accounts(provider: &MockServer) -> Accounts {
    Accounts::with(|settings| {
        settings
            .set("auth.otp.sender", "webhook")
            .set("auth.otp.reveal", false)
            .set("auth.otp.webhook.url", format!("{}/codes", provider.uri()))
            .set("auth.otp.webhook.secret", SECRET)
    })
    .await
}

async fn answers(provider: &MockServer, statuses: &[(u16, u64)]) {
    for (status, times) in statuses {
        Mock::given(method("POST"))
            .and(path("/codes"))
            .respond_with(ResponseTemplate::new(*status))
            .up_to_n_times(*times)
            .mount(provider)
            .await;
    }
}

#[actix::test]
async fn a_code_is_posted_signed_and_not_revealed() {
    let provider = MockServer::start().await;
    answers(&provider, &[(200, 1)]).await;
    let accounts = accounts(&provider).await;
    let request = RequestOtp {
        phone: PHONE.to_owned(),
        address: LOCALHOST,
        locale: Some("de-CH".to_owned()),
    };
    let sent = ask(&accounts.peers.request_otp, request)
        .await
        .expect("sent");
    assert_eq!(sent.dev_code, None);
    let received = provider.received_requests().await.expect("requests");
    let [post] = &received[..] else {
        panic!("one post: {received:?}");
    };
    let body: Value = post.body_json().expect("JSON");
    let code = body["code"].as_str().expect("a code").to_owned();
    assert_eq!(
        body,
        json!({"phone": PHONE, "code": code, "locale": "de-CH"})
    );
    let signature = post.headers["x-troupe-signature"].to_str().expect("text");
    let (time, tag) = signature.split_once(",v1=").expect("two parts");
    let time = time.strip_prefix("t=").expect("a time");
    let mut signed = format!("{time}.").into_bytes();
    signed.extend_from_slice(&post.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET.as_bytes());
    let tag = hex::decode(tag).expect("hex");
    hmac::verify(&key, &signed, &tag).expect("signed with the shared secret");
    assert!(accounts.verify(PHONE, &code, None).await.is_ok());
}

#[actix::test]
async fn a_provider_that_stumbles_is_asked_again() {
    let provider = MockServer::start().await;
    answers(&provider, &[(503, 2), (200, 1)]).await;
    let accounts = accounts(&provider).await;
    assert!(accounts.request(PHONE, LOCALHOST).await.is_ok());
    let received = provider.received_requests().await.expect("requests");
    assert_eq!(received.len(), 3);
    assert!(received.iter().all(|one| one.body == received[0].body));
}

#[actix::test]
async fn a_provider_that_refuses_is_an_honest_answer() {
    let provider = MockServer::start().await;
    // A redirection is not followed: nobody has the code then.
    answers(&provider, &[(400, 1), (302, 1)]).await;
    let accounts = accounts(&provider).await;
    for (phone, posts) in [(PHONE, 1), ("+12025550144", 2)] {
        refused(accounts.request(phone, LOCALHOST).await, Unavailable);
        let received = provider.received_requests().await.expect("requests");
        assert_eq!(received.len(), posts, "a refusal is not repeated");
    }
}

#[test]
fn settings_that_give_codes_away_are_refused() {
    let settings = || troupe::config::Loader::dev();
    let problems = |settings: troupe::config::Loader| {
        let error = settings.load().expect_err("refused");
        let names = error.0.into_iter().map(|problem| problem.setting);
        names.collect::<Vec<_>>()
    };
    let revealing = settings()
        .set("auth.otp.sender", "webhook")
        .set("auth.otp.webhook.url", "https://sms.example.org/codes")
        .set("auth.otp.webhook.secret", SECRET);
    assert_eq!(problems(revealing), ["auth.otp.reveal"]);
    let bare = settings()
        .set("auth.otp.sender", "webhook")
        .set("auth.otp.reveal", false);
    let bare = problems(bare);
    assert_eq!(bare, ["auth.otp.webhook.url", "auth.otp.webhook.secret"]);
    settings().load().expect("fine for dev");
    let served = troupe::config::Loader::production().set("auth.otp.sender", "log");
    assert_eq!(problems(served), ["auth.otp.sender"]);
}
