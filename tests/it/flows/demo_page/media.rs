//! Pictures and documents: pasted, shown, opened, held up and sent after all.

use serde_json::json;

use super::{ONE, OTHER, open_chat, press, until_seen};
use crate::support::media::fetch;
use crate::support::{Browser, eventually};

/// Pastes a file into a phone's composer. Of a picture, one is drawn with these sides.
async fn paste(page: &Browser, phone: &str, name: &str, kind: &str) {
    let script = "
        const [selector, name, type] = arguments;
        const drawn = async () => {
            const canvas = Object.assign(document.createElement('canvas'), {width: 800, height: 600});
            const context = canvas.getContext('2d');
            context.fillStyle = '#a71d3f';
            context.fillRect(100, 100, 600, 400);
            return new Promise((done) => canvas.toBlob(done, type));
        };
        return (async () => {
            const content = type === 'image/png' ? await drawn() : name === 'empty.txt' ? '' : 'Exit, pursued by a bear';
            const clipboardData = new DataTransfer();
            clipboardData.items.add(new File([content], name, {type}));
            const field = document.querySelector(selector);
            field.dispatchEvent(new ClipboardEvent('paste', {clipboardData, bubbles: true, cancelable: true}));
        })();";
    let field = format!("{phone} .composer textarea");
    page.run(script, json!([field, name, kind])).await;
}

/// How wide a picture is that has been loaded; 0 before that.
async fn until_loaded(page: &Browser, selector: &str, width: u64) {
    let script = "return document.querySelector(arguments[0])?.naturalWidth ?? 0;";
    eventually(&format!("{selector} of {width}"), || async {
        page.run(script, json!([selector])).await == width
    })
    .await;
}

#[tokio::test]
async fn a_picture_is_sent_and_opened() {
    let (_server, page) = open_chat().await;
    paste(&page, ONE, "stage.png", "image/png").await;
    until_loaded(&page, &format!("{ONE} .sheet .look"), 800).await;
    page.enter(&format!("{ONE} .sheet input[name=caption]"), "The stage")
        .await;
    page.click(&format!("{ONE} .sheet .primary"), "Send").await;

    until_seen(&page, &format!("{OTHER} .message .words"), "The stage").await;
    until_loaded(&page, &format!("{OTHER} .picture img"), 320).await;
    let script = "
        const {width, height} = document.querySelector(arguments[0]).getBoundingClientRect();
        return Math.round(100 * width / height);";
    let picture = format!("{OTHER} .picture");
    assert_eq!(page.run(script, json!([picture])).await, 133);

    page.click(&picture, "").await;
    until_loaded(&page, &format!("{OTHER} .lightbox img"), 800).await;
    page.screenshot("picture-1440x900").await;
    press(&page, "Escape").await;
    let script = "return document.querySelectorAll('.lightbox').length;";
    assert_eq!(page.run(script, json!([])).await, 0);
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_document_is_named_and_an_empty_file_refused() {
    let (_server, page) = open_chat().await;
    paste(&page, ONE, "empty.txt", "text/plain").await;
    until_seen(&page, &format!("{ONE} .toast"), "is empty").await;
    paste(&page, ONE, "The Winter's Tale.txt", "text/plain").await;
    page.click(&format!("{ONE} .sheet .primary"), "Send").await;
    let paper = format!("{OTHER} a.attachment");
    until_seen(&page, &paper, "The Winter's Tale.txt").await;
    // Where files have a server of their own, a page may link there but not read from it.
    let script = "return document.querySelector(arguments[0]).href;";
    let address = page.run(script, json!([paper])).await;
    let (_, _, words) = fetch(address.as_str().expect("an address")).await;
    assert_eq!(words, b"Exit, pursued by a bear");
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn what_could_not_go_up_in_flight_goes_after_the_landing() {
    let (_server, page) = open_chat().await;
    let flight = format!("{ONE} button.flight");
    page.click(&flight, "").await;
    paste(&page, ONE, "stage.png", "image/png").await;
    page.click(&format!("{ONE} .sheet .primary"), "Send").await;
    until_seen(&page, &format!("{ONE} .failure"), "Not sent yet").await;
    page.click(&flight, "").await;
    until_loaded(&page, &format!("{OTHER} .picture img"), 320).await;
    let script = "return document.querySelectorAll(arguments[0]).length;";
    let pictures = format!("{ONE} .message .picture");
    eventually("one bubble", || async {
        page.run(script, json!([pictures])).await == 1
    })
    .await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_place_is_drawn_and_degrees_that_do_not_exist_are_refused() {
    let (_server, page) = open_chat().await;
    page.click(&format!("{ONE} .attach"), "").await;
    page.click(&format!("{ONE} .sheet .action"), "Location")
        .await;
    let field = |name: &str| format!("{ONE} .sheet input[name={name}]");
    page.enter(&field("latitude"), "99").await;
    page.enter(&field("longitude"), "-0.0972").await;
    page.enter(&field("place"), "The Globe").await;
    page.click(&format!("{ONE} .sheet .primary"), "Send").await;
    until_seen(&page, &format!("{ONE} .sheet .problem"), "latitude").await;
    page.enter(&field("latitude"), "51.5081").await;
    page.click(&format!("{ONE} .sheet .primary"), "Send").await;
    until_seen(&page, &format!("{OTHER} a.place"), "The Globe").await;
    until_seen(&page, &format!("{OTHER} a.place"), "51.5081° N, 0.0972° W").await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}
