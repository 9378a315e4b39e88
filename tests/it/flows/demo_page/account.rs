//! The end of one's own account.

use super::{ONE, OTHER, back, open_chat, until_said, until_seen, write};
use crate::support::Browser;

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
