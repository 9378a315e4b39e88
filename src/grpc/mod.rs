//! gRPC for systems beside the installation: thin adapters onto the same requests that REST makes.
//!
//! A caller is a system, not a person: once the doorkeeper has let it in it may ask about anyone,
//! and names on whose behalf it asks where privacy depends on it.

mod auth;
mod chat;
mod doorkeeper;
mod fields;
mod media;
mod message;
mod payload;
pub mod server;
mod status;
mod user;

/// The messages and services of `proto/`.
#[expect(
    clippy::allow_attributes_without_reason,
    clippy::too_many_lines,
    reason = "generated"
)]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/services/troupe.v1.rs"));
}

pub use self::server::{Running, Service, Settings, TlsFileError, TlsFiles, serve};
