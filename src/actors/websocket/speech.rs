//! What each frame of a client sets going.

use std::collections::BTreeSet;
use std::time::Duration;

use actix::{ActorFutureExt, AsyncContext, Context, WrapFuture};
use uuid::Uuid;

use super::connection::ConnectionActor;
use super::frame::ClientFrame;
use super::presence::WATCHED_PER_SOCKET;
use super::session::{Mark, SessionOrder};
use crate::actors::auth::requests::{TokenClaims, ValidateToken};
use crate::actors::chat::requests::{ChatCommand, CommandAnswer, SendMessage, Typing};
use crate::actors::request::{Answer, ask};
use crate::domain::message::Draft;
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::wire::frame;
use crate::wire::socket::SocketEvent;

impl ConnectionActor {
    pub(super) fn handle_frame(
        &mut self,
        id: Option<String>,
        frame: ClientFrame,
        ctx: &mut Context<Self>,
    ) {
        match frame {
            ClientFrame::Send {
                chat_id,
                client_message_id,
                draft,
            } => self.send(id, chat_id, client_message_id, draft),
            ClientFrame::Acknowledge { chat_id, kind, seq } => {
                let mark = Mark {
                    seq,
                    reply: self.answer(id),
                };
                let order = SessionOrder::Mark {
                    chat_id,
                    kind,
                    mark,
                };
                self.tell_session(order, ctx);
            }
            ClientFrame::Typing { chat_id, started } => self.typing(id, chat_id, started),
            ClientFrame::Subscribe(user_ids) => self.watch(id.as_deref(), user_ids, ctx),
            ClientFrame::Unsubscribe(user_ids) => {
                for user in user_ids {
                    self.unwatch(user);
                }
            }
            ClientFrame::Sync(request) => self.sync(id, request, ctx),
            ClientFrame::State { foreground } => self.set_foreground(foreground, ctx),
            ClientFrame::Renew { token } => self.renew(id, token, ctx),
            ClientFrame::Ping => {
                let pong = SocketEvent::Pong { id: id.as_deref() };
                self.link.push(pong.frame());
            }
        }
    }

    /// The ack comes back through the lane, from the commit itself.
    fn send(
        &self,
        id: Option<String>,
        chat_id: ChatId,
        client_message_id: Option<String>,
        draft: Draft,
    ) {
        let (user, node) = (self.link.user, self.room.node.fanout.me());
        let span = tracing::debug_span!(parent: None, "frame.send", chat.id = %chat_id, user.id = %user, node.id = %node);
        let _entered = span.enter();
        self.link.expect_answer(draft.payload.get().len());
        let command = ChatCommand::Send(SendMessage {
            sender: user,
            is_named: client_message_id.is_some(),
            client_message_id: client_message_id.unwrap_or_else(|| Uuid::now_v7().to_string()),
            draft,
            forwarded: false,
            reply: self.answer(id),
        });
        self.room.node.door.tell(chat_id, command);
    }

    /// Where the answer of a command from this socket goes.
    fn answer<T>(&self, id: Option<String>) -> CommandAnswer<T> {
        let socket = self.room.socket(&self.link);
        CommandAnswer::socket(socket, id, self.room.node.fanout.clone())
    }

    /// Each goes on: a repeat moves the end, and only the chat knows what ended it meanwhile.
    fn typing(&self, id: Option<String>, chat_id: ChatId, started: bool) {
        let command = ChatCommand::Typing(Typing {
            user: self.link.user,
            started,
            reply: self.answer(id),
        });
        self.room.node.door.tell(chat_id, command);
    }

    /// Watches people for this socket, and says of each how he stands.
    fn watch(&mut self, id: Option<&str>, user_ids: Vec<UserId>, ctx: &mut Context<Self>) {
        let user_ids: BTreeSet<UserId> = user_ids.into_iter().collect();
        let fresh: Vec<UserId> = user_ids.difference(&self.watched).copied().collect();
        if self.watched.len() + fresh.len() > WATCHED_PER_SOCKET {
            let message = "one connection watches at most 500 people";
            return self.refuse(id, &Failure::invalid("userIds", message));
        }
        for user in fresh {
            if self.watched.insert(user) {
                let place = self.room.socket(&self.link);
                self.room.node.watches.insert(user, self.link.user, place);
            }
        }
        self.tell_presence(user_ids, ctx);
    }

    fn unwatch(&mut self, user: UserId) {
        if self.watched.remove(&user) {
            self.untold.remove(&user);
            self.room.node.watches.remove(user, self.link.id);
        }
    }

    /// Back in front, a client is told how those it watches stand now.
    fn set_foreground(&mut self, foreground: bool, ctx: &mut Context<Self>) {
        let was_background = self.link.set_background(!foreground);
        if foreground && was_background {
            let watched = self.watched.clone();
            self.tell_presence(watched, ctx);
        }
    }

    /// A newer token of the same session moves the end of this socket.
    fn renew(&mut self, id: Option<String>, token: String, ctx: &mut Context<Self>) {
        if std::mem::replace(&mut self.asking.renewal, true) {
            let failure = Failure::rate_limited(Duration::from_secs(1));
            return self.refuse(id.as_deref(), &failure);
        }
        let validate = self.room.node.validate_token.clone();
        let checking = async move { ask(&validate, ValidateToken { token }).await };
        ctx.spawn(checking.into_actor(self).map(move |claims, actor, _| {
            actor.asking.renewal = false;
            match actor.take_claims(claims) {
                Ok(claims) => {
                    let renewed = SocketEvent::Renewed {
                        id: id.as_deref(),
                        token_expires_at: claims.expires_at,
                    };
                    actor.link.push(renewed.frame());
                }
                Err(failure) => actor.link.push(frame::error(id.as_deref(), &failure)),
            }
        }));
    }

    fn take_claims(&self, claims: Answer<TokenClaims>) -> Answer<TokenClaims> {
        let claims = claims?;
        if (claims.user_id, claims.session_id) != (self.link.user, self.link.session) {
            return Err(Failure::unauthenticated(
                "this token belongs to another session",
            ));
        }
        self.link.renew(claims.expires_at);
        Ok(claims)
    }
}
