//! The rules, as plain functions and types: no I/O, no async, no actors.

pub mod chat;
pub mod chat_rules;
pub mod flood;
pub mod leaving;
pub mod media;
pub mod message;
pub mod notification;
pub mod otp;
pub mod pace;
pub mod phone;
pub mod privacy;
pub mod receipts;
pub mod search;
pub mod sync;
pub mod user;
