//! Every test that needs more than one file of the source, in one binary.
//! `support` starts the real program; what it answers is held against the wire contract.

#[cfg(test)]
mod actors;
#[cfg(test)]
mod cluster;
#[cfg(test)]
mod contract;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod flows;
#[cfg(test)]
mod house;
#[cfg(test)]
mod http;
#[cfg(test)]
mod loadtest;
#[cfg(test)]
mod rules;
#[cfg(test)]
mod security;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod support;
