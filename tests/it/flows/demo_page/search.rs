//! Searching: what is far back is found and shown.

use serde_json::json;

use super::{ONE, OTHER, open_chat, until_said, until_seen, write};
use crate::support::Browser;

/// Sends lines by the API as the person on phone 1, so that what was written before is not loaded any more.
async fn write_many(page: &Browser, count: u32) {
    let script = "
        const {accessToken} = JSON.parse(localStorage.getItem('troupe.phone1.tokens'));
        const headers = {Authorization: `Bearer ${accessToken}`, 'Content-Type': 'application/json'};
        return (async () => {
            const {items: [chat]} = await (await fetch('/api/v1/chats', {headers})).json();
            for (let at = 0; at < arguments[0]; at += 1) {
                const body = JSON.stringify({chatId: chat.id, type: 'text', content: `Line ${at}`});
                const sent = await fetch('/api/v1/messages', {method: 'POST', headers, body});
                if (sent.status !== 201) return sent.status;
            }
            return 201;
        })();";
    let script = script.replace("arguments[0]", &count.to_string());
    assert_eq!(page.run(&script, json!([])).await, 201);
}

/// Asks until the words are found: what was just written is searched a moment later.
async fn ask(page: &Browser, phone: &str, words: &str, wanted: &str) {
    let field = format!("{phone} .find-bar input");
    let found = format!("{phone} .found-list .row");
    crate::support::eventually(&format!("{wanted} among {found}"), || async {
        page.enter(&field, words).await;
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        let texts = page.texts(&found).await;
        texts.iter().any(|text| text.contains(wanted))
    })
    .await;
}

#[tokio::test]
async fn a_message_far_back_is_found_and_jumped_to() {
    let (server, page) = open_chat().await;
    write(&page, ONE, "Crème brûlée at the Globe").await;
    until_said(&page, OTHER, &["Crème brûlée at the Globe"]).await;
    write_many(&page, 70).await;
    page.open(&server.origin()).await;

    page.click(&format!("{OTHER} .chat-row"), "Rosalind").await;
    until_seen(&page, &format!("{OTHER} .message .words"), "Line 69").await;
    page.click(&format!("{OTHER} .bar button[aria-label^=Search]"), "")
        .await;
    ask(&page, OTHER, "BRULEE", "Crème").await;
    page.click(&format!("{OTHER} .found-over .row"), "Crème")
        .await;
    until_seen(&page, &format!("{OTHER} .message.found"), "Crème").await;
    page.until("marked", &format!("{OTHER} .message mark"), |texts| {
        texts == ["brûlée"]
    })
    .await;
    until_seen(&page, &format!("{OTHER} .found-steps"), "1 of 1").await;
    page.screenshot("search-1440x900").await;

    page.click(&format!("{ONE} .find-open"), "").await;
    ask(&page, ONE, "globe", "Crème").await;
    page.click(&format!("{ONE} .found-list .row"), "Crème")
        .await;
    until_seen(&page, &format!("{ONE} .message.found mark"), "Globe").await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn what_is_not_there_is_said_in_words() {
    let (_server, page) = open_chat().await;
    page.click(&format!("{ONE} .bar button[aria-label^=Search]"), "")
        .await;
    page.enter(&format!("{ONE} .find-bar input"), "zebra").await;
    until_seen(
        &page,
        &format!("{ONE} .found-state"),
        "Nothing found for “zebra”",
    )
    .await;
    super::press(&page, "Escape").await;
    page.until(
        "the header",
        &format!("{ONE} .bar-who .row-title"),
        |texts| texts == ["Orlando"],
    )
    .await;
    page.close().await;
}
