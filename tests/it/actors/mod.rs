//! Actors alone, in virtual time.

mod chat;
mod guardian;
mod reading;
mod stage;
mod stale;

mod websocket;
