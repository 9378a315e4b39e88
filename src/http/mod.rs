//! REST: thin handlers that turn requests of the wire into requests to actors.

pub mod auth;
pub mod contacts;
pub mod cursor;
pub mod devices;
pub mod error;
pub mod etag;
pub mod extract;
pub mod middleware;
pub mod named;
pub mod page;
pub mod routes;
pub mod users;
pub mod ws;

pub use error::{Answer, Problem};
