//! Troupe: a messaging backend in which every chat, every session and every socket is an actor.

pub mod actors;
pub mod clock;
pub mod domain;
pub mod error;
pub mod event;
pub mod id;
pub mod loadtest;
pub mod storage;
pub mod wire;
