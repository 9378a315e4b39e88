//! What happens around every handler, outermost first: the frame, CORS, the doorkeeper; around
//! each resource panics, then the caller.

mod cors;
mod doorkeeper;
mod frame;
mod panics;
mod request_id;
mod resource;
mod same_origin;
mod signed_in;

pub use cors::cors;
pub use doorkeeper::doorkeeper;
pub use frame::frame;
pub use request_id::{HEADER as REQUEST_ID, RequestId};
pub use resource::{Access, resource};
pub use same_origin::same_origin;
