//! What a hostile client would try.

mod strangers;
mod transport;
