//! Shapes on the wire that REST, WebSocket and sync share. The contract is their truth.

pub mod chat;
pub mod frame;
pub mod me;
pub mod media;
pub mod message;
pub mod named;
pub mod origin;
pub mod page;
pub mod socket;
pub mod status;
pub mod sync;
pub mod user;
