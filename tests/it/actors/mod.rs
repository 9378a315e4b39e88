//! Actors alone, in virtual time.

mod chat;
mod reading;
mod stage;
mod stale;

mod websocket;
