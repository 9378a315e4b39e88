//! Signing in, tokens, sessions.

pub mod access_token;
pub mod actor;
mod codes;
pub mod keyring;
pub mod refresh_token;
pub mod requests;
pub mod revocations;
pub mod secrets;
pub mod sender;
mod sessions;
mod test_users;
pub mod tickets;
pub mod watch;
