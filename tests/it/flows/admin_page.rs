//! The operator's page in a real browser: what it shows, what it does, and how it bears a server that goes.

use std::time::Duration;

use serde_json::json;

use crate::support::{Browser, Server, eventually};

const DESKTOP: (u32, u32) = (1280, 900);
const PHONE: (u32, u32) = (390, 844);

async fn open(server: &Server, (width, height): (u32, u32)) -> Browser {
    let page = Browser::start().await;
    page.resize(width, height, 1).await;
    page.open(&format!("{}/admin", server.admin_origin())).await;
    page.until("it is live", "#pulse", |texts| texts == ["Live"])
        .await;
    page
}

/// Nothing is wider than the window.
async fn assert_fits(page: &Browser) {
    let script =
        "const page = document.documentElement; return page.scrollWidth - page.clientWidth;";
    assert_eq!(page.run(script, json!([])).await, 0, "it scrolls sideways");
}

/// Opens a chat's actor, someone's sockets, a message's story, and what is not there.
async fn look_closer(page: &Browser, user: &str, message: &str) {
    page.click("#orders button", "Members").await;
    page.until("by members", "#chats .row", |rows| {
        rows[0].contains("group")
    })
    .await;
    page.click("#chats .row .link", "").await;
    page.until("its actor", "#detail .facts", |facts| {
        facts
            .iter()
            .any(|one| one.contains("active") || one.contains("Head seq"))
    })
    .await;
    page.screenshot("admin-actor").await;
    page.click("#detail-close", "").await;

    page.enter("#look input", user).await;
    page.click("#look button", "User").await;
    page.until("her socket", "#detail .entry", |lines| {
        lines.iter().any(|one| one.contains("foreground"))
    })
    .await;
    page.click("#detail-close", "").await;
    page.enter("#look input", message).await;
    page.click("#look button", "Message").await;
    page.until("its story", "#detail .entry", |lines| {
        lines.iter().any(|one| one.starts_with("sent"))
    })
    .await;
    page.screenshot("admin-story").await;
    page.click("#detail-close", "").await;
    page.enter("#look input", "nonsense").await;
    page.click("#look button", "Chat").await;
    page.until("none", "#detail .problem", |texts| {
        texts == ["There is no chat with this id."]
    })
    .await;
    page.click("#detail-close", "").await;
}

#[tokio::test]
async fn it_shows_what_goes_on() {
    let server = Server::options().unlimited().start().await;
    let [anna, ben, cleo] = server.people().await;
    let direct = anna.direct(&ben).await;
    let group = anna.group("Understudies", &[&ben, &cleo]).await;
    let _sockets = (anna.socket().await, ben.socket().await);
    for count in 0..30 {
        anna.say(&direct, &format!("nobody's business {count}"))
            .await;
    }
    let sent = ben.say(&group, "nor this").await;
    let page = open(&server, DESKTOP).await;
    page.until("hot chats", "#chats .row", |rows| {
        rows.len() == 2 && rows[0].contains("direct")
    })
    .await;
    page.until("totals", ".tile b", |tiles| {
        tiles.len() == 6 && tiles[3] == "2" && tiles[4] == "2"
    })
    .await;
    page.until("groups", "#nodes .group", |groups| {
        groups.iter().any(|one| one.contains("chat"))
    })
    .await;
    page.until("jobs", "#jobs .job b", |jobs| {
        jobs.iter().any(|one| one == "housekeeping")
    })
    .await;
    assert_fits(&page).await;
    page.screenshot("admin-desktop").await;

    look_closer(&page, &anna.id, sent["messageId"].as_str().expect("an id")).await;

    page.click("#jobs button", "Run housekeeping").await;
    page.until("it has run", "#jobs .job", |jobs| {
        jobs.iter()
            .any(|one| one.contains("housekeeping") && one.contains("ok"))
    })
    .await;
    let said = page
        .run("return document.body.innerText;", json!([]))
        .await
        .to_string();
    for secret in ["business", "nor this", "Understudies", &anna.phone] {
        assert!(!said.contains(secret), "{secret} is on the page");
    }
    // The one look-up of what is not there.
    let complaints = page.complaints().await;
    assert!(
        complaints.iter().all(|one| one.contains("404")),
        "{complaints:#?}"
    );
    page.close().await;
}

#[tokio::test]
async fn it_fits_a_phone() {
    let server = Server::options().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    anna.say(&chat, "small").await;
    let page = open(&server, PHONE).await;
    page.until("hot chats", "#chats .row", |rows| rows.len() == 1)
        .await;
    page.until("faults", "#faults .fault", |faults| faults.len() == 7)
        .await;
    assert_fits(&page).await;
    page.screenshot("admin-phone").await;
    let script = "document.getElementById(arguments[0]).scrollIntoView();";
    for part in ["look", "jobs", "faults"] {
        page.run(script, json!([part])).await;
        page.screenshot(&format!("admin-phone-{part}")).await;
    }
    page.click("#chats .row .link", "").await;
    page.until("its actor", "#detail .facts", |facts| !facts.is_empty())
        .await;
    assert_fits(&page).await;
    page.screenshot("admin-phone-actor").await;
    assert!(page.complaints().await.is_empty());
    page.close().await;
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let server = Server::options().embedded().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let page = open(&server, DESKTOP).await;
    let message = |id: &str| json!({"type": "text", "content": "x", "clientMessageId": id});
    page.click("#faults .switch", "The store refuses").await;
    page.until("it is on", "#faults .on .left", |left| {
        left.len() == 1 && left[0].contains("left")
    })
    .await;
    anna.post_message(&chat, message("1")).await.refused(503);
    page.run(
        "document.getElementById('faults').scrollIntoView();",
        json!([]),
    )
    .await;
    page.screenshot("admin-faults").await;
    page.click("#faults .on .switch", "The store refuses").await;
    page.until("it is off", "#faults .fault", |all| {
        all.iter().all(|one| !one.contains("left"))
    })
    .await;
    anna.post_message(&chat, message("1")).await.created();
    page.enter("#faults input[type=number]", "99999").await;
    page.click("#faults .switch", "The store is slow").await;
    page.until("why not", "#faults .problem", |said| {
        said.iter().any(|one| one.contains("delayMs"))
    })
    .await;
    page.click("#faults .steps button", "+1 h").await;
    page.until("the clock", "#faults .fault", |all| {
        all.iter().any(|one| one.contains("ahead"))
    })
    .await;
    page.close().await;
}

/// The process stands still, or goes on.
fn signal(server: &Server, signal: &str) {
    let sent = std::process::Command::new("sh")
        .args([
            "-c",
            "kill -\"$0\" \"$1\"",
            signal,
            &server.pid().to_string(),
        ])
        .status();
    assert!(sent.expect("kill runs").success());
}

#[tokio::test]
async fn it_says_that_the_server_is_away_and_goes_on_when_it_is_back() {
    let server = Server::options().embedded().start().await;
    let page = open(&server, DESKTOP).await;
    signal(&server, "STOP");
    page.until("it says so", "#lost", |said| {
        said.iter().any(|one| one.contains("not there"))
    })
    .await;
    page.until("away", "#pulse", |texts| texts == ["Away"])
        .await;
    page.screenshot("admin-away").await;
    signal(&server, "CONT");
    page.until("back", "#pulse", |texts| texts == ["Live"])
        .await;
    page.until("and says no more", "#lost", <[String]>::is_empty)
        .await;
    page.close().await;
}

#[tokio::test]
async fn it_asks_nothing_while_it_cannot_be_seen() {
    let server = Server::options().embedded().start().await;
    let page = open(&server, DESKTOP).await;
    let hide = "
        Object.defineProperty(document, 'hidden', {value: arguments[0], configurable: true});
        document.dispatchEvent(new Event('visibilitychange'));
        performance.clearResourceTimings();";
    page.run(hide, json!([true])).await;
    page.until("paused", "#pulse", |texts| texts == ["Paused"])
        .await;
    // A look that was under way may end; then there is none for longer than between two.
    let asked = "return performance.getEntriesByType('resource').length;";
    eventually("it asks nothing", async || {
        let before = page.run(asked, json!([])).await;
        tokio::time::sleep(Duration::from_millis(2500)).await;
        page.run(asked, json!([])).await == before
    })
    .await;
    page.run(hide, json!([false])).await;
    page.until("live again", "#pulse", |texts| texts == ["Live"])
        .await;
    page.close().await;
}
