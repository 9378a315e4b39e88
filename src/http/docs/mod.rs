//! The API's documents and the pages that make them readable.

mod openapi;
mod pages;

#[doc(hidden)]
pub use openapi::__path_get_openapi;
pub use openapi::{get_openapi, openapi};
pub use pages::{overview, rest};
