//! Pushes: events come in, decisions wait, what is still news then goes to the devices.

pub mod actor;
mod arrivals;
pub mod consumer;
mod decide;
mod deliver;
pub mod desk;
mod facts;
mod hold;
pub mod push;
pub mod requests;
mod waiting;
