//! Media: uploads, who may have which, and the sweep of what nobody needs.

pub mod actor;
mod child;
mod claims;
mod films;
mod jpeg;
mod pictures;
mod releases;
mod removal;
pub mod requests;
mod sight;
mod spool;
pub mod sweep;
pub mod uploads;
