//! A ChatActor per active chat.

pub mod requests;
