//! Requests to one node about itself, and its replies, with every field that may be there.

use troupe::actors::inspection::requests::{
    ActorSeen, ActorState, BatchSeen, FindTrace, HotBy, HotChat, InspectChat, InspectSockets,
    ListHotChats, SocketSeen,
};
use troupe::domain::chat::ChatKind;

use super::echo::Sample;
use super::samples::{id, text, time};

pub fn list_hot_chats() -> ListHotChats {
    ListHotChats {
        by: HotBy::Mailbox,
        limit: 7,
    }
}

pub fn inspect_chat() -> InspectChat {
    InspectChat { chat_id: id() }
}

pub fn inspect_sockets() -> InspectSockets {
    InspectSockets { user: id() }
}

pub fn find_trace() -> FindTrace {
    FindTrace {
        chat_id: id(),
        rev: 9,
    }
}

impl Sample for Vec<HotChat> {
    fn sample() -> Self {
        let chat = HotChat {
            chat_id: id(),
            node: id(),
            kind: Some(ChatKind::Group),
            members: 256,
            online: 3,
            rate_per_second: 1234.56,
            mailbox: 7,
            in_flight: 64,
            head_seq: 1 << 52,
            head_rev: (1 << 52) + 1,
            mailbox_wait_ms: Some(0.07),
            last_active_at: time(),
        };
        let loading = HotChat {
            kind: None,
            mailbox_wait_ms: None,
            ..chat.clone()
        };
        vec![chat, loading]
    }
}

impl Sample for Option<ActorSeen> {
    fn sample() -> Self {
        Some(ActorSeen {
            state: ActorState::Leaving,
            loaded_at: Some(time()),
            last_active_at: time(),
            head_seq: 1,
            head_rev: 2,
            announced_seq: 3,
            members: 4,
            online: 5,
            roster_read_at: Some(time()),
            rate_per_second: 0.25,
            mailbox: 6,
            queued: 7,
            in_flight: 8,
            working_ms: Some(9.5),
            mailbox_wait_ms: None,
            batches: 10,
            sends: 11,
            last_batch: Some(BatchSeen {
                messages: 12,
                ms: 13.25,
            }),
            receipts_waiting: 14,
            receipts_storing: true,
            typing: 15,
        })
    }
}

impl Sample for Vec<SocketSeen> {
    fn sample() -> Self {
        vec![SocketSeen {
            connection_id: id(),
            session_id: id(),
            node: id(),
            lane: 3,
            since: time(),
            token_expires_at: time(),
            is_closing: true,
            is_foreground: false,
            queue_frames: 1,
            queue_bytes: 2,
            stalled_ms: 3,
            heard_at: time(),
            pong_at: Some(time()),
            cursors: 4,
            me_rev: 5,
        }]
    }
}

impl Sample for Option<String> {
    fn sample() -> Self {
        text("4bf92f3577b34da6a3ce929d0e0e4736")
    }
}
