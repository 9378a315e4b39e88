//! The way to the sockets of other nodes.

use futures_util::future::BoxFuture;

use super::announcer::PresenceChanged;
use super::fanout::{Delivery, SocketRef};
use crate::id::UserId;

/// What `Fanout` needs of the other nodes.
pub trait Elsewhere: Send + Sync {
    /// Takes, in order and without waiting, what of these is for sockets on other nodes.
    fn deliver(&self, deliveries: &[(Option<SocketRef>, Delivery)]);

    /// Someone came to this node or left it.
    fn moved(&self, user: UserId, present: bool);

    /// Someone is about to have his first socket here: done once other nodes know.
    fn expect(&self, user: UserId) -> BoxFuture<'static, ()>;

    /// Someone's presence changed: who watches him on other nodes is to hear of it.
    fn presence_changed(&self, changed: PresenceChanged);

    /// Frames that other nodes were to get may be lost.
    fn lost(&self);

    /// Whether other nodes cannot be reached now.
    fn is_cut_off(&self) -> bool;

    /// Whether someone has a socket on another node.
    fn is_elsewhere(&self, user: UserId) -> bool;

    /// Whether it is known of every other node who is there.
    fn knows_everyone(&self) -> bool;
}
