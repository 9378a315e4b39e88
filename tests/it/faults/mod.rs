//! Crashes, full disks, peers that stall. `world` is a whole installation under load, each node behind
//! proxies of its own; `checkers` say what must hold after each fault (K1 to K8).
//!
//! | fault | where it is made |
//! |---|---|
//! | a node dies: the sender's, the receivers', the owner's | `smoke`, `whole::nodes`; embedded: `kill` |
//! | a node dies after the insert, after the PubAck, between an entry and its effect | `smoke`, `whole::nodes` |
//! | MongoDB is killed; stands still and everyone repeats; is out of reach or slow; its disk is full | `smoke`, `whole::mongodb` |
//! | NATS is killed, wiped; stands still; is a black hole; is cut off from one node; full; without its tail; without its memory | `smoke`, `whole::nats`, `bucket` |
//! | Redis is killed, wiped, flushed, 600 ms late, stands still | `smoke`, `whole::redis` |
//! | PostgreSQL is killed; stands still; is out of reach; tables are locked | `smoke`, `whole::postgres` |
//! | the disk of an embedded server is full; a job of a commit fails | `storage`, `client_ids` |
//! | S3 is away or refuses; an upload dies half-way | `media` |
//! | sockets are reset, half-open, slow, closed late | `whole::clients` |
//! | a reader that never reads, 5,000 messages | `actors::websocket::{slow, real}` |
//! | 10,000 sends at one chat | `whole::clients`, `actors::chat` |
//! | a poison event | `contract::events` |
//! | a handler of a chat or a session panics | `whole::handlers`, `actors::chat`; lanes: `actors::websocket` |
//! | a relay, the chat writer panics | `panics` |
//! | one chat on two nodes | `whole::nats`, `contract::owners`, `actors::chat` |
//! | a member is removed while others send | `flows::order` |
//! | nodes are told to go, in turn; 1,000 come back at once | `whole::nodes` |
//! | chats move while one connection sends to them | `whole::order` |
//! | a node starts before its servers | `whole::nodes`, `readiness` |
//! | sync between an entry and its effect | `contract::mongo` |
//! | devices on two nodes | `whole::nodes` |
//! | removed while a send is unknown | `actors::chat` |
//! | away while the other reads | `flows::receipts` |
//! | the newest message expires and is swept | `actors::disappearing` |
//! | FCM 429, 500, UNREGISTERED, silence | `flows::push_trouble` |

mod bucket;
mod checkers;
mod client_ids;
mod copy;
mod deaths;
mod device;
mod kill;
mod ledger;
mod load;
mod media;
mod node;
mod panics;
mod proxy;
mod readiness;
mod smoke;
mod storage;
mod whole;
mod world;
