//! FCM refuses, is slow or is away: messages never notice, and what can be told later is.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::fcm::{Fcm, Refusal};
use crate::support::{Person, Server, eventually};

async fn start() -> (Server, Fcm) {
    let fcm = Fcm::start().await;
    let server = Server::options().unlimited().pushing(&fcm).start().await;
    (server, fcm)
}

async fn tokens(person: &Person) -> usize {
    person.api.get("/users/devices").await.items().len()
}

#[tokio::test]
async fn a_token_that_is_gone_goes_and_no_other() {
    let (server, fcm) = start().await;
    let [anna, ben] = server.people().await;
    for token in ["good", "gone", "bad", "foreign"] {
        ben.device(token).await;
    }
    fcm.refuse("gone", [Refusal::Unregistered]);
    fcm.refuse("bad", [Refusal::InvalidToken]);
    fcm.refuse("foreign", [Refusal::SenderMismatch]);
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "hello").await;
    fcm.until("good", 1).await;
    eventually("two of them go", async || tokens(&ben).await == 2).await;
    anna.say(&chat, "again").await;
    fcm.until("good", 2).await;
    fcm.until("foreign", 1).await;
    assert_eq!(tokens(&ben).await, 2);
    assert_eq!(fcm.calls("gone").len(), 1);
    assert_eq!(fcm.calls("bad").len(), 1);
    // Named anew it is a device like any other.
    ben.device("gone").await;
    anna.say(&chat, "once more").await;
    fcm.until("gone", 1).await;
}

#[tokio::test]
async fn waits_that_fcm_asks_for_are_kept() {
    let (server, fcm) = start().await;
    let [anna, ben] = server.people().await;
    ben.device("ben").await;
    let chat = anna.direct(&ben).await;
    for refusal in [
        Refusal::Quota { retry_after: 2 },
        Refusal::Unavailable { retry_after: 2 },
    ] {
        let before = fcm.calls("ben").len();
        fcm.refuse("ben", [refusal]);
        anna.say(&chat, "hello").await;
        eventually("it is tried again", async || {
            fcm.calls("ben").len() >= before + 2
        })
        .await;
        let calls = fcm.calls("ben");
        let (refused, taken) = (&calls[before], &calls[before + 1]);
        assert!(!refused.was_taken && taken.was_taken, "{calls:?}");
        let waited = taken.at - refused.at;
        assert!(waited >= Duration::from_millis(1950), "{waited:?}");
    }
    assert_eq!(tokens(&ben).await, 1);
}

#[tokio::test]
async fn failures_cost_no_message_and_no_token() {
    let (server, fcm) = start().await;
    let [anna, ben, cleo] = server.people().await;
    ben.device("ben").await;
    cleo.device("cleo").await;
    let group = anna.group("Ours", &[&ben, &cleo]).await;
    let mut socket = cleo.socket().await;
    // Longer than one call may take.
    let silence = Refusal::Silence(Duration::from_secs(15));
    fcm.refuse("ben", [Refusal::Internal, silence]);
    let began = Instant::now();
    let mut last = Value::Null;
    for number in 0..20 {
        last = anna.say(&group, &format!("text {number}")).await;
    }
    for _ in 0..20 {
        socket.expect_of("message.new", &group).await;
    }
    assert!(
        began.elapsed() < Duration::from_secs(15),
        "{:?}",
        began.elapsed()
    );
    // One push tells of what there is by then; what comes later is told by another.
    let told = |pushes: &[Value]| -> usize {
        let counts = pushes.iter().filter_map(|push| push["count"].as_str());
        counts.filter_map(|count| count.parse::<usize>().ok()).sum()
    };
    eventually("nothing is lost by failing", async || {
        told(&fcm.pushes("ben")) >= 20
    })
    .await;
    let pushes = fcm.pushes("ben");
    assert_eq!(told(&pushes), 20, "each is told once: {pushes:?}");
    let newest = pushes.last().expect("a push");
    assert_eq!(newest["messageId"], last["messageId"]);
    assert_eq!(tokens(&ben).await, 1);
    assert_eq!(ben.history(&group).await.len(), 20);
}

#[tokio::test]
async fn an_access_token_that_is_not_taken_is_renewed_once() {
    let (server, fcm) = start().await;
    let [anna, ben] = server.people().await;
    ben.device("ben").await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "hello").await;
    fcm.until("ben", 1).await;
    let issued = fcm.issued();
    fcm.forget_tokens();
    anna.say(&chat, "again").await;
    fcm.until("ben", 2).await;
    assert_eq!(fcm.issued(), issued + 1);
}

#[tokio::test]
async fn what_was_told_is_not_told_again_after_a_restart() {
    let fcm = Fcm::start().await;
    let options = || Server::options().unlimited().embedded().pushing(&fcm);
    let server = options().start().await;
    let [anna, ben] = server.people().await;
    ben.device("ben").await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "hello").await;
    fcm.until("ben", 1).await;
    let again = anna.say(&chat, "again").await;
    fcm.until("ben", 2).await;
    server.until_pushed(&again["messageId"]).await;
    // The stream is memory there: it is filled out of the outbox, with all that was told of.
    let data = server.kill();
    let server = options().data(data).start().await;
    let [dora] = server.people().await;
    dora.device("dora").await;
    let anna = Person {
        api: server.api().with_token(&anna.access_token),
        ..anna
    };
    let other = anna.direct(&dora).await;
    anna.say(&other, "hello").await;
    fcm.until("dora", 1).await;
    let pushes = fcm.pushes("ben");
    assert_eq!(pushes.len(), 2, "{pushes:?}");
}

#[tokio::test]
async fn the_doctor_tells_what_is_wrong_with_the_way_to_phones() {
    let fcm = Fcm::start().await;
    let doctor = async |settings: &[(&str, &str)]| {
        let folder = tempfile::tempdir().expect("a folder");
        let mut command = tokio::process::Command::new(env!("CARGO_BIN_EXE_troupe"));
        command
            .arg("doctor")
            .env("TROUPE__STORAGE__DATA_DIR", folder.path());
        command.env(
            "TROUPE__AUTH__OTP__WEBHOOK__URL",
            "https://sms.example.org/codes",
        );
        command.env("TROUPE__AUTH__OTP__WEBHOOK__SECRET", "sixteen characters");
        command.env("TROUPE__NOTIFICATION__SENDER", "fcm");
        command.env("TROUPE__NOTIFICATION__FCM__URL", fcm.url());
        command.env("TROUPE__NOTIFICATION__FCM__SERVICE_ACCOUNT", fcm.account());
        command.envs(settings.iter().copied());
        let output = command.output().await.expect("it runs");
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), said)
    };
    let (code, said) = doctor(&[]).await;
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("fine   push: "), "{said}");
    let missing = (
        "TROUPE__NOTIFICATION__FCM__SERVICE_ACCOUNT",
        "/nowhere.json",
    );
    let (code, said) = doctor(&[missing]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("/nowhere.json cannot be read"), "{said}");
    let closed = ("TROUPE__NOTIFICATION__FCM__URL", "http://127.0.0.1:9");
    let (code, said) = doctor(&[closed]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("cannot be reached"), "{said}");
    let wrong = format!("{}/nowhere", fcm.url());
    let (code, said) = doctor(&[("TROUPE__NOTIFICATION__FCM__TOKEN_URL", &wrong)]).await;
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("no access token"), "{said}");
}
