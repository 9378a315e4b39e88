//! Several nodes: what each knows of the others, and what travels between them.

mod carried;
mod commands;
mod directory;
pub mod events;
mod placement;
mod remote;
