//! What a client can do, against the running program, one file per topic.
mod loadtest;
