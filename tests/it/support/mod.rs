//! The real program as a child process, and the clients that talk to it.

mod client;
mod deadline;
mod person;
mod server;
mod socket;

pub use client::{Client, Reply};
pub use deadline::{PATIENCE, eventually, eventually_some};
pub use person::Person;
pub use server::{Server, ServerOptions};
pub use socket::Socket;
