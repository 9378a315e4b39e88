//! What a hostile client would try.

mod accounts;
mod codes;
mod gate;
mod grpc;
mod junk;
mod logs;
mod media;
mod nul;
mod sessions;
mod strangers;
mod tokens;
mod transport;
mod webhook;
