//! One-time codes under attack.

use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use troupe::error::ErrorCode::{Invalid, RateLimited, Unauthenticated};

use super::accounts::{Accounts, LOCALHOST, PHONE, pass, refused};

fn wrong(code: &str) -> String {
    let number: u32 = code.parse().expect("digits");
    format!("{:06}", (number + 1) % 1_000_000)
}

#[actix::test]
async fn fifty_guesses_at_once_are_five() {
    let accounts = Accounts::new().await;
    let code = accounts.code(PHONE).await;
    let guesses = (0..50).map(|place| {
        // The right one comes sixth.
        let guess = if place == 5 {
            code.clone()
        } else {
            wrong(&code)
        };
        let accounts = &accounts;
        async move { accounts.verify(PHONE, &guess, None).await.is_ok() }
    });
    let accepted = futures_util::future::join_all(guesses).await;
    assert!(!accepted.contains(&true));
    refused(accounts.verify(PHONE, &code, None).await, Unauthenticated);
}

#[actix::test]
async fn two_accepts_at_once_make_one_session() {
    let accounts = Accounts::new().await;
    let code = accounts.code(PHONE).await;
    let (one, other) = tokio::join!(
        accounts.verify(PHONE, &code, None),
        accounts.verify(PHONE, &code, None)
    );
    assert_ne!(one.is_ok(), other.is_ok());
    let user = one.or(other).expect("one").user.id;
    let sessions = &accounts.stores.sessions;
    let live = sessions.list(user, accounts.clock.now(), None, 10).await;
    assert_eq!(live.expect("sessions").len(), 1);
}

#[actix::test]
async fn a_code_ends_after_five_minutes() {
    let accounts = Accounts::new().await;
    let code = accounts.code(PHONE).await;
    pass(Duration::from_secs(5 * 60)).await;
    refused(accounts.verify(PHONE, &code, None).await, Unauthenticated);
    let code = accounts.code(PHONE).await;
    pass(Duration::from_secs(4 * 60 + 50)).await;
    assert!(accounts.verify(PHONE, &code, None).await.is_ok());
}

#[actix::test]
async fn the_next_code_has_to_wait() {
    let accounts = Accounts::new().await;
    let first = accounts.code(PHONE).await;
    let failure = refused(accounts.request(PHONE, LOCALHOST).await, RateLimited);
    let wait = failure.retry_delay().expect("how long");
    assert!(wait > Duration::from_secs(20) && wait <= Duration::from_secs(30));
    pass(wait).await;
    let second = accounts.code(PHONE).await;
    if first != second {
        refused(accounts.verify(PHONE, &first, None).await, Unauthenticated);
    }
    assert!(accounts.verify(PHONE, &second, None).await.is_ok());
}

#[actix::test]
async fn a_phone_has_five_codes_at_once() {
    let accounts = Accounts::new().await;
    for _ in 0..5 {
        accounts.code(PHONE).await;
        pass(Duration::from_secs(31)).await;
    }
    let failure = refused(accounts.request(PHONE, LOCALHOST).await, RateLimited);
    assert!(failure.retry_delay().expect("how long") > Duration::from_secs(60));
    accounts.code("+12025550124").await;
}

#[actix::test]
async fn a_phone_has_ten_codes_a_day() {
    let accounts = Accounts::new().await;
    let mut sent = 0;
    for _ in 0..20 {
        sent += u32::from(accounts.request(PHONE, LOCALHOST).await.is_ok());
        pass(Duration::from_secs(20 * 60)).await;
    }
    // Ten at once and what comes back in these 400 minutes.
    assert!((10..=13).contains(&sent), "{sent} codes");
}

#[actix::test]
async fn an_address_runs_out_of_phones() {
    let accounts = Accounts::new().await;
    let mut sent = 0;
    for number in 0..100 {
        let phone = format!("+1415{}01{number:02}", 200 + number);
        sent += u32::from(accounts.request(&phone, LOCALHOST).await.is_ok());
    }
    assert!((60..=62).contains(&sent), "{sent} phones from one address");
    let elsewhere = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 7));
    assert!(accounts.request(PHONE, elsewhere).await.is_ok());
}

#[actix::test]
async fn a_block_of_numbers_runs_out() {
    let accounts = Accounts::with(|settings| settings.set("auth.otp.prefix.capacity", 20)).await;
    let mut sent = 0;
    for number in 0..40 {
        let phone = format!("+120255501{number:02}");
        let address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, number));
        sent += u32::from(accounts.request(&phone, address).await.is_ok());
    }
    assert!((20..=21).contains(&sent), "{sent} numbers of one block");
}

#[actix::test]
async fn unlimited_lifts_waiting_and_budgets_but_not_guesses() {
    let accounts = Accounts::with(|settings| settings.set("limits.unlimited", true)).await;
    for _ in 0..50 {
        assert_eq!(
            accounts
                .request(PHONE, LOCALHOST)
                .await
                .expect("sent")
                .resend_after,
            0
        );
    }
    let code = accounts.code(PHONE).await;
    for _ in 0..5 {
        let guess = accounts.verify(PHONE, &wrong(&code), None).await;
        refused(guess, Unauthenticated);
    }
    refused(accounts.verify(PHONE, &code, None).await, Unauthenticated);
    let code = accounts.code(PHONE).await;
    assert!(accounts.verify(PHONE, &code, None).await.is_ok());
    refused(accounts.verify(PHONE, &code, None).await, Unauthenticated);
}

#[actix::test]
async fn what_is_no_number_is_named() {
    let accounts = Accounts::new().await;
    let long = "1".repeat(10_000);
    for phone in [
        "",
        "+",
        "+1111",
        "2025550123",
        &long,
        "+1 202 555 0123 ext 5",
    ] {
        let failure = refused(accounts.request(phone, LOCALHOST).await, Invalid);
        assert_eq!(failure.fields()[0].field, "phone");
        let failure = refused(accounts.verify(phone, "123456", None).await, Invalid);
        assert_eq!(failure.fields()[0].field, "phone");
    }
}

#[actix::test]
async fn known_and_unknown_numbers_answer_alike() {
    let accounts = Accounts::new().await;
    accounts.sign_in(PHONE, None).await;
    pass(Duration::from_secs(31)).await;
    let known = accounts.request(PHONE, LOCALHOST).await.expect("sent");
    let unknown = accounts.request("+12025550199", LOCALHOST).await;
    let unknown = unknown.expect("sent");
    assert_eq!(known.expires_in, unknown.expires_in);
    assert_eq!(known.resend_after, unknown.resend_after);
    let guess = |phone, code: Option<String>| {
        let code = wrong(&code.expect("a code"));
        let accounts = &accounts;
        async move { accounts.verify(phone, &code, None).await }
    };
    let known = refused(guess(PHONE, known.dev_code).await, Unauthenticated);
    let unknown = guess("+12025550199", unknown.dev_code).await;
    assert_eq!(known.message(), refused(unknown, Unauthenticated).message());
}
