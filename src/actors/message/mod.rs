//! What is read of chats and messages: lists, history, receipts, sync. Nothing here changes a chat.

pub mod actor;
mod chats;
mod digest;
pub mod disappearing;
mod history;
mod my_log;
mod participants;
mod receipts;
pub mod requests;
mod search;
mod standing;
mod starred;
mod sync;
mod sync_chat;
mod sync_plan;
