//! Actors alone, in virtual time.

mod chat;
mod reading;
mod guardian;
mod stage;
mod stale;

mod websocket;
