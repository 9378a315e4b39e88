//! What operators look at in the running installation: chats, sockets, one message. No answer says what
//! people wrote, what they are called or how they are reached.

pub mod chats;
pub mod faults;
pub mod overview;
pub mod sessions;
pub mod trace;
