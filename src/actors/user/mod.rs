//! Profiles, contacts, blocks, privacy, presence as one person sees it, push devices.

pub mod requests;
