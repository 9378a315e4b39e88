//! Typing: told to the others, never stored, over after 5 s.

use std::sync::Arc;
use std::time::Duration;

use actix::{AsyncContext, Context};

use super::actor::ChatActor;
use super::requests::Typing;
use crate::actors::fanout::FanOut;
use crate::domain::chat_rules;
use crate::id::UserId;
use crate::wire::frame::Event;

/// How long one `typing.start` lasts.
const TYPING: Duration = Duration::from_secs(5);

impl ChatActor {
    pub(super) fn typing(&mut self, typing: Typing, ctx: &mut Context<Self>) {
        let Some(scope) = self.scope() else {
            return;
        };
        if let Err(failure) = scope.roster().active(typing.user) {
            return typing.reply.refuse(&failure);
        }
        typing.reply.done();
        if !typing.started {
            self.stop_typing(typing.user, ctx);
            return;
        }
        let user = typing.user;
        let due = ctx.run_later(TYPING, move |actor, ctx| actor.stop_typing(user, ctx));
        match self.typing.insert(user, due) {
            Some(earlier) => {
                ctx.cancel_future(earlier);
            }
            None => self.tell_typing(user, true),
        }
    }

    /// Ends someone's typing, if he was: by himself, by sending, or by time.
    pub(super) fn stop_typing(&mut self, user: UserId, ctx: &mut Context<Self>) {
        if let Some(due) = self.typing.remove(&user) {
            ctx.cancel_future(due);
            self.note();
            self.tell_typing(user, false);
        }
    }

    fn tell_typing(&self, user_id: UserId, started: bool) {
        let Some(scope) = self.scope() else {
            return;
        };
        let chat_id = scope.chat_id;
        let event = if started {
            Event::TypingStart { chat_id, user_id }
        } else {
            Event::TypingStop { chat_id, user_id }
        };
        let to: Arc<[UserId]> = chat_rules::recipients(scope.roster(), user_id)
            .into_iter()
            .filter(|watcher| chat_rules::shows_activity(scope.roster(), user_id, *watcher))
            .collect();
        scope.services.fanout.fan_out(FanOut {
            frame: event.frame(),
            to,
            except: None,
            status: None,
        });
    }
}
