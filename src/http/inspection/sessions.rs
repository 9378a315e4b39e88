//! `/admin/sessions/{userId}`: where someone is signed in, and his sockets on every node.

use actix_web::{HttpResponse, Responder, web};
use serde::Serialize;

use crate::actors::group::Group;
use crate::actors::inspection::requests::{InspectSockets, NodeDesk, Silent, SocketSeen};
use crate::clock::{Clock, Timestamp};
use crate::error::Failure;
use crate::http::Answer;
use crate::http::extract::Id;
use crate::id::{SessionId, UserId};
use crate::storage::Stores;
use crate::storage::sessions::Session;
use crate::wire::page::MOST_LIMIT;

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SessionsView {
    user_id: UserId,
    online: bool,
    last_seen: Option<Timestamp>,
    /// The oldest first; of all nodes that answered.
    connections: Vec<ConnectionView>,
    /// How many sign-ins are stored, counted to 200, and these.
    stored_sessions: usize,
    sessions: Vec<StoredSession>,
    /// Processes with sockets that did not answer: what they have is missing.
    unanswered: Vec<Silent>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ConnectionView {
    #[serde(flatten)]
    socket: SocketSeen,
    /// Of the session's device; `null` where it did not say, or the session is over.
    device_id: Option<String>,
    platform: Option<String>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct StoredSession {
    id: SessionId,
    device_id: Option<String>,
    platform: Option<String>,
    created_at: Timestamp,
    last_used_at: Timestamp,
    expires_at: Timestamp,
    connections: usize,
}

/// 404 for someone who is not there.
pub async fn show(
    desk: web::Data<NodeDesk>,
    stores: web::Data<Stores>,
    clock: web::Data<Clock>,
    user: Id<UserId>,
) -> Answer<impl Responder> {
    let user = user.0;
    if stores.users.find(user).await?.is_none() {
        return Err(Failure::not_found().into());
    }
    let request = InspectSockets { user };
    let asked = desk
        .ask_all(Some(Group::Websocket), request, |node| {
            &node.inspect_sockets
        })
        .await;
    let of_all = asked.answers.into_iter().flat_map(|(_, sockets)| sockets);
    let mut sockets: Vec<SocketSeen> = of_all.collect();
    sockets.sort_by_key(|socket| (socket.since, socket.connection_id));
    let now = clock.now();
    let sessions = stores.sessions.list(user, now, None, MOST_LIMIT).await?;
    let seen = stores.presence.find(vec![user]).await?;
    let seen = seen.first();
    Ok(HttpResponse::Ok().json(SessionsView {
        user_id: user,
        online: seen.is_some_and(|seen| seen.online),
        last_seen: seen.and_then(|seen| seen.last_seen),
        stored_sessions: sessions.len(),
        sessions: sessions.iter().map(|one| stored(one, &sockets)).collect(),
        connections: sockets
            .into_iter()
            .map(|socket| connection(socket, &sessions))
            .collect(),
        unanswered: asked.silent,
    }))
}

fn connection(socket: SocketSeen, sessions: &[Session]) -> ConnectionView {
    let session = sessions.iter().find(|one| one.id == socket.session_id);
    ConnectionView {
        device_id: session.and_then(|session| session.device_id.clone()),
        platform: session.and_then(|session| session.platform.clone()),
        socket,
    }
}

fn stored(session: &Session, sockets: &[SocketSeen]) -> StoredSession {
    let of_it = sockets.iter().filter(|one| one.session_id == session.id);
    StoredSession {
        id: session.id,
        device_id: session.device_id.clone(),
        platform: session.platform.clone(),
        created_at: session.created_at,
        last_used_at: session.last_used_at,
        expires_at: session.expires_at,
        connections: of_it.count(),
    }
}
