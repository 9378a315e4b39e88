//! What becomes of a medium when the message that named it is deleted for everyone.

use troupe::actors::chat::requests::{ChatCommand, DeleteMessage, SendAnswer, SendMessage};
use troupe::actors::media::requests::{MediaPeers, RemoveMedium};
use troupe::actors::media::sweep::sweep_orphans;
use troupe::actors::request::ask;
use troupe::clock::Clock;
use troupe::domain::media::{HELD_FOR, MediaKind, Medium};
use troupe::domain::message::draft;
use troupe::error::ErrorCode;
use troupe::id::{ChatId, MediaId, MessageId, UserId};

use super::stage::{Stage, media_peers};
use crate::support::eventually;

async fn picture(stage: &Stage, owner: UserId) -> MediaId {
    let (id, now) = (MediaId::new(), Clock::System.now());
    let medium = Medium {
        id,
        owner_id: owner,
        kind: MediaKind::Image,
        mime_type: "image/png".to_owned(),
        size_bytes: 1,
        file_name: None,
        width: Some(1),
        height: Some(1),
        duration_ms: None,
        has_thumbnail: false,
        created_at: now,
    };
    let media = &stage.stores.media;
    media.begin(id, owner, now).await.expect("begun");
    media.insert(medium, None).await.expect("made");
    id
}

async fn show(stage: &Stage, chat: ChatId, sender: UserId, medium: MediaId) -> MessageId {
    let payload = serde_json::value::to_raw_value(&serde_json::json!({ "mediaId": medium }));
    let draft = draft::parse("image", None, Some(&payload.expect("JSON")), None);
    let draft = draft.expect("a draft");
    let sent = stage.door.ask(chat, |reply| {
        ChatCommand::Send(SendMessage {
            sender,
            client_message_id: MediaId::new().to_string(),
            is_named: false,
            draft,
            forwarded: false,
            reply: SendAnswer::caller(reply),
        })
    });
    sent.await.expect("sent").message_id
}

async fn delete(stage: &Stage, chat: ChatId, actor: UserId, message_id: MessageId) {
    let delete = DeleteMessage { actor, message_id };
    let deleted = stage
        .door
        .ask(chat, |reply| ChatCommand::Delete(delete, reply));
    deleted.await.expect("deleted");
}

async fn is_there(stage: &Stage, id: MediaId) -> bool {
    let found = stage.stores.media.find(vec![id]).await;
    !found.expect("found").is_empty()
}

#[actix::test]
async fn a_medium_goes_with_the_last_message_that_names_it() {
    let stage = Stage::new().await;
    let (chat, [anna, _]) = stage.direct().await;
    let medium = picture(&stage, anna).await;
    let first = show(&stage, chat, anna, medium).await;
    let second = show(&stage, chat, anna, medium).await;
    stage.pass(HELD_FOR * 2).await;
    delete(&stage, chat, anna, first).await;
    stage.pass(HELD_FOR * 2).await;
    assert!(is_there(&stage, medium).await, "another message names it");
    delete(&stage, chat, anna, second).await;
    eventually("the medium goes at once", || async {
        !is_there(&stage, medium).await
    })
    .await;
}

#[actix::test]
async fn one_that_was_sent_a_moment_ago_goes_when_nobody_can_be_about_to_refer_to_it() {
    let stage = Stage::new().await;
    let (chat, [anna, _]) = stage.direct().await;
    let medium = picture(&stage, anna).await;
    let message = show(&stage, chat, anna, medium).await;
    delete(&stage, chat, anna, message).await;
    stage.settle().await;
    assert!(is_there(&stage, medium).await, "it is held");
    eventually("the medium goes", || async {
        stage.pass(HELD_FOR).await;
        !is_there(&stage, medium).await
    })
    .await;
}

async fn remove(peers: &MediaPeers, owner: UserId, id: MediaId) -> Result<(), ErrorCode> {
    let request = RemoveMedium { user: owner, id };
    let removed = ask(&peers.remove_medium, request).await;
    removed.map_err(|failure| failure.code())
}

#[actix::test]
async fn its_owner_removes_it_once_nothing_refers_to_it_however_lately_it_was_sent() {
    let stage = Stage::new().await;
    let peers = media_peers(&stage.stores);
    let (chat, [anna, ben]) = stage.direct().await;
    let medium = picture(&stage, anna).await;
    let message = show(&stage, chat, anna, medium).await;
    assert_eq!(remove(&peers, anna, medium).await, Err(ErrorCode::Conflict));
    delete(&stage, chat, anna, message).await;
    assert_eq!(remove(&peers, ben, medium).await, Err(ErrorCode::NotFound));
    for _ in 0..2 {
        assert_eq!(remove(&peers, anna, medium).await, Ok(()));
        assert!(!is_there(&stage, medium).await);
    }
    stage.settle().await;
    stage.pass(HELD_FOR * 2).await;
    assert_eq!(remove(&peers, anna, medium).await, Ok(()), "and later");
}

/// A send that was granted it before, and is written after its owner removed it.
#[actix::test]
async fn one_that_comes_to_be_needed_after_all_is_given_back() {
    let stage = Stage::new().await;
    let peers = media_peers(&stage.stores);
    let (chat, [anna, _]) = stage.direct().await;
    let medium = picture(&stage, anna).await;
    let message = show(&stage, chat, anna, medium).await;
    delete(&stage, chat, anna, message).await;
    assert_eq!(remove(&peers, anna, medium).await, Ok(()));
    stage
        .stores
        .media
        .restore(medium)
        .await
        .expect("given back");
    show(&stage, chat, anna, medium).await;
    let later = Clock::System.now() + HELD_FOR * 2;
    let withdrawn = stage.stores.media.withdraw(medium, later).await;
    assert!(
        withdrawn.expect("withdrawn"),
        "as it was when that was written"
    );
    eventually("it is there again", || async {
        stage.pass(HELD_FOR).await;
        is_there(&stage, medium).await
    })
    .await;
}

/// As a process leaves it that dies between taking it out of use and giving it back.
#[actix::test]
async fn one_that_was_left_out_of_use_is_given_back_while_it_is_needed() {
    let stage = Stage::new().await;
    let (chat, [anna, _]) = stage.direct().await;
    let (needed, forgotten) = (picture(&stage, anna).await, picture(&stage, anna).await);
    show(&stage, chat, anna, needed).await;
    let later = Clock::System.now() + HELD_FOR * 2;
    for id in [needed, forgotten] {
        let withdrawn = stage.stores.media.withdraw(id, later).await;
        assert!(withdrawn.expect("withdrawn"));
    }
    let swept = sweep_orphans(&stage.stores, later, HELD_FOR).await;
    assert_eq!(swept.expect("swept").removed, 1);
    assert!(is_there(&stage, needed).await);
    let left = stage.stores.media.list_older(later, None, 9).await;
    assert_eq!(left.expect("listed"), [needed]);
}
