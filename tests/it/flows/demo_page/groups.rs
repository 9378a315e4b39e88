//! A group: made, given a picture, and run by its admins.

use serde_json::json;

use super::{ONE, OTHER, back, open_chat, until_said, until_seen, write};
use crate::support::{Browser, eventually};

/// Makes a group of both, which both then look at.
async fn make_group(page: &Browser, name: &str) {
    back(page, ONE).await;
    page.click(&format!("{ONE} .round-strong"), "New chat")
        .await;
    page.click(&format!("{ONE} .row"), "New group").await;
    page.enter(&format!("{ONE} input[name=group]"), name).await;
    page.click(&format!("{ONE} [role=checkbox]"), "Orlando")
        .await;
    page.click(&format!("{ONE} .foot .primary"), "Create with 1")
        .await;
    back(page, OTHER).await;
    page.click(&format!("{OTHER} .chat-row"), name).await;
}

#[tokio::test]
async fn only_admins_write_where_an_admin_wants_it_so() {
    let (_server, page) = open_chat().await;
    make_group(&page, "Opening night").await;
    write(&page, ONE, "Places, please").await;
    until_said(&page, OTHER, &["Places, please"]).await;

    page.click(&format!("{ONE} .bar-who"), "").await;
    page.click(&format!("{ONE} .toggle"), "Admins only").await;
    let notice = format!("{OTHER} .composer .notice");
    until_seen(&page, &notice, "Only admins can write here").await;
    let member = format!("{ONE} [aria-label=Details] .row");
    page.click(&member, "Orlando").await;
    page.click(&format!("{ONE} .sheet .action"), "Make admin")
        .await;
    page.until("may write", &notice, <[String]>::is_empty).await;
    let tags = format!("{member} .tag");
    page.until("two admins", &tags, |texts| texts == ["admin", "admin"])
        .await;

    back(&page, ONE).await;
    write(&page, OTHER, "Enter, with a bear").await;
    until_said(&page, ONE, &["Places, please", "Enter, with a bear"]).await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_group_gets_a_picture_that_its_members_see() {
    let (_server, page) = open_chat().await;
    make_group(&page, "Opening night").await;
    page.click(&format!("{ONE} .bar-who"), "").await;
    page.click(&format!("{ONE} .face-change"), "").await;
    page.click(&format!("{ONE} .sheet .action"), "Choose a picture")
        .await;
    // What a person would choose in the dialog that a test cannot see.
    let script = "
        const input = document.querySelector('input[data-choosing]');
        if (!input) return false;
        const canvas = Object.assign(document.createElement('canvas'), {width: 300, height: 200});
        return new Promise((done) => canvas.toBlob((blob) => {
            const chosen = new DataTransfer();
            chosen.items.add(new File([blob], 'poster.png', {type: 'image/png'}));
            input.files = chosen.files;
            input.dispatchEvent(new Event('change'));
            done(true);
        }));";
    eventually("a picture is chosen", || async {
        page.run(script, json!([])).await == true
    })
    .await;
    let script = "return document.querySelector(arguments[0])?.naturalWidth ?? 0;";
    for phone in [ONE, OTHER] {
        let face = format!("{phone} .screen:not([inert]) .avatar img");
        eventually(&face, || async {
            page.run(script, json!([face])).await.as_u64() > Some(0)
        })
        .await;
    }
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}
