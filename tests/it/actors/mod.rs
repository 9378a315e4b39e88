//! Actors alone, in virtual time.

mod chat;
mod disappearing;
mod guardian;
mod jobs;
mod keeper;
mod notification;
mod pace;
mod reading;
mod reading_bounds;
mod reading_receipts;
mod receipts;
mod released_media;
pub mod stage;
mod stale;
mod trouble;
mod vitals;

mod websocket;
