//! What happens around every handler, outermost first: the frame, CORS, the doorkeeper, panics.

mod cors;
mod doorkeeper;
mod frame;
mod panics;
mod request_id;

pub use cors::cors;
pub use doorkeeper::doorkeeper;
pub use frame::frame;
pub use panics::resource;
pub use request_id::RequestId;
