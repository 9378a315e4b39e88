//! The demo page in a real browser: two phones talk, one flies and lands; keys and words.

use serde_json::json;

use super::{ONE, OTHER, open_page, press, sign_in, take_stage, until_said, until_ticks, write};
use crate::support::{Browser, Server};

/// The same talk in the view of a single phone, at its size.
async fn fits_one_phone(page: &Browser, origin: &str, all: &[&str]) {
    page.resize(390, 844, 2).await;
    page.open(&format!("{}/?phone=1", origin)).await;
    page.until(
        "the list",
        &format!("{ONE} .chat-row .row-title"),
        |texts| texts == ["Orlando"],
    )
    .await;
    page.screenshot("chats-390x844").await;
    page.click(&format!("{ONE} .chat-row"), "Orlando").await;
    until_said(page, ONE, all).await;
    page.screenshot("chat-390x844").await;
    let script = "return document.documentElement.scrollWidth <= innerWidth;";
    assert_eq!(
        page.run(script, json!([])).await,
        true,
        "nothing sticks out"
    );
    assert_eq!(page.complaints().await, [""; 0]);
}

#[tokio::test]
async fn two_phones_talk_and_one_catches_up_after_its_flight() {
    let server = Server::start().await;
    let page = Browser::start().await;
    page.resize(1440, 900, 1).await;
    page.open(&server.origin()).await;
    page.screenshot("welcome-1440x900").await;
    for (phone, name) in [(ONE, "Rosalind"), (OTHER, "Orlando")] {
        // As the page suggests it.
        page.click(&format!("{phone} .picks .chip-strong"), "")
            .await;
        take_stage(&page, phone, name).await;
    }

    page.click(&format!("{ONE} .empty button"), "Say hello to Orlando")
        .await;
    page.until("online", &format!("{ONE} .bar-who .row-note"), |texts| {
        texts == ["online"]
    })
    .await;
    write(&page, ONE, "Good morrow").await;
    until_said(&page, ONE, &["Good morrow"]).await;
    until_ticks(&page, ONE, "delivered", 1).await;
    page.click(&format!("{OTHER} .chat-row"), "Rosalind").await;
    until_said(&page, OTHER, &["Good morrow"]).await;
    until_ticks(&page, ONE, "read", 1).await;
    write(&page, OTHER, "And to you").await;
    until_said(&page, ONE, &["Good morrow", "And to you"]).await;
    page.screenshot("talk-1440x900").await;

    let flight = format!("{OTHER} button.flight");
    page.click(&flight, "").await;
    write(&page, ONE, "Are you there?").await;
    write(&page, ONE, "Safe flight").await;
    write(&page, OTHER, "Written above the clouds").await;
    until_ticks(&page, ONE, "sent", 2).await;
    until_ticks(&page, OTHER, "waiting", 1).await;
    page.screenshot("flight-1440x900").await;
    page.click(&flight, "").await;
    let all = [
        "Good morrow",
        "And to you",
        "Are you there?",
        "Safe flight",
        "Written above the clouds",
    ];
    until_said(&page, OTHER, &all).await;
    until_said(&page, ONE, &all).await;
    until_ticks(&page, ONE, "read", 3).await;
    until_ticks(&page, OTHER, "read", 2).await;
    page.screenshot("landed-1440x900").await;
    assert_eq!(page.complaints().await, [""; 0]);

    fits_one_phone(&page, &server.origin(), &all).await;
    page.close().await;
}

async fn until_focused(page: &Browser, selector: &str) {
    let script = "return document.activeElement.matches(arguments[0]);";
    crate::support::eventually(&format!("the focus on {selector}"), || async {
        page.run(script, json!([selector])).await == true
    })
    .await;
}

#[tokio::test]
async fn escape_leads_back_to_where_a_screen_was_opened() {
    let (_, page) = open_page().await;
    sign_in(&page, ONE, "Rosalind").await;
    sign_in(&page, OTHER, "Orlando").await;
    page.click(&format!("{ONE} .empty button"), "Say hello to Orlando")
        .await;
    let field = format!("{ONE} .composer textarea");
    until_focused(&page, &field).await;
    for text in ["One", "Two"] {
        write(&page, ONE, text).await;
    }
    until_said(&page, ONE, &["One", "Two"]).await;

    let details = format!("{ONE} .chat .bar button[aria-label=Details]");
    let script = "const [el] = document.querySelectorAll(arguments[0]); el.focus(); el.click();";
    page.run(script, json!([details])).await;
    until_focused(&page, &format!("{ONE} .back")).await;
    press(&page, "Escape").await;
    until_focused(&page, &details).await;

    // Until it is there in the log, a message has another menu.
    let more = format!("{ONE} .message:last-child[data-seq] .more");
    page.until("it was sent", &more, |found| found.len() == 1)
        .await;
    page.run(script, json!([more])).await;
    // It is read while its menu is open, and so drawn anew.
    page.click(&format!("{OTHER} .chat-row"), "Rosalind").await;
    until_ticks(&page, ONE, "read", 2).await;
    page.click(&format!("{ONE} .sheet .action"), "Delete for me")
        .await;
    until_said(&page, ONE, &["One"]).await;
    until_focused(&page, &more).await;
    press(&page, "Escape").await;
    until_focused(&page, &format!("{ONE} .chat-row")).await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn whatever_people_write_is_shown_as_they_wrote_it() {
    let (_, page) = open_page().await;
    page.enter(&format!("{ONE} input[name=tel]"), "nonsense")
        .await;
    page.click(&format!("{ONE} .signin button.primary"), "Send me a code")
        .await;
    page.until("refused", &format!("{ONE} .problem"), |texts| {
        texts.iter().any(|text| text.starts_with("The number must"))
    })
    .await;

    let markup = "<img src=x onerror=document.title=1>";
    sign_in(&page, ONE, markup).await;
    sign_in(&page, OTHER, "مريم").await;
    page.click(&format!("{OTHER} .empty button"), markup).await;
    let texts = [markup, "سؤال: where?", "One\ntwo"];
    for text in texts {
        write(&page, OTHER, text).await;
    }
    until_said(&page, OTHER, &texts).await;
    page.click(&format!("{ONE} .chat-row"), "مريم").await;
    until_said(&page, ONE, &texts).await;
    let directions = "return [...document.querySelectorAll(arguments[0])]
        .map((el) => getComputedStyle(el).direction);";
    let bubbles = format!("{ONE} .message .bubble");
    assert_eq!(
        page.run(directions, json!([bubbles])).await,
        json!(["ltr", "rtl", "ltr"])
    );
    let pictures = "return document.querySelectorAll('.phone img[src=x]').length;";
    assert_eq!(page.run(pictures, json!([])).await, 0);
    page.close().await;
}
