//! What is read of chats and messages: lists, history, receipts, sync. Nothing here changes a chat.

pub mod requests;
