//! Signing in, tokens, sessions.

pub mod requests;
pub mod revocations;
