//! The demo page in a real browser, one file per topic.

mod account;
mod chatting;
mod groups;
mod media;
mod messages;
mod push;
mod recorded;
mod search;

use serde_json::json;

use crate::support::{Browser, Server, fresh_phone};

const ONE: &str = "#phone-1";
const OTHER: &str = "#phone-2";

/// The page at a desktop's size, of the server that flows share.
async fn open_page() -> (&'static Server, Browser) {
    let server = Server::shared().await;
    let page = Browser::start().await;
    page.resize(1440, 900, 1).await;
    page.open(&server.origin()).await;
    (server, page)
}

/// With a number of one's own.
async fn sign_in(page: &Browser, phone: &str, name: &str) {
    page.enter(&format!("{phone} input[name=tel]"), &fresh_phone())
        .await;
    page.click(&format!("{phone} .signin button.primary"), "Send me a code")
        .await;
    take_stage(page, phone, name).await;
}

/// From the code to the list of chats.
async fn take_stage(page: &Browser, phone: &str, name: &str) {
    page.click(&format!("{phone} .chip-hint"), "").await;
    page.enter(&format!("{phone} input[name=name]"), name).await;
    page.click(&format!("{phone} .signin button.primary"), "Take the stage")
        .await;
    page.until("signed in", &format!("{phone} .chat-list h1"), |texts| {
        texts == ["Troupe"]
    })
    .await;
}

/// The words of all bubbles on a phone, oldest first.
async fn until_said(page: &Browser, phone: &str, wanted: &[&str]) {
    let selector = format!("{phone} .message:not([aria-hidden]) .words");
    page.until("said", &selector, |texts| texts == wanted).await;
}

async fn write(page: &Browser, phone: &str, text: &str) {
    page.enter(&format!("{phone} .composer textarea"), text)
        .await;
}

/// How many own messages on a phone stand at a tick.
async fn until_ticks(page: &Browser, phone: &str, tick: &str, count: u64) {
    let script = "return document.querySelectorAll(arguments[0]).length;";
    let selector = format!("{phone} .message.own .tick-{tick}");
    crate::support::eventually(&format!("{count} of {selector}"), || async {
        page.run(script, json!([selector])).await == count
    })
    .await;
}

/// The server, and the page with both phones signed in and their chat open on both.
async fn open_chat() -> (&'static Server, Browser) {
    let (server, page) = open_page().await;
    sign_in(&page, ONE, "Rosalind").await;
    sign_in(&page, OTHER, "Orlando").await;
    page.click(&format!("{ONE} .empty button"), "Say hello to Orlando")
        .await;
    page.click(&format!("{OTHER} .chat-row"), "Rosalind").await;
    for phone in [ONE, OTHER] {
        let composer = format!("{phone} .composer textarea");
        page.until("a chat to write in", &composer, |seen| seen.len() == 1)
            .await;
    }
    (server, page)
}

/// Opens the menu of the newest message on a phone, once that is sent, and does what one of its lines
/// says.
async fn choose(page: &Browser, phone: &str, action: &str) {
    page.click(&format!("{phone} .message:last-child[data-seq] .more"), "")
        .await;
    page.click(&format!("{phone} .sheet .action"), action).await;
}

/// Leaves the screen on top.
async fn back(page: &Browser, phone: &str) {
    page.click(&format!("{phone} .screen:not([inert]) .back"), "")
        .await;
}

/// Waits until a selector shows something with these words in it.
async fn until_seen(page: &Browser, selector: &str, words: &str) {
    page.until(words, selector, |texts| {
        texts.iter().any(|text| text.contains(words))
    })
    .await;
}

/// A key pressed wherever the focus is.
async fn press(page: &Browser, key: &str) {
    let script = "
        const made = {key: arguments[0], bubbles: true, cancelable: true};
        document.activeElement.dispatchEvent(new KeyboardEvent('keydown', made));";
    page.run(script, json!([key])).await;
}
