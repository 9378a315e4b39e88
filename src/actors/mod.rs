//! Actor groups, one per service boundary, and the seam between them.

pub mod announcer;
pub mod auth;
pub mod chat;
pub mod child;
pub mod cluster;
pub mod elsewhere;
pub mod fanout;
pub mod group;
pub mod guardian;
pub mod inspection;
pub mod jobs;
pub mod keeper;
pub mod media;
pub mod message;
pub mod notification;
pub mod placement;
pub mod progress;
pub mod remote;
pub mod request;
pub mod standing;
pub mod told;
pub mod user;
pub mod vital;
pub mod websocket;
