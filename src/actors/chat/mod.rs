//! A ChatActor per active chat, its shards, the writer and the outbox relay.

pub mod actor;
mod additions;
mod announce;
mod answer;
mod change;
mod create;
mod edits;
pub mod facts;
mod forward;
pub mod group;
mod media;
mod members;
mod personal;
pub mod publishing;
mod reactions;
mod receipts;
pub mod relay;
pub mod requests;
mod roster;
pub mod scope;
mod send;
mod settings;
pub mod shard;
mod status;
mod typing;
pub mod writer;
