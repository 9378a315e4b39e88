//! Voice notes and films.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{ONE, OTHER, open_chat, until_seen};
use crate::support::eventually;
use crate::support::media::film;

#[tokio::test]
async fn a_voice_note_says_how_long_it_is() {
    let (_server, page) = open_chat().await;
    page.click(&format!("{ONE} .composer button"), "Record a voice note")
        .await;
    let clock = format!("{ONE} .record-time");
    page.until("a second", &clock, |texts| {
        texts.first().is_some_and(|text| text != "0:00")
    })
    .await;
    page.click(&format!("{ONE} .record .send"), "").await;
    until_seen(&page, &format!("{OTHER} .sound .play-time"), "0:0").await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_recording_that_is_discarded_goes_nowhere() {
    let (_server, page) = open_chat().await;
    page.click(&format!("{ONE} .composer button"), "Record a voice note")
        .await;
    page.click(&format!("{ONE} .record .round"), "Discard")
        .await;
    page.enter(&format!("{ONE} .composer textarea"), "Never mind")
        .await;
    until_seen(&page, &format!("{OTHER} .message .words"), "Never mind").await;
    assert!(page.texts(&format!("{OTHER} .sound")).await.is_empty());
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_film_is_shown_with_its_first_picture() {
    let (_server, page) = open_chat().await;
    let script = "
        const [selector, content] = arguments;
        const bytes = Uint8Array.from(atob(content), (c) => c.charCodeAt(0));
        const clipboardData = new DataTransfer();
        clipboardData.items.add(new File([bytes], 'bear.mp4', {type: 'video/mp4'}));
        const field = document.querySelector(selector);
        field.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));";
    let field = format!("{ONE} .composer textarea");
    let content = STANDARD.encode(film(false));
    page.run(script, json!([field, content])).await;
    page.click(&format!("{ONE} .sheet .primary"), "Send").await;
    let script = "
        const film = document.querySelector(arguments[0]);
        if (!film?.poster) return 0;
        const poster = new Image();
        poster.src = film.poster;
        return poster.decode().then(() => poster.naturalWidth, () => 0);";
    let shown = format!("{OTHER} video.film");
    eventually("its first picture", || async {
        page.run(script, json!([shown])).await.as_u64() > Some(0)
    })
    .await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}
