//! The API's documents and the pages that make them readable.

mod asyncapi;
pub mod client_frames;
mod frames_page;
mod openapi;
mod pages;

#[doc(hidden)]
pub use asyncapi::__path_get_asyncapi;
pub use asyncapi::{asyncapi, frames, get_asyncapi};
pub use frames_page::frames_page;
#[doc(hidden)]
pub use openapi::__path_get_openapi;
pub use openapi::{get_openapi, openapi};
pub use pages::{overview, rest, rest_root};
