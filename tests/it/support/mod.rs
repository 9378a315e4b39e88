//! The real program as a child process, and the clients that talk to it.

mod browser;
mod client;
mod deadline;
mod detour;
pub mod fcm;
pub mod grpc;
mod installation;
pub mod media;
mod options;
mod own_servers;
mod person;
mod process;
mod proxy;
mod server;
pub mod servers;
mod shape;
mod socket;
pub mod spans;

pub use browser::Browser;
pub use client::{Client, Reply};
pub use deadline::{PATIENCE, eventually, eventually_some, eventually_within};
pub use detour::Detour;
pub use options::ServerOptions;
pub use own_servers::OwnServers;
pub use person::{Person, fresh_phone};
pub use proxy::{Mode, Proxy};
pub use server::Server;
pub use shape::Shape;
pub use socket::Socket;
