//! The real program as a child process, and the clients that talk to it.

mod browser;
mod client;
mod deadline;
pub mod grpc;
mod person;
mod process;
mod server;
pub mod servers;
mod shape;
mod socket;
pub mod spans;

pub use browser::Browser;
pub use client::{Client, Reply};
pub use deadline::{PATIENCE, eventually, eventually_some};
pub use person::{Person, fresh_phone};
pub use server::Server;
pub use socket::Socket;
