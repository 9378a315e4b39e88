//! What operators see of one process: its busiest chats, one chat's actor, one person's sockets. Each
//! process answers for itself; [`requests::NodeDesk`] asks those that can know.

pub mod actor;
mod desk;
mod faults;
pub mod requests;
