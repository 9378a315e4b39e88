//! Who watches whom, and telling them when someone comes or goes.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, WrapFuture};
use dashmap::DashMap;

use super::Node;
use super::connection::ConnectionActor;
use crate::actors::announcer::{HeardBy, PresenceChanged};
use crate::actors::fanout::{Delivery, SocketRef};
use crate::actors::request::{Answer, ask};
use crate::actors::user::requests::{FindPresence, GetPresence};
use crate::clock::Timestamp;
use crate::error::ErrorCode;
use crate::id::{ConnectionId, UserId};
use crate::wire::frame::Event;
use crate::wire::user::PresenceView;

/// Most people one socket may watch.
pub const WATCHED_PER_SOCKET: usize = 500;
/// Most sockets that are told of one person; who comes later only gets the first answer.
const WATCHERS: usize = 10_000;

/// A socket that wants to know of someone, and who sits before it.
#[derive(Clone, Copy, Debug)]
struct Watcher {
    viewer: UserId,
    socket: SocketRef,
    /// It was told last where he is, or was; not that there is nothing to be seen.
    sees: bool,
}

/// The watchers of everyone who is watched, whether he is here or not.
#[derive(Default)]
pub struct Watches {
    by_watched: DashMap<UserId, BTreeMap<ConnectionId, Watcher>, ahash::RandomState>,
}

impl Watches {
    pub fn insert(&self, watched: UserId, viewer: UserId, socket: SocketRef) {
        let mut watchers = self.by_watched.entry(watched).or_default();
        if watchers.len() < WATCHERS {
            let watcher = Watcher {
                viewer,
                socket,
                sees: false,
            };
            watchers.insert(socket.connection, watcher);
        }
    }

    pub fn remove(&self, watched: UserId, connection: ConnectionId) {
        if let dashmap::Entry::Occupied(mut entry) = self.by_watched.entry(watched) {
            entry.get_mut().remove(&connection);
            if entry.get().is_empty() {
                entry.remove();
            }
        }
    }

    pub fn is_watched(&self, user: UserId) -> bool {
        self.by_watched.contains_key(&user)
    }

    /// The sockets that watch someone, by who sits before them; and whether each was told last that there
    /// is something to be seen.
    fn of(&self, watched: UserId) -> BTreeMap<UserId, Vec<(SocketRef, bool)>> {
        let mut by_viewer: BTreeMap<UserId, Vec<(SocketRef, bool)>> = BTreeMap::new();
        if let Some(watchers) = self.by_watched.get(&watched) {
            for watcher in watchers.values() {
                let sockets = by_viewer.entry(watcher.viewer).or_default();
                sockets.push((watcher.socket, watcher.sees));
            }
        }
        by_viewer
    }

    /// What a socket is told now.
    fn note(&self, view: &PresenceView, connection: ConnectionId) {
        if let Some(mut watchers) = self.by_watched.get_mut(&view.user_id)
            && let Some(watcher) = watchers.get_mut(&connection)
        {
            watcher.sees = !is_hidden(view);
        }
    }
}

/// Someone has his first socket here.
pub fn come(node: &Arc<Node>, user: UserId) {
    let at = node.clock.now();
    actix::spawn(move_to(Arc::clone(node), user, true, at));
}

/// Someone's last socket ended at a time, and no other came.
pub fn go(node: &Arc<Node>, user: UserId, at: Timestamp) {
    actix::spawn(move_to(Arc::clone(node), user, false, at));
}

async fn move_to(node: Arc<Node>, user: UserId, online: bool, at: Timestamp) {
    node.moving.fetch_add(1, Ordering::AcqRel);
    keep(&node, user, online, at).await;
    node.moving.fetch_sub(1, Ordering::AcqRel);
}

async fn keep(node: &Node, user: UserId, online: bool, at: Timestamp) {
    match node.presence.update(user, online, at).await {
        Ok(true) => {
            let changed = PresenceChanged {
                user,
                heard_by: HeardBy::WhoSees,
            };
            node.fanout.presence_changed(changed);
            announce(node, changed).await;
        }
        Ok(false) => {}
        Err(error) => {
            tracing::warn!(store = error.store, cause = %error.message, "presence was not kept");
        }
    }
}

/// Hears of comings and goings on other nodes, and of who may see them from now on.
pub struct PresenceActor(pub Arc<Node>);

impl Actor for PresenceActor {
    type Context = Context<Self>;
}

impl Handler<PresenceChanged> for PresenceActor {
    type Result = ();

    fn handle(&mut self, changed: PresenceChanged, _: &mut Self::Context) {
        let node = Arc::clone(&self.0);
        if node.watches.is_watched(changed.user) {
            actix::spawn(async move { announce(&node, changed).await });
        }
    }
}

/// Tells those who watch someone and are to hear of it. Who is gone for good is offline.
async fn announce(node: &Node, changed: PresenceChanged) {
    let owner = changed.user;
    for (viewer, sockets) in node.watches.of(owner) {
        if matches!(changed.heard_by, HeardBy::One(one) if one != viewer) {
            continue;
        }
        let view = match view(node, viewer, owner).await {
            Ok(view) => view,
            Err(failure) if failure.code() == ErrorCode::NotFound => nowhere(owner),
            Err(_) => continue,
        };
        let is_hidden = is_hidden(&view);
        if is_hidden && changed.heard_by == HeardBy::WhoSees {
            continue;
        }
        let frame = Event::PresenceUpdated(&view).frame();
        // Who saw nothing before hears nothing again: that something changed would be telling.
        let sockets = sockets.into_iter().filter(|(_, saw)| *saw || !is_hidden);
        let deliveries = sockets.map(|(socket, _)| {
            node.watches.note(&view, socket.connection);
            let delivery = Delivery::Answer {
                connection: socket.connection,
                frame: frame.clone(),
                is_ack: false,
            };
            (Some(socket), delivery)
        });
        node.fanout.send(deliveries.collect());
    }
}

impl ConnectionActor {
    /// Tells how people stand: one reading at a time, and who is asked for meanwhile is in the next
    /// one. A stranger is offline; who could not be read is left out.
    pub(super) fn tell_presence(
        &mut self,
        users: impl IntoIterator<Item = UserId>,
        ctx: &mut Context<Self>,
    ) {
        self.untold.extend(users);
        if self.asking.presence || self.untold.is_empty() {
            return;
        }
        self.asking.presence = true;
        let owners: Vec<UserId> = std::mem::take(&mut self.untold).into_iter().collect();
        let find = self.room.node.find_presence.clone();
        let viewer = self.link.user;
        let reading = async move {
            let request = FindPresence {
                viewer,
                owners: owners.clone(),
            };
            (ask(&find, request).await, owners)
        };
        ctx.spawn(reading.into_actor(self).map(|(found, owners), actor, ctx| {
            actor.asking.presence = false;
            if let Ok(found) = found {
                actor.say_presence(&owners, found);
            }
            actor.tell_presence([], ctx);
        }));
    }

    fn say_presence(&self, owners: &[UserId], found: Vec<PresenceView>) {
        let mut found: HashMap<UserId, PresenceView> =
            found.into_iter().map(|view| (view.user_id, view)).collect();
        for owner in owners {
            let view = found.remove(owner).unwrap_or_else(|| nowhere(*owner));
            self.room.node.watches.note(&view, self.link.id);
            self.link.push(Event::PresenceUpdated(&view).frame());
        }
    }
}

/// Nothing is to be seen: hidden, or never here.
fn is_hidden(view: &PresenceView) -> bool {
    !view.online && view.last_seen.is_none()
}

fn nowhere(user_id: UserId) -> PresenceView {
    PresenceView {
        user_id,
        online: false,
        last_seen: None,
    }
}

async fn view(node: &Node, viewer: UserId, owner: UserId) -> Answer<PresenceView> {
    ask(&node.get_presence, GetPresence { viewer, owner }).await
}
