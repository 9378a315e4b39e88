//! Reading the log: pages, what changed, the chat list, what is hidden.

use troupe::id::{ChatId, UserId};
use troupe::storage::messages::{Change, ChangesQuery, ChatEffect, OverviewQuery, SeqRange};
use troupe::storage::user_log::Topic;

use super::backend::{Backend, Opened};
use super::stage::{at, payload, seqs};

over_every_backend!(
    pages_are_cut_by_seq,
    pages_leave_out_what_is_hidden,
    changed_gives_latest_states_by_rev,
    changed_stops_at_up_to_and_limit,
    changes_of_many_chats_at_once,
    overview_counts_what_others_wrote,
    overview_keeps_within_bounds,
    unread_is_counted_to_999,
    senders_are_named_once,
    hiding_is_logged_once,
);

/// Ten messages (seq 1–10) with edits between them, so that rev and seq drift apart.
async fn ten(stores: &Opened) -> (ChatId, UserId, UserId) {
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    for place in 0..10 {
        let sender = if place % 2 == 0 { one } else { other };
        let message = stores.say(chat_id, sender, &format!("{place}")).await;
        for again in 0..place % 4 {
            let edit = Change::Edited {
                actor: sender,
                message_id: message.id,
                payload: payload(&format!("{place}, edit {again}")),
            };
            stores.commit(chat_id, edit).await;
        }
    }
    (chat_id, one, other)
}

async fn pages_are_cut_by_seq(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, _) = ten(&stores).await;
    let page = async |after, before, limit| {
        let range = SeqRange { after, before };
        let page = stores.messages.page(one, chat_id, range, limit).await;
        seqs(&page.expect("a page"))
    };
    assert_eq!(page(None, None, 3).await, [10, 9, 8]);
    assert_eq!(page(None, None, 99).await, [10, 9, 8, 7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(page(None, Some(8), 3).await, [7, 6, 5]);
    assert_eq!(page(Some(3), None, 3).await, [6, 5, 4]);
    assert_eq!(page(Some(3), Some(7), 9).await, [6, 5, 4]);
    assert_eq!(page(Some(3), Some(7), 2).await, [6, 5]);
    assert_eq!(page(Some(0), None, 1).await, [1]);
    for nothing in [
        page(Some(10), None, 3).await,
        page(None, Some(1), 3).await,
        page(None, Some(0), 3).await,
        page(Some(5), Some(6), 3).await,
        page(Some(7), Some(3), 3).await,
        page(Some(u64::MAX), None, 3).await,
        page(None, None, 0).await,
    ] {
        assert!(nothing.is_empty(), "{nothing:?}");
    }
    assert_eq!(page(None, Some(u64::MAX), 1).await, [10]);
    for seq in 1..=10 {
        assert_eq!(page(Some(seq - 1), Some(seq + 1), 5).await, [seq]);
    }
    let ranges = vec![
        (chat_id, SeqRange::default()),
        (ChatId::new(), SeqRange::default()),
    ];
    let pages = stores.messages.pages(one, ranges, 2).await.expect("pages");
    assert_eq!(seqs(&pages[0].1), [10, 9]);
    assert!(pages[1].1.is_empty());
}

async fn pages_leave_out_what_is_hidden(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, other) = ten(&stores).await;
    let page = async |viewer| {
        let range = SeqRange::default();
        stores
            .messages
            .page(viewer, chat_id, range, 4)
            .await
            .expect("a page")
    };
    let ninth = page(one).await.remove(1);
    let hid = stores.messages.hide(one, &ninth, at(99)).await;
    assert!(hid.expect("hidden").is_some());
    assert_eq!(seqs(&page(one).await), [10, 8, 7, 6]);
    assert_eq!(seqs(&page(other).await), [10, 9, 8, 7]);
    let head = stores.heads(chat_id).await.rev;
    let changed = stores.messages.changed(one, chat_id, 0, head, 99).await;
    assert!(!seqs(&changed.expect("changed")).contains(&9));
    let changed = stores.messages.changed(other, chat_id, 0, head, 99).await;
    assert!(seqs(&changed.expect("changed")).contains(&9));
}

async fn changed_gives_latest_states_by_rev(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let first = stores.say(chat_id, one, "1").await; // rev 2
    stores.say(chat_id, one, "2").await; // rev 3
    let third = stores.say(chat_id, other, "3").await; // rev 4
    for content in ["1, edited", "1, edited twice"] {
        let edit = Change::Edited {
            actor: one,
            message_id: first.id,
            payload: payload(content),
        };
        stores.commit(chat_id, edit).await; // revs 5 and 6
    }
    let delete = Change::Deleted {
        actor: other,
        message_id: third.id,
    };
    stores.commit(chat_id, delete).await; // rev 7
    let changed = async |after| {
        let changed = stores.messages.changed(one, chat_id, after, 7, 99).await;
        let changed = changed.expect("changed");
        changed
            .iter()
            .map(|message| (message.rev, message.seq))
            .collect::<Vec<_>>()
    };
    assert_eq!(changed(0).await, [(3, 2), (6, 1), (7, 3)]);
    assert_eq!(changed(3).await, [(6, 1), (7, 3)]);
    assert_eq!(changed(6).await, [(7, 3)]);
    assert!(changed(7).await.is_empty());
    let count = async |after, most| {
        let count = stores.messages.count_changed(chat_id, after, 7, most);
        count.await.expect("counted")
    };
    assert_eq!(count(0, 99).await, 3);
    assert_eq!(count(0, 2).await, 2);
    assert_eq!(count(6, 99).await, 1);
}

async fn changed_stops_at_up_to_and_limit(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, _) = ten(&stores).await;
    let head = stores.heads(chat_id).await.rev;
    let mut all = Vec::new();
    let mut after = 0;
    loop {
        let some = stores.messages.changed(one, chat_id, after, head, 3).await;
        let some = some.expect("changed");
        let Some(last) = some.last() else { break };
        after = last.rev;
        assert!(some.len() <= 3);
        assert!(some.is_sorted_by_key(|message| message.rev));
        all.extend(seqs(&some));
    }
    assert_eq!(all, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
    let some = stores.messages.changed(one, chat_id, 0, 3, 99).await;
    let revs: Vec<u64> = some.expect("changed").iter().map(|one| one.rev).collect();
    assert!(revs.iter().all(|rev| *rev <= 3), "{revs:?}");
}

async fn changes_of_many_chats_at_once(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, other) = ten(&stores).await;
    let quiet = stores.group(&[one, other]).await;
    stores
        .act(quiet, one, ChatEffect::TimerChanged { seconds: Some(60) })
        .await;
    let query = |chat_id, up_to| ChangesQuery {
        chat_id,
        after: 0,
        up_to,
        limit: 5,
    };
    let head = stores.heads(chat_id).await.rev;
    let chats = vec![query(chat_id, head), query(quiet, 2)];
    let changes = stores.messages.changes(one, chats, 9).await;
    let changes = changes.expect("changes");
    assert_eq!((changes[0].chat_id, changes[0].count), (chat_id, 10));
    assert!(changes[0].messages.is_empty(), "too many");
    assert_eq!(changes[0].chat_changed_rev, 1);
    assert_eq!((changes[1].chat_id, changes[1].count), (quiet, 1));
    assert_eq!(seqs(&changes[1].messages), [1]);
    assert_eq!(changes[1].chat_changed_rev, 2);
    let chats = vec![query(chat_id, head)];
    let changes = stores.messages.changes(one, chats, 10).await;
    assert_eq!(changes.expect("changes")[0].messages.len(), 5);
}

fn query(chat_id: ChatId, unread_after: u64) -> OverviewQuery {
    OverviewQuery {
        chat_id,
        from_seq: 1,
        to_seq: u64::MAX,
        unread_after,
    }
}

async fn overview_counts_what_others_wrote(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, other) = ten(&stores).await;
    let empty = stores.group(&[one, other]).await;
    stores
        .act(chat_id, other, ChatEffect::TimerChanged { seconds: None })
        .await;
    let chats = vec![query(chat_id, 0), query(chat_id, 6), query(empty, 0)];
    let views = stores.messages.overview(one, chats).await.expect("views");
    let head = stores.heads(chat_id).await;
    assert_eq!((views[0].heads, views[0].unread_count), (head, 5));
    assert_eq!((views[1].heads, views[1].unread_count), (head, 2));
    let last = views[0].last_message.as_ref().expect("a message");
    assert_eq!(
        last.seq, 11,
        "a system message is shown, though not counted"
    );
    assert_eq!(views[2].unread_count, 0);
    assert!(views[2].last_message.is_none());

    let page = stores.messages.page(one, chat_id, SeqRange::default(), 2);
    for message in page.await.expect("a page") {
        let hid = stores.messages.hide(one, &message, at(99)).await;
        assert!(hid.expect("hidden").is_some());
    }
    let views = stores.messages.overview(one, vec![query(chat_id, 6)]).await;
    let views = views.expect("views");
    assert_eq!(views[0].unread_count, 1, "the tenth is hidden");
    let last = views[0].last_message.as_ref().expect("a message");
    assert_eq!(last.seq, 9);
}

async fn overview_keeps_within_bounds(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, _) = ten(&stores).await;
    let bounds = |from_seq, to_seq, unread_after| OverviewQuery {
        chat_id,
        from_seq,
        to_seq,
        unread_after,
    };
    let chats = vec![bounds(1, 4, 0), bounds(5, 8, 0), bounds(11, u64::MAX, 0)];
    let views = stores.messages.overview(one, chats).await.expect("views");
    let shown = |place: usize| {
        let last = views[place].last_message.as_ref();
        (last.map(|last| last.seq), views[place].unread_count)
    };
    assert_eq!(shown(0), (Some(4), 2));
    assert_eq!(shown(1), (Some(8), 2));
    assert_eq!(shown(2), (None, 0));
}

async fn unread_is_counted_to_999(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let heads = stores.heads(chat_id).await;
    let many = super::stage::texts(chat_id, other, heads, 1_005);
    let entries = many.iter().map(super::stage::sent).collect();
    stores.append(chat_id, entries).await;
    let chats = vec![query(chat_id, 0), query(chat_id, 6)];
    let views = stores.messages.overview(one, chats).await.expect("views");
    assert_eq!(views[0].unread_count, 999);
    assert_eq!(views[1].unread_count, 999);
    let mine = stores.messages.overview(other, vec![query(chat_id, 0)]);
    assert_eq!(mine.await.expect("views")[0].unread_count, 0);
}

async fn senders_are_named_once(backend: &dyn Backend) {
    let stores = backend.open();
    let (chat_id, one, other) = ten(&stores).await;
    let senders = async |after, up_to| {
        let senders = stores.messages.senders(chat_id, after, up_to).await;
        let mut senders = senders.expect("senders");
        senders.sort();
        senders
    };
    let mut both = vec![one, other];
    both.sort();
    assert_eq!(senders(0, 10).await, both);
    assert_eq!(senders(2, 3).await, [one]);
    assert_eq!(senders(3, 4).await, [other]);
    assert!(senders(4, 4).await.is_empty());
    assert!(senders(10, 99).await.is_empty());
}

async fn hiding_is_logged_once(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let message = stores.say(chat_id, one, "hello").await;
    let before = stores.user_log.head(other).await.expect("a head");
    let hid = stores.messages.hide(other, &message, at(5)).await;
    assert_eq!(hid.expect("hidden"), Some(before + 1));
    let hid = stores.messages.hide(other, &message, at(6)).await;
    assert_eq!(hid.expect("hidden"), None);
    let log = stores.user_log.list(other, before, 9).await.expect("a log");
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].topic, Topic::Hidden);
    assert_eq!(log[0].key, message.id.to_string());
    assert_eq!(log[0].value, format!("\"{chat_id}\""));
    assert_eq!(
        stores.user_log.head(one).await.expect("a head"),
        1,
        "the other one's log holds the chat alone"
    );
}
