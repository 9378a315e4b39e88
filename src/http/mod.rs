//! REST: thin handlers that turn requests of the wire into requests to actors.

pub mod error;
pub mod extract;
pub mod middleware;
pub mod routes;
pub mod ws;

pub use error::{Answer, Problem};
