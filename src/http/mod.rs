//! REST: thin handlers that turn requests of the wire into requests to actors.

pub mod admin;
pub mod auth;
pub mod chat_settings;
pub mod chats;
mod cluster;
pub mod contacts;
pub mod demo;
pub mod devices;
pub mod docs;
pub mod error;
pub mod etag;
pub mod extract;
pub mod forward;
pub mod health;
pub mod history;
mod jobs;
pub mod messages;
pub mod metrics;
pub mod middleware;
pub mod page;
pub mod participants;
pub mod pushes;
pub mod reactions;
pub mod receipts;
pub mod routes;
pub mod search;
pub mod server;
pub mod stars;
pub mod sync;
pub mod tunnel;
pub mod upgrade;
pub mod users;
pub mod waiting;
pub mod ws;

pub use error::{Answer, Problem};
