//! Profiles, contacts, blocks, privacy, presence as one person sees it, push devices.

pub mod actor;
mod contacts;
mod devices;
mod privacy;
mod profile;
pub mod requests;
