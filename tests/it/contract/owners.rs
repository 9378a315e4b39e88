//! Two owners of one chat, as after a hand-over or while a network is split (D2, D3).

use troupe::id::{ChatId, MessageId, UserId};
use troupe::storage::messages::{Appended, Change, ChatEffect, Entry, Heads, SeqRange};

use super::backend::{Backend, Opened};
use super::stage::{at, payload, sent, seqs, text, texts};

over_every_backend!(
    two_owners_write_one_dense_log,
    of_two_with_one_number_one_wins,
    a_repeat_on_two_nodes_is_written_once,
    changes_of_two_owners_all_act_once,
    a_payload_comes_back_as_it_was,
);

/// Sends until everything is written, as a ChatActor does: what met a conflict goes again under
/// new numbers. Answers the ids in the order of the log.
async fn own(stores: &Opened, chat_id: ChatId, sender: UserId, count: u64) -> Vec<MessageId> {
    let mut written = Vec::new();
    for batch in 0..count {
        let mut left = batch % 4 + 1;
        while left > 0 {
            let heads = stores.heads(chat_id).await;
            let batch = texts(chat_id, sender, heads, left);
            let done = stores
                .append(chat_id, batch.iter().map(sent).collect())
                .await;
            let committed = match done {
                Appended::Committed => batch.len(),
                Appended::Conflict { committed } => committed,
                Appended::Failed(error) => panic!("{error}"),
            };
            written.extend(batch[..committed].iter().map(|message| message.id));
            left -= committed as u64;
        }
    }
    written
}

async fn two_owners_write_one_dense_log(backend: &dyn Backend) {
    let (here, there) = (backend.open(), backend.open());
    let (one, other) = (here.person().await, here.person().await);
    let chat_id = here.direct(one, other).await;
    let (first, second) = tokio::join!(
        own(&here, chat_id, one, 12),
        own(&there, chat_id, other, 12)
    );
    let count = (first.len() + second.len()) as u64;
    assert_eq!(count, 60, "every message is acked once");
    let heads = here.heads(chat_id).await;
    assert_eq!((heads.seq, heads.rev), (count, count + 1));
    let log = here.messages.changed(one, chat_id, 0, heads.rev, 999).await;
    let log = log.expect("the log");
    assert_eq!(seqs(&log), (1..=count).collect::<Vec<_>>());
    let revs: Vec<u64> = log.iter().map(|message| message.rev).collect();
    assert_eq!(revs, (2..=count + 1).collect::<Vec<_>>());
    for (sender, acked) in [(one, first), (other, second)] {
        let of_sender = log.iter().filter(|message| message.sender_id == sender);
        let ids: Vec<MessageId> = of_sender.map(|message| message.id).collect();
        assert_eq!(
            ids, acked,
            "what was acked, in that order, and nothing else"
        );
    }
}

async fn of_two_with_one_number_one_wins(backend: &dyn Backend) {
    let (here, there) = (backend.open(), backend.open());
    let (one, other) = (here.person().await, here.person().await);
    let chat_id = here.direct(one, other).await;
    for _ in 0..10 {
        let heads = here.heads(chat_id).await;
        let [mine, yours] = [one, other].map(|sender| texts(chat_id, sender, heads, 3));
        let entries = |messages: &[_]| messages.iter().map(sent).collect();
        let done = tokio::join!(
            here.append(chat_id, entries(&mine)),
            there.append(chat_id, entries(&yours))
        );
        let won = match done {
            (Appended::Committed, Appended::Conflict { committed: 0 }) => mine,
            (Appended::Conflict { committed: 0 }, Appended::Committed) => yours,
            other => panic!("{other:?}"),
        };
        let range = SeqRange {
            after: Some(heads.seq),
            before: None,
        };
        let page = there.messages.page(one, chat_id, range, 9).await;
        let page = page.expect("a page");
        assert_eq!(page.len(), 3);
        assert!(
            page.iter()
                .all(|message| won.iter().any(|w| w.id == message.id))
        );
    }
}

async fn a_repeat_on_two_nodes_is_written_once(backend: &dyn Backend) {
    let (here, there) = (backend.open(), backend.open());
    let (one, other) = (here.person().await, here.person().await);
    let chat_id = here.direct(one, other).await;
    let repeat = async |stores: &Opened, seq_ahead: u64| {
        let heads = stores.heads(chat_id).await;
        let ahead = Heads {
            seq: heads.seq + seq_ahead,
            rev: heads.rev + seq_ahead,
        };
        let mut message = text(chat_id, one, ahead, "hello");
        message.client_message_id = Some("the same".to_owned());
        let done = stores.append(chat_id, vec![sent(&message)]).await;
        matches!(done, Appended::Committed)
    };
    let done = tokio::join!(repeat(&here, 0), repeat(&there, 0));
    assert!(done.0 ^ done.1, "{done:?}");
    assert!(!repeat(&here, 0).await, "under a free number neither");
    let keys = vec![(one, "the same".to_owned())];
    let found = there.messages.find_by_client_ids(chat_id, keys).await;
    assert_eq!(seqs(&found.expect("found")), [1]);
    assert_eq!(here.heads(chat_id).await, Heads { seq: 1, rev: 2 });
}

/// Changes until it is written.
async fn change(stores: &Opened, chat_id: ChatId, change: impl Fn(Heads) -> Change) {
    loop {
        let heads = stores.heads(chat_id).await;
        let entry = Entry {
            rev: heads.rev + 1,
            at: at(heads.rev.cast_signed() + 1),
            change: change(heads),
        };
        match stores.append(chat_id, vec![entry]).await {
            Appended::Committed => return,
            Appended::Conflict { committed: 0 } => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn changes_of_two_owners_all_act_once(backend: &dyn Backend) {
    use troupe::domain::message::{Message, MessageKind};

    let (here, there) = (backend.open(), backend.open());
    let (one, other) = (here.person().await, here.person().await);
    let chat_id = here.group(&[one, other]).await;
    let message = here.say(chat_id, one, "0").await;
    let edits = async |stores: &Opened| {
        for round in 0..8 {
            change(stores, chat_id, |_| Change::Edited {
                actor: one,
                message_id: message.id,
                payload: payload(&format!("edit {round}")),
            })
            .await;
        }
    };
    let timers = async |stores: &Opened| {
        for seconds in 1..=8 {
            change(stores, chat_id, |heads| Change::Acted {
                message: Box::new(Message {
                    kind: MessageKind::System,
                    client_message_id: None,
                    ..text(chat_id, other, heads, "system")
                }),
                effect: ChatEffect::TimerChanged {
                    seconds: Some(seconds),
                },
            })
            .await;
        }
    };
    tokio::join!(edits(&here), timers(&there), edits(&there));
    let heads = here.heads(chat_id).await;
    assert_eq!((heads.seq, heads.rev), (9, 26));
    let stored = here.state(message.id).await;
    assert_eq!(stored.payload.get(), payload("edit 7").get());
    let roster = here.chats.find(chat_id).await.expect("found");
    assert_eq!(roster.expect("a roster").chat.auto_delete_timer, Some(8));
    let changed = here.messages.changed(one, chat_id, 0, heads.rev, 99).await;
    let mut revs: Vec<u64> = changed.expect("changed").iter().map(|m| m.rev).collect();
    revs.retain(|rev| *rev != stored.rev);
    let chat_rev = here.messages.chat_changed_rev(chat_id).await;
    assert_eq!(revs.last().copied(), Some(chat_rev.expect("a rev")));
}

async fn a_payload_comes_back_as_it_was(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    for json in [
        r#"{"zebra":1,"apple":{"y":"","x":{}},"mango":[null,true,[]],"$oid":"plain text"}"#,
        r#"{"latitude":-33.0,"longitude":151.2093,"zero":-0.0,"whole":5,"big":9007199254740993}"#,
        r#"{"least":-9223372036854775808,"most":9223372036854775807,"tiny":5e-324}"#,
        r#"{"content":"\u0000 \\ \" 🦀 \u2028","a.b":"dot","$set":{"$inc":1}}"#,
        "{}",
    ] {
        let mut message = text(chat_id, one, stores.heads(chat_id).await, "");
        let value: serde_json::Value = serde_json::from_str(json).expect("JSON");
        message.payload = serde_json::value::to_raw_value(&value).expect("JSON");
        let done = stores.append(chat_id, vec![sent(&message)]).await;
        assert!(matches!(done, Appended::Committed), "{done:?}");
        let stored = stores.state(message.id).await;
        assert_eq!(stored.payload.get(), message.payload.get());
        let edit = Change::Edited {
            actor: one,
            message_id: message.id,
            payload: message.payload.clone(),
        };
        stores.commit(chat_id, edit).await;
        let stored = stores.state(message.id).await;
        assert_eq!(
            stored.payload.get(),
            message.payload.get(),
            "edited to the same"
        );
    }
}
