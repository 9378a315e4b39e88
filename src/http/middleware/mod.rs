//! What happens around every handler.

mod panics;

pub use panics::resource;
