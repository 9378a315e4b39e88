//! What is done with single messages: reactions, stars, forwarding, disappearing.

use serde_json::json;

use super::{ONE, OTHER, back, choose, open_chat, until_said, until_seen, write};

#[tokio::test]
async fn a_reaction_is_seen_by_the_other_and_can_be_taken_back() {
    let (_server, page) = open_chat().await;
    write(&page, ONE, "All the world's a stage").await;
    until_said(&page, OTHER, &["All the world's a stage"]).await;

    let more = format!("{OTHER} .message:last-child .more");
    page.click(&more, "").await;
    page.click(&format!("{OTHER} .picks-bar .pick"), "❤️").await;
    let (mine, theirs) = (
        format!("{OTHER} .reaction.mine"),
        format!("{ONE} .reaction:not(.mine)"),
    );
    page.until("mine", &mine, |texts| texts == ["❤️"]).await;
    page.until("theirs", &theirs, |texts| texts == ["❤️"]).await;

    page.click(&format!("{ONE} .reaction"), "").await;
    page.click(&format!("{ONE} .picks-grid .pick"), "❤️").await;
    page.until("both", &mine, |texts| texts == ["❤️\n2"]).await;

    page.click(&mine, "").await;
    page.click(&format!("{OTHER} .sheet button.row"), "You")
        .await;
    page.until("taken back", &mine, |texts| texts.is_empty())
        .await;
    page.until("one is left", &format!("{ONE} .reaction.mine"), |texts| {
        texts == ["❤️"]
    })
    .await;

    let script = "
        const bubble = document.querySelector(arguments[0]);
        bubble.dispatchEvent(new MouseEvent('dblclick', {bubbles: true}));";
    page.run(script, json!([format!("{OTHER} .message .bubble")]))
        .await;
    page.click(&format!("{OTHER} .picks-grid .pick"), "🎭")
        .await;
    page.until("another", &mine, |texts| texts == ["🎭"]).await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_star_leads_back_to_its_message() {
    let (_server, page) = open_chat().await;
    for text in ["First", "Second"] {
        write(&page, ONE, text).await;
    }
    until_said(&page, ONE, &["First", "Second"]).await;
    choose(&page, ONE, "Star").await;
    let script = "return document.querySelectorAll(arguments[0]).length;";
    let stars = format!("{ONE} .message:last-child .is-star");
    crate::support::eventually("a star", || async {
        page.run(script, json!([stars])).await == 1
    })
    .await;

    back(&page, ONE).await;
    page.click(&format!("{ONE} .round.me"), "").await;
    page.click(&format!("{ONE} .action"), "Starred messages")
        .await;
    until_seen(&page, &format!("{ONE} .starred"), "Second").await;
    page.click(&format!("{ONE} .starred .row"), "Second").await;
    until_seen(&page, &format!("{ONE} .message.found .words"), "Second").await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn a_forwarded_message_says_so_and_nothing_of_where_it_is_from() {
    let (_server, page) = open_chat().await;
    write(&page, ONE, "Pass it on").await;
    until_said(&page, OTHER, &["Pass it on"]).await;
    choose(&page, OTHER, "Forward").await;
    page.click(&format!("{OTHER} .row[role=checkbox]"), "Rosalind")
        .await;
    page.click(&format!("{OTHER} .foot .primary"), "Forward to 1")
        .await;
    until_said(&page, ONE, &["Pass it on", "Pass it on"]).await;
    page.until("marked", &format!("{ONE} .forwarded"), |texts| {
        texts == ["Forwarded"]
    })
    .await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}

#[tokio::test]
async fn the_timer_is_told_to_both_and_shown_on_what_it_takes_away() {
    let (_server, page) = open_chat().await;
    write(&page, ONE, "Stays").await;
    until_said(&page, OTHER, &["Stays"]).await;
    page.click(&format!("{ONE} .bar button[aria-label=Details]"), "")
        .await;
    let script = "
        const select = [...document.querySelectorAll(arguments[0])]
            .find((one) => [...one.options].some((option) => option.value === '30'));
        if (!select) return false;
        select.value = '30';
        select.dispatchEvent(new Event('change'));
        return true;";
    let select = format!("{ONE} .screen:not([inert]) select");
    crate::support::eventually("the timer", || async {
        page.run(script, json!([select])).await == true
    })
    .await;
    let told = "Rosalind set messages to disappear after 30 seconds";
    until_seen(&page, &format!("{OTHER} .system-line"), told).await;
    back(&page, ONE).await;
    write(&page, ONE, "Goes").await;
    until_said(&page, OTHER, &["Stays", "Goes"]).await;
    page.until(
        "what is left",
        &format!("{OTHER} .left"),
        |texts| matches!(texts, [left] if left.ends_with(" s")),
    )
    .await;
    assert_eq!(page.complaints().await, [""; 0]);
    page.close().await;
}
