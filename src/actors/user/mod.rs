//! Profiles, contacts, blocks, privacy, presence as one person sees it, push devices, the end of an
//! account.

pub mod actor;
mod archive;
mod contacts;
mod devices;
pub mod erasure;
pub mod export;
mod privacy;
mod profile;
pub mod requests;
