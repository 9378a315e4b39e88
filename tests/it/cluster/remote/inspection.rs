//! Requests to one node about itself, and its replies, with every field that may be there.

use troupe::actors::inspection::requests::{
    ActorSeen, ActorState, AdvanceClock, BatchSeen, ChatsDone, ClearFaults, ClockSeen, Fault,
    FaultKind, Faults, FindTrace, GroupSeen, HotBy, HotChat, InspectChat, InspectNode,
    InspectSockets, ListFaults, ListHotChats, NodeSeen, SendsWithin, SetFault, SocketSeen,
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

pub fn inspect_node() -> InspectNode {
    InspectNode
}

pub fn list_faults() -> ListFaults {
    ListFaults
}

pub fn set_fault() -> SetFault {
    SetFault { fault: fault() }
}

pub fn clear_faults(kind: Option<FaultKind>) -> ClearFaults {
    ClearFaults { kind }
}

pub fn advance_clock() -> AdvanceClock {
    AdvanceClock { seconds: 1 << 40 }
}

fn fault() -> Fault {
    Fault {
        kind: FaultKind::FramesDelayed,
        user_id: Some(id()),
        delay_ms: Some(250),
        remaining_ms: 60_000,
    }
}

impl Sample for NodeSeen {
    fn sample() -> Self {
        Self {
            groups: vec![GroupSeen {
                name: "chat".to_owned(),
                is_down: true,
                in_flight: 1,
                restarts: 2,
            }],
            people: 3,
            connections: 4,
            done: ChatsDone {
                chat_actors: 5,
                messages: 1 << 52,
                send_ms: vec![
                    SendsWithin {
                        up_to: Some(0.5),
                        count: 6,
                    },
                    SendsWithin {
                        up_to: None,
                        count: 7,
                    },
                ],
            },
        }
    }
}

impl Sample for Faults {
    fn sample() -> Self {
        let plain = Fault {
            kind: FaultKind::PushesFail,
            user_id: None,
            delay_ms: None,
            ..fault()
        };
        Self {
            items: vec![fault(), plain],
            clock: ClockSeen {
                now: time(),
                ahead_seconds: 86_400,
                is_movable: true,
            },
        }
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
