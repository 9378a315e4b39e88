//! A ChatActor per active chat, its shards, the writer and the outbox relay.

pub mod relay;
pub mod requests;
pub mod writer;
