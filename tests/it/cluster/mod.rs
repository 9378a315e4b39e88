//! Several nodes: what each knows of the others, and what travels between them.

mod carried;
mod commands;
mod cut_off;
mod detours;
mod directory;
pub mod events;
mod lateness;
mod news;
mod placement;
mod remote;
mod routes;
mod statuses;
