//! Troupe: a messaging backend in which every chat, every signed-in user and every WebSocket is an
//! actor. Acked means durable; one log per chat; a client that was away asks for what it missed.
//!
//! ```text
//!  phone ──ws──► ConnectionActor ─► SessionActor          (actors/websocket)
//!                      │ ToChat                ▲ frames, one message per arbiter (actors/fanout)
//!                      ▼                       │
//!                 ChatShard ─► ChatActor ──────┤          (actors/chat)
//!                                  │ Write     │ ack from the commit
//!                                  ▼           │
//!                               Writer ─► MessageStore    (storage, SQLite: one file)
//!                                              │ outbox
//!  phone ──rest─► http ─► guardians ─► stores  ▼          (http, actors/{auth,user,message})
//!                                            Relay ─► events
//! ```
//!
//! # Follow one message
//! 1. [`actors::websocket`]: a `message.send` frame is decoded and charged to the sender's budget.
//! 2. [`actors::placement`]: the chat's owner is found and the command handed over, or refused.
//! 3. [`actors::chat`]: the [`ChatActor`](actors::chat::actor::ChatActor) asks
//!    [`domain::chat_rules`], gives the message its seq and rev, and hands it to the writer.
//! 4. [`storage::messages`]: the entry is committed; a number that is taken comes back as a conflict.
//! 5. [`actors::fanout`]: the ack and the frame leave together, in rev order, one message per arbiter.
//!
//! # Where do I…
//! | …find | look in |
//! |---|---|
//! | a route | [`http::routes`], all of them on one screen |
//! | a WebSocket frame | [`wire::frame`] out, `actors/websocket/frame.rs` in |
//! | a rule (may A do B?) | [`domain`]: plain functions, no I/O |
//! | what a group may be asked | its `requests.rs` |
//! | an event and its subject | [`event`], its fields in `proto/event.proto` |
//! | a table | `migrations/sqlite`, its reader in [`storage::embedded`] |
//! | a setting | `config/default.toml` |
//! | an error code | [`error::ErrorCode`] |
//! | how it all starts | [`app`] |
//!
//! # One process or many
//! Groups meet only through requests (`Recipient`s) and events, so a group that another process runs is
//! a stand-in ([`actors::remote`]) here; chats are placed by rendezvous hashing among those that run them.
//!
//! # Modules, in reading order
//! [`error`], [`id`], [`clock`] → [`domain`] → [`storage`] → [`actors`] → [`wire`] → [`http`] →
//! [`app`]. `docs/ARCHITECTURE.md` ends in walkthroughs.

pub mod actors;
pub mod app;
pub mod cli;
pub mod clock;
pub mod config;
pub mod domain;
pub mod error;
pub mod event;
mod failpoint;
pub mod fault;
pub mod grpc;
pub mod http;
pub mod id;
pub mod loadtest;
pub mod storage;
pub mod telemetry;
pub mod trace;
pub mod wire;
