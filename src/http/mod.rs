//! REST: thin handlers that turn requests of the wire into requests to actors.

pub mod auth;
pub mod chat_settings;
pub mod chats;
pub mod contacts;
pub mod devices;
pub mod admin;
pub mod docs;
pub mod error;
pub mod etag;
pub mod extract;
pub mod history;
pub mod messages;
pub mod health;
pub mod metrics;
pub mod middleware;
pub mod named;
pub mod page;
pub mod participants;
pub mod receipts;
pub mod routes;
pub mod sync;
pub mod users;
pub mod ws;
pub mod server;

pub use error::{Answer, Problem};
