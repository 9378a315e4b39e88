//! An answer to a sync is bounded, and what it left out follows.

use troupe::actors::message::requests::SyncLimits;
use troupe::wire::sync::SyncRequest;

use super::reading::{peers, sync};
use super::stage::Stage;

#[actix::test]
async fn a_socket_holds_little_of_a_sync_at_a_time_and_gets_it_all() {
    let stage = Stage::new().await;
    let peers = peers(&stage);
    let ada = stage.user().await;
    let long = "x".repeat(4000);
    for _ in 0..12 {
        let chat = stage.direct_of(ada).await;
        let sends = (0..45).map(|n| stage.send(chat, ada, format!("{n}"), &long));
        for sent in futures_util::future::join_all(sends).await {
            sent.expect("sent");
        }
    }
    let mut request = SyncRequest::default();
    loop {
        let answer = sync(&peers, ada, &request, SyncLimits::SOCKET).await;
        let bytes: usize = answer
            .chats
            .iter()
            .flat_map(|chat| &chat.messages)
            .map(|message| message.payload.get().len())
            .sum();
        assert!(bytes <= 1024 * 1024, "{bytes}");
        let more = answer.more || answer.chats.iter().any(|chat| chat.more);
        for chat in answer.chats {
            request.chats.insert(chat.chat_id, chat.rev);
        }
        request.acks = Some(answer.acks);
        if !more {
            break;
        }
    }
    assert_eq!(request.chats.len(), 12);
    assert!(
        request.chats.values().all(|rev| *rev == 46),
        "{:?}",
        request.chats
    );
}
