//! The sweep of disappearing messages, between a chat's sends.

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::value::RawValue;
use troupe::actors::chat::requests::{ChatCommand, SetTimer};
use troupe::actors::message::disappearing::{Releases, Swept, sweep_disappearing};
use troupe::clock::Clock;
use troupe::domain::message::{Message, MessageKind};
use troupe::id::{ChatId, MediaId, UserId};
use troupe::storage::StoreResult;
use troupe::storage::messages::{Append, Change, Entry};

use super::reading::{history, peers};
use super::stage::Stage;

#[derive(Default)]
struct Account(Mutex<Vec<MediaId>>);

#[async_trait]
impl Releases for Account {
    async fn release(&self, released: Vec<MediaId>) -> StoreResult<()> {
        self.0.lock().expect("not poisoned").extend(released);
        Ok(())
    }
}

/// An hour from now.
fn later() -> Clock {
    Clock::tokio(Clock::System.now() + Duration::from_secs(3600))
}

async fn with_timer() -> (Stage, ChatId, [UserId; 2]) {
    let stage = Stage::new().await;
    let (chat, [anna, ben]) = stage.direct().await;
    let timer = SetTimer {
        actor: anna,
        seconds: Some(60),
    };
    let set = stage
        .door
        .ask(chat, |reply| ChatCommand::SetTimer(timer, reply));
    set.await.expect("set");
    (stage, chat, [anna, ben])
}

/// K3: numbers go on after the newest message was swept and the chat forgotten.
#[actix::test]
async fn the_newest_message_expires_and_is_swept_and_the_next_has_the_next_number() {
    let (stage, chat, [anna, ben]) = with_timer().await;
    for said in ["first", "newest"] {
        stage.send(chat, anna, said, said).await.expect("sent");
    }
    stage.pass_idle().await;
    assert_eq!(stage.active().await, 0, "passivated");
    let swept = sweep_disappearing(&stage.stores, later(), &Account::default()).await;
    let expected = Swept {
        messages: 2,
        media: 0,
    };
    assert_eq!(swept.expect("swept"), expected);
    let next = stage.send(chat, ben, "next", "next").await.expect("sent");
    assert_eq!(
        (next.seq, next.rev),
        (4, 5),
        "the timer's own message, two, and this"
    );
    let again = stage.send(chat, anna, "newest", "newest").await;
    let again = again.expect("sent");
    assert!(again.duplicate && again.message.is_deleted);
    assert_eq!(again.seq, 3);
    for viewer in [anna, ben] {
        let seqs = history(&peers(&stage), viewer, chat).await;
        let seqs: Vec<u64> = seqs.iter().map(|message| message.seq).collect();
        assert_eq!(seqs, [4, 3, 2, 1], "dense for every reader");
    }
    let swept = sweep_disappearing(&stage.stores, Clock::System, &Account::default()).await;
    assert_eq!(swept.expect("swept"), Swept::default());
}

#[actix::test]
async fn a_sweep_takes_all_there_is_and_lets_media_go_once() {
    let (stage, chat, [anna, _]) = with_timer().await;
    let heads = stage.stores.messages.heads(chat).await.expect("heads");
    let now = Clock::System.now();
    let media = MediaId::new();
    let entries = (1..=1_201).map(|place| {
        let is_media = place == 700;
        let words = if is_media { "mediaId" } else { "content" };
        let payload = format!(r#"{{"{words}":"{media}"}}"#);
        let message = Message {
            id: troupe::id::MessageId::new(),
            chat_id: chat,
            seq: heads.seq + place,
            rev: heads.rev + place,
            sender_id: anna,
            client_message_id: Some(place.to_string()),
            content_hash: [0; 16],
            kind: if is_media {
                MessageKind::Image
            } else {
                MessageKind::Text
            },
            payload: RawValue::from_string(payload).expect("JSON"),
            reply_to_id: None,
            forwarded: false,
            reactions: Default::default(),
            is_deleted: false,
            edited_at: None,
            expires_at: Some(now),
            created_at: now,
            updated_at: now,
        };
        Entry {
            rev: message.rev,
            at: now,
            change: Change::Sent(Box::new(message)),
        }
    });
    let append = Append {
        chat_id: chat,
        entries: entries.collect(),
    };
    stage.stores.messages.append(vec![append]).await;
    let account = Account::default();
    let swept = sweep_disappearing(&stage.stores, later(), &account).await;
    let expected = Swept {
        messages: 1_201,
        media: 1,
    };
    assert_eq!(swept.expect("swept"), expected);
    let released = account.0.lock().expect("not poisoned");
    assert_eq!(*released, [media]);
}
