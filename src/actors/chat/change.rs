//! Every change of a chat that is not a send: decided on what is stored, written, announced.
//!
//! One at a time per chat and with nothing else in flight, so what it decides on cannot move.

use serde_json::value::RawValue;

use super::announce::Outgoing;
use super::requests::ChatCommand;
use super::scope::ChatScope;
use crate::actors::request::ReplyTo;
use crate::domain::message::{Message, MessageKind};
use crate::error::Failure;
use crate::id::{MediaId, MessageId, UserId};
use crate::storage::StoreErrorKind;
use crate::storage::messages::{Appended, Change, ChatEffect, Entry};

/// Attempts at one change; each after the first follows a number lost to another owner.
const ATTEMPTS: usize = 4;

/// What a change came to be, before it is written.
pub enum Decision {
    /// It holds already: answered as the first time, nothing is written.
    Already,
    Write(Box<Change>),
    /// As `Write`; with it goes a reference to this medium.
    WriteReleasing(Box<Change>, MediaId),
}

/// A change that can be decided on a scope, again after a lost number.
pub trait Decide: Send {
    fn decide(&self, scope: &ChatScope) -> impl Future<Output = Result<Decision, Failure>> + Send;
}

/// Carries out a command that changes the chat, and answers it.
/// `true`: heads could not be learnt, the chat must be loaded afresh.
pub async fn carry_out(mut scope: ChatScope, command: ChatCommand) -> (ChatScope, bool) {
    let scope_ref = &mut scope;
    let lost = match command {
        ChatCommand::Edit(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::Delete(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::React(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::AddMembers(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::RemoveMember(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::SetRole(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::UpdateChat(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::SetTimer(change, reply) => answer(scope_ref, &change, reply).await,
        ChatCommand::Erase(member, reply) => member.carry_out(scope_ref, reply).await,
        ChatCommand::Refresh(reply) => {
            reply.answer(scope_ref.reload_roster().await);
            false
        }
        // These never wait for the log.
        ChatCommand::Send(_) | ChatCommand::Acknowledge(_) | ChatCommand::Typing(_) => false,
    };
    (scope, lost)
}

async fn answer(scope: &mut ChatScope, change: &impl Decide, reply: ReplyTo<()>) -> bool {
    let (outcome, lost) = run(scope, change).await;
    reply.answer(outcome.map(|_| ()));
    lost
}

/// Decides, writes and announces a change. `Ok(true)`: written, `Ok(false)`: it held already.
pub async fn run(scope: &mut ChatScope, change: &impl Decide) -> (Result<bool, Failure>, bool) {
    scope.freshen().await;
    for _ in 0..ATTEMPTS {
        let (decided, medium) = match change.decide(scope).await {
            Ok(Decision::Already) => return (Ok(false), false),
            Ok(Decision::Write(decided)) => (*decided, None),
            Ok(Decision::WriteReleasing(decided, medium)) => (*decided, Some(medium)),
            Err(failure) => return (Err(failure), false),
        };
        let entry = Entry {
            rev: scope.heads.rev + 1,
            at: scope.services.clock.now(),
            change: decided.clone(),
        };
        match scope.append(vec![entry]).await {
            Appended::Committed => {
                if let Some(medium) = medium {
                    scope.services.media.release(vec![medium]);
                }
                let lost = settle(scope, &decided).await.is_err();
                if lost {
                    // Written, and its frames could not be made: heads are to find it.
                    scope.services.fanout.lost_everywhere();
                }
                return (Ok(true), lost);
            }
            Appended::Conflict { .. } => {
                metrics::counter!("troupe_chat_conflicts_total").increment(1);
                if let Err(failure) = scope.reload().await {
                    return (Err(failure), true);
                }
            }
            Appended::Failed(error) => {
                let lost =
                    error.kind != StoreErrorKind::Unavailable || scope.reload().await.is_err();
                return (Err(error.into()), lost);
            }
        }
    }
    let failure = Failure::unavailable("this chat is contended, try again");
    (Err(failure), true)
}

/// After the commit: heads, roster, frames.
async fn settle(scope: &mut ChatScope, change: &Change) -> Result<(), Failure> {
    scope.heads.rev += 1;
    let outgoing = match change {
        Change::Acted { message, effect } => {
            scope.heads.seq = message.seq;
            let before = std::sync::Arc::clone(&scope.cast);
            if let Err(failure) = scope.reload_roster().await {
                tell_removed(scope, message, effect);
                return Err(failure);
            }
            let mut to = scope.cast.active.to_vec();
            let gone = |user: &&UserId| !scope.cast.active.contains(user);
            to.extend(before.active.iter().filter(gone));
            scope.announce_effect(message, effect, to)
        }
        Change::Edited { message_id, .. }
        | Change::Reacted { message_id, .. }
        | Change::Deleted { message_id, .. } => {
            let messages = &scope.services.stores.messages;
            let found = messages.find(vec![*message_id]).await?;
            let deleted = matches!(change, Change::Deleted { .. });
            match found.first() {
                Some(message) => scope.announce_change(message, deleted).await,
                None => Outgoing::new(),
            }
        }
        Change::SenderErased { sender } => scope.announce_erasure(*sender),
        Change::Sent(_) | Change::Created => Outgoing::new(),
    };
    scope.announcing();
    scope.services.fanout.send(outgoing);
    Ok(())
}

/// Heads find what was not told to who is still in the chat; who was removed has no heads of it.
fn tell_removed(scope: &ChatScope, message: &Message, effect: &ChatEffect) {
    if let ChatEffect::MembersGone { user_ids, .. } = effect {
        let told = scope.announce_effect(message, effect, user_ids.clone());
        scope.services.fanout.send(told);
    }
}

impl ChatScope {
    /// The system message that tells of an effect, numbered next.
    pub fn system_message(
        &self,
        actor: UserId,
        event: &serde_json::Value,
        effect: ChatEffect,
    ) -> Result<Decision, Failure> {
        let now = self.services.clock.now();
        let payload = RawValue::from_string(event.to_string()).map_err(|_| Failure::internal())?;
        let message = Message {
            id: MessageId::new(),
            chat_id: self.chat_id,
            seq: self.heads.seq + 1,
            rev: self.heads.rev + 1,
            sender_id: actor,
            client_message_id: None,
            content_hash: [0; 16],
            kind: MessageKind::System,
            payload,
            reply_to_id: None,
            forwarded: false,
            reactions: std::collections::BTreeMap::new(),
            is_deleted: false,
            edited_at: None,
            expires_at: None,
            created_at: now,
            updated_at: now,
        };
        Ok(Decision::Write(Box::new(Change::Acted {
            message: Box::new(message),
            effect,
        })))
    }
}
