//! Actors alone, in virtual time.

mod chat;
mod stage;

mod websocket;
