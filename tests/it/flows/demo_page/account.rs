//! One's own account: its beginning and its end.

use serde_json::json;

use super::{ONE, OTHER, back, open_chat, open_page, sign_in, until_said, until_seen, write};
use crate::support::{Browser, eventually};

/// Opens the screen of one's own data from an open chat.
async fn open_data(page: &Browser, phone: &str) {
    back(page, phone).await;
    page.click(&format!("{phone} .round.me"), "").await;
    page.click(&format!("{phone} .action"), "Your data").await;
}

#[tokio::test]
async fn an_account_is_deleted_and_takes_its_words_along() {
    let (_server, page) = open_chat().await;
    write(&page, OTHER, "Exit, pursued by a bear").await;
    until_said(&page, ONE, &["Exit, pursued by a bear"]).await;
    open_data(&page, OTHER).await;
    page.click(&format!("{OTHER} .action"), "Delete my account")
        .await;
    page.click(&format!("{OTHER} .sheet .action"), "Go on")
        .await;
    page.enter(&format!("{OTHER} .sheet input[name=confirm]"), "delete")
        .await;
    page.click(&format!("{OTHER} .sheet .primary"), "for good")
        .await;
    until_seen(&page, &format!("{OTHER} .signin h1"), "Step on stage").await;
    until_said(&page, ONE, &["This message was deleted"]).await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_copy_of_ones_data_is_put_together() {
    let (_server, page) = open_chat().await;
    open_data(&page, OTHER).await;
    page.click(&format!("{OTHER} .action"), "Prepare a copy")
        .await;
    until_seen(&page, &format!("{OTHER} .export"), "Download").await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

/// The page asks who signs in while he gives his name, and the answer may come after that.
#[tokio::test]
async fn a_name_is_not_taken_back_by_an_answer_from_before_it() {
    let (_server, page) = open_page().await;
    let hold = "
        const ask = window.fetch;
        window.fetch = async (...of) => {
            const answer = await ask(...of);
            if (of[0].endsWith('/users/me') && (of[1]?.method ?? 'GET') === 'GET' && !window.letGo) {
                await new Promise((go) => { window.letGo = go; });
            }
            return answer;
        };";
    page.run(hold, json!([])).await;
    sign_in(&page, ONE, "Rosalind").await;
    let is_held = "return Boolean(window.letGo);";
    eventually("the answer is held", async || {
        page.run(is_held, json!([])).await == true
    })
    .await;
    page.run("window.letGo();", json!([])).await;
    sign_in(&page, OTHER, "Orlando").await;
    page.click(&format!("{OTHER} .empty button"), "Say hello to Rosalind")
        .await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}
