//! What handlers take: who calls, ids of the path, parameters and bodies, each checked.

mod address;
mod body;
mod caller;
mod idempotency;
mod inflate;
mod params;
mod path;
mod shape;
mod text;

pub use address::ClientAddress;
pub use body::{Body, MaybeBody};
pub use caller::{Caller, Gate, PassedOn, bearer};
pub use idempotency::IdempotencyKey;
pub use params::Params;
pub use path::{Id, Id2};
pub use text::storable;
