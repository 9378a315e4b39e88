//! A phone that sleeps: pushes in place of frames.

use super::{ONE, OTHER, back, open_chat, until_said, until_seen, until_ticks, write};

#[tokio::test]
async fn a_sleeping_phone_shows_pushes_and_one_opens_its_chat() {
    let (_server, page) = open_chat().await;
    write(&page, ONE, "Are you awake?").await;
    until_ticks(&page, ONE, "read", 1).await;
    back(&page, OTHER).await;
    page.click(&format!("{OTHER} .bar-switch"), "").await;
    until_seen(&page, &format!("{OTHER} .night-quiet"), "Asleep").await;
    page.until("gone", &format!("{ONE} .bar-who .row-note"), |texts| {
        texts.iter().all(|text| text != "online")
    })
    .await;

    write(&page, ONE, "Good night then").await;
    until_seen(&page, &format!("{OTHER} .note"), "Good night then").await;
    until_ticks(&page, ONE, "delivered", 1).await;
    page.screenshot("push-1440x900").await;
    page.click(&format!("{OTHER} .note"), "Good night then")
        .await;
    until_said(&page, OTHER, &["Are you awake?", "Good night then"]).await;
    until_ticks(&page, ONE, "read", 2).await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}
