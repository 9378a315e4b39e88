//! The outbox: durable with the entries it names, published, remembered, forgotten.

use troupe::storage::messages::OutboxEntry;

use super::backend::{Backend, Opened};
use super::stage::{START, at, sent, texts};

over_every_backend!(
    every_commit_leaves_a_row,
    published_rows_are_remembered,
    published_rows_are_forgotten,
    unpublished_rows_survive,
);

async fn unpublished(stores: &Opened) -> Vec<OutboxEntry> {
    stores.messages.outbox_unpublished(99).await.expect("rows")
}

/// A chat made and two commits in it: three rows.
async fn three(stores: &Opened) -> Vec<OutboxEntry> {
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    let batch = texts(chat_id, one, stores.heads(chat_id).await, 3);
    stores
        .append(chat_id, batch.iter().map(sent).collect())
        .await;
    stores.say(chat_id, other, "4").await;
    unpublished(stores).await
}

async fn every_commit_leaves_a_row(backend: &dyn Backend) {
    let stores = backend.open();
    let rows = three(&stores).await;
    let numbers: Vec<_> = rows
        .iter()
        .map(|row| (row.first_rev, row.last_rev, row.head_seq))
        .collect();
    assert_eq!(numbers, [(1, 1, 0), (2, 4, 3), (5, 5, 4)]);
    assert!(rows.is_sorted_by_key(|row| row.position));
    let first = stores.messages.outbox_unpublished(1).await.expect("rows");
    assert_eq!(first, rows[..1]);
}

async fn published_rows_are_remembered(backend: &dyn Backend) {
    let stores = backend.open();
    let rows = three(&stores).await;
    let mark = stores
        .messages
        .outbox_published(vec![rows[1].clone()], at(50));
    mark.await.expect("marked");
    assert_eq!(
        unpublished(&stores).await,
        [rows[0].clone(), rows[2].clone()]
    );
    let rest = vec![rows[2].clone(), rows[0].clone()];
    let mark = stores.messages.outbox_published(rest, at(51)).await;
    mark.expect("marked");
    assert!(unpublished(&stores).await.is_empty());
    let all = stores.messages.outbox_since(START).await.expect("rows");
    assert_eq!(all, rows);
    let late = stores.messages.outbox_since(rows[2].at).await;
    assert_eq!(late.expect("rows"), rows[2..]);
}

async fn published_rows_are_forgotten(backend: &dyn Backend) {
    let stores = backend.open();
    let rows = three(&stores).await;
    let two = rows[..2].to_vec();
    let mark = stores.messages.outbox_published(two, at(50)).await;
    mark.expect("marked");
    let removed = stores.messages.outbox_remove(rows[1].at).await;
    assert_eq!(removed.expect("removed"), 1, "older, not as old");
    let removed = stores.messages.outbox_remove(at(99_999)).await;
    assert_eq!(removed.expect("removed"), 1, "an unpublished row stays");
    let all = stores.messages.outbox_since(START).await.expect("rows");
    assert_eq!(all, rows[2..]);
    // Positions go on rising, whatever was removed.
    let mark = stores
        .messages
        .outbox_published(vec![rows[2].clone()], at(60));
    mark.await.expect("marked");
    stores
        .messages
        .outbox_remove(at(99_999))
        .await
        .expect("removed");
    let next = three(&stores).await;
    assert_eq!(next.len(), 3);
    assert!(next[0].position > rows[2].position);
}

async fn unpublished_rows_survive(backend: &dyn Backend) {
    let stores = backend.open();
    let rows = three(&stores).await;
    let mark = stores
        .messages
        .outbox_published(vec![rows[0].clone()], at(50));
    mark.await.expect("marked");
    drop(stores);
    assert_eq!(unpublished(&backend.open()).await, rows[1..]);
}
