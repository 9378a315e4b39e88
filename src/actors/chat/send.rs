//! A batch of sends of one chat: checked, numbered, written, acked and fanned out (D1–D3).

use std::collections::HashMap;

use ahash::AHashSet;

use tracing::Span;

use super::announce::Outgoing;
use super::media;
use super::requests::SendAnswer;
use super::scope::ChatScope;
use crate::domain::chat_rules;
use crate::domain::message::{Draft, Message};
use crate::error::{ErrorCode, Failure};
use crate::id::{MessageId, UserId};
use crate::storage::StoreErrorKind;
use crate::storage::messages::{Appended, Change, Entry, Heads};
use crate::trace;
use crate::wire::message::{MessageView, SentView};

/// Attempts at one batch: each one after the first follows a conflict that was resolved.
const ATTEMPTS: usize = 8;

/// A send that waits for its number.
#[derive(Debug)]
pub struct PendingSend {
    pub sender: UserId,
    pub client_message_id: String,
    pub is_named: bool,
    pub draft: Draft,
    pub forwarded: bool,
    pub answer: SendAnswer,
}

/// What a batch left behind.
pub struct SendsDone {
    pub scope: ChatScope,
    /// Seq and sender of every message written, for receipts.
    pub written: Vec<(u64, UserId)>,
    /// Heads could not be learnt: the chat must be loaded afresh.
    pub lost: bool,
}

/// A numbered send: its view is made before the store takes the message.
struct Numbered {
    pending: PendingSend,
    view: MessageView,
    /// From its number until its frames have left; none where it is not traced.
    span: Span,
}

impl Numbered {
    fn new(scope: &ChatScope, pending: PendingSend, view: MessageView) -> Self {
        let span = trace::child(pending.answer.trace(), || {
            let node = scope.services.fanout.me();
            tracing::debug_span!(parent: None, "chat.send", chat.id = %view.chat_id, seq = view.seq, node.id = %node)
        });
        Self {
            pending,
            view,
            span,
        }
    }

    /// The store's part of it.
    fn commit(&self, batch: usize) -> Span {
        trace::child(
            trace::of(&self.span),
            || tracing::debug_span!(parent: None, "store.commit", batch),
        )
    }
}

/// Sends a batch and answers every one of it.
pub async fn send_batch(mut scope: ChatScope, batch: Vec<PendingSend>) -> SendsDone {
    let mut written = Vec::with_capacity(batch.len());
    let mut lost = false;
    scope.freshen().await;
    let mut waiting = batch;
    let mut repeats = Vec::new();
    let mut refusal = Failure::unavailable("this chat is contended, try again");
    for _ in 0..ATTEMPTS {
        let allowed = set_aside(check(&scope, waiting).await, &mut repeats);
        waiting = Vec::new();
        if allowed.is_empty() {
            break;
        }
        let shown = media::shown(&scope, &allowed).await;
        let (entries, numbered) = number(&scope, allowed, &shown);
        let count = numbered.len();
        let commits = numbered.iter().map(|one| one.commit(count));
        let commits: Vec<Span> = commits.filter(|span| !span.is_none()).collect();
        let appended = scope.append(entries).await;
        drop(commits);
        match appended {
            Appended::Committed => {
                publish(&mut scope, numbered, &mut written);
                break;
            }
            Appended::Conflict { committed } => {
                metrics::counter!("troupe_chat_conflicts_total").increment(1);
                let mut numbered = numbered;
                let rest = numbered.split_off(committed.min(count));
                publish(&mut scope, numbered, &mut written);
                let rest = rest.into_iter().map(|one| one.pending).collect();
                if let Err(failure) = scope.reload().await {
                    (lost, refusal, waiting) = (true, failure, rest);
                    break;
                }
                waiting = answer_repeats(&scope, rest).await;
            }
            Appended::Failed(error) => {
                // What may have been written late takes numbers: heads are read before the next.
                lost = error.kind != StoreErrorKind::Unavailable || scope.reload().await.is_err();
                refusal = error.into();
                waiting = numbered.into_iter().map(|one| one.pending).collect();
                break;
            }
        }
    }
    refuse_all(waiting, &refusal);
    if !repeats.is_empty() {
        refuse_all(answer_repeats(&scope, repeats).await, &refusal);
    }
    SendsDone {
        scope,
        written,
        lost,
    }
}

/// Lets one send of each id go on. The others are answered once it is known what became of it: each
/// would be a conflict and cost the whole batch an attempt.
fn set_aside(batch: Vec<PendingSend>, repeats: &mut Vec<PendingSend>) -> Vec<PendingSend> {
    let mut seen = AHashSet::with_capacity(batch.len());
    let is_first: Vec<bool> = batch
        .iter()
        .map(|send| seen.insert((send.sender, send.client_message_id.as_str())))
        .collect();
    if seen.len() == batch.len() {
        return batch;
    }
    let mut first = Vec::with_capacity(batch.len());
    for (send, is_first) in batch.into_iter().zip(is_first) {
        if is_first { &mut first } else { &mut *repeats }.push(send);
    }
    first
}

fn refuse_all(sends: Vec<PendingSend>, failure: &Failure) {
    for send in sends {
        send.answer.refuse(failure);
    }
}

/// Lets through what may be sent. Before anything is refused the store is asked whether it was
/// sent before (D2): a repeat is answered with its first ids even if it would be refused today.
async fn check(scope: &ChatScope, batch: Vec<PendingSend>) -> Vec<PendingSend> {
    let replied = replied_messages(scope, &batch).await;
    let mut leaves = media::claim(scope, &batch).await.into_iter();
    let mut allowed = Vec::with_capacity(batch.len());
    let mut refused = Vec::new();
    for send in batch {
        let leave = match send.draft.kind.carries_media() {
            true => leaves.next().unwrap_or_else(|| Err(Failure::internal())),
            false => Ok(()),
        };
        let verdict = chat_rules::may_send(scope.roster(), send.sender)
            .and(leave)
            .and_then(|()| check_reply(scope, &send, &replied));
        match verdict {
            Ok(()) => allowed.push(send),
            Err(failure) => refused.push((send, failure)),
        }
    }
    if !refused.is_empty() {
        let (sends, failures): (Vec<_>, Vec<_>) = refused.into_iter().unzip();
        let failures: HashMap<(UserId, String), Failure> = sends
            .iter()
            .map(|send: &PendingSend| (send.sender, send.client_message_id.clone()))
            .zip(failures)
            .collect();
        for send in answer_repeats(scope, sends).await {
            let key = (send.sender, send.client_message_id.clone());
            let failure = failures.get(&key).cloned();
            send.answer
                .refuse(&failure.unwrap_or_else(Failure::not_found));
        }
    }
    allowed
}

async fn replied_messages(
    scope: &ChatScope,
    batch: &[PendingSend],
) -> Result<HashMap<MessageId, Message>, Failure> {
    let ids: Vec<MessageId> = batch
        .iter()
        .filter_map(|send| send.draft.reply_to_id)
        .collect();
    if ids.is_empty() {
        return Ok(HashMap::new());
    }
    let found = scope.services.stores.messages.find(ids).await?;
    Ok(found
        .into_iter()
        .map(|message| (message.id, message))
        .collect())
}

fn check_reply(
    scope: &ChatScope,
    send: &PendingSend,
    replied: &Result<HashMap<MessageId, Message>, Failure>,
) -> Result<(), Failure> {
    let Some(id) = send.draft.reply_to_id else {
        return Ok(());
    };
    let member = scope.roster().active(send.sender)?;
    let known = replied.as_ref().map_err(Clone::clone)?.get(&id);
    match known {
        Some(message) if message.chat_id == scope.chat_id && member.sees(message.seq) => Ok(()),
        _ => Err(Failure::not_found().with_field("replyToId", "no such message in this chat")),
    }
}

fn number(
    scope: &ChatScope,
    batch: Vec<PendingSend>,
    shown: &media::Shown,
) -> (Vec<Entry>, Vec<Numbered>) {
    let now = scope.services.clock.now();
    let timer = scope.roster().chat.auto_delete_timer;
    let mut heads = scope.heads;
    let mut entries = Vec::with_capacity(batch.len());
    let mut numbered = Vec::with_capacity(batch.len());
    for pending in batch {
        heads.seq += 1;
        heads.rev += 1;
        let message = Message {
            id: MessageId::new(),
            chat_id: scope.chat_id,
            seq: heads.seq,
            rev: heads.rev,
            sender_id: pending.sender,
            client_message_id: Some(pending.client_message_id.clone()),
            content_hash: pending.draft.content_hash,
            kind: pending.draft.kind,
            payload: pending.draft.payload.clone(),
            reply_to_id: pending.draft.reply_to_id,
            forwarded: pending.forwarded,
            reactions: std::collections::BTreeMap::new(),
            is_deleted: false,
            edited_at: None,
            expires_at: timer.map(|seconds| now + std::time::Duration::from_secs(seconds.into())),
            created_at: now,
            updated_at: now,
        };
        let mut view = MessageView::new(&message, now);
        if let Some(id) = view.media_id() {
            view.show(shown.get(&id));
        }
        numbered.push(Numbered::new(scope, pending, view));
        entries.push(Entry {
            rev: heads.rev,
            at: now,
            change: Change::Sent(Box::new(message)),
        });
    }
    (entries, numbered)
}

/// Acks and fans out what is durable, in rev order.
fn publish(scope: &mut ChatScope, batch: Vec<Numbered>, written: &mut Vec<(u64, UserId)>) {
    let mut outgoing: Outgoing = Vec::with_capacity(batch.len() * 2);
    // They end once the frames have left.
    let mut spans = Vec::new();
    for Numbered {
        pending,
        view,
        span,
    } in batch
    {
        scope.heads = Heads {
            seq: view.seq,
            rev: view.rev,
        };
        written.push((view.seq, view.sender_id));
        let encoded = view.encoded();
        let from = pending.answer.connection();
        let mut fan_out = scope.new_message(scope.heads, &encoded, from);
        if !span.is_none() {
            let context = trace::of(&span);
            fan_out.trace(context);
            // The relay goes on there when it makes an event of it.
            trace::leave((view.chat_id.0.as_u128(), view.rev), context);
            spans.push(span);
        }
        let status = super::status::first_status(scope.roster(), &view);
        let sent = SentView::new(
            MessageView {
                status: Some(status),
                ..view
            },
            false,
        );
        pending.answer.ack(sent, &encoded, &mut outgoing);
        outgoing.push((None, fan_out));
    }
    scope.announcing();
    scope.services.fanout.send(outgoing);
}

/// Answers those that were sent before and gives back the others. The same words under the same
/// id are a repeat; other words are a conflict.
async fn answer_repeats(scope: &ChatScope, batch: Vec<PendingSend>) -> Vec<PendingSend> {
    let keys = batch
        .iter()
        .map(|send| (send.sender, send.client_message_id.clone()))
        .collect();
    let messages = &scope.services.stores.messages;
    let found = match messages.find_by_client_ids(scope.chat_id, keys).await {
        Ok(found) => found,
        Err(error) => {
            refuse_all(batch, &error.into());
            return Vec::new();
        }
    };
    let first: HashMap<(UserId, String), Message> = found
        .into_iter()
        .filter_map(|m| Some(((m.sender_id, m.client_message_id.clone()?), m)))
        .collect();
    let mut fresh = Vec::new();
    let mut outgoing = Outgoing::new();
    for send in batch {
        match first.get(&(send.sender, send.client_message_id.clone())) {
            None => fresh.push(send),
            Some(message) if message.content_hash == send.draft.content_hash => {
                match super::status::sender_view(scope, message).await {
                    Ok(view) => {
                        let encoded = view.encoded();
                        // The rev of one that was changed since is not where it was sent.
                        let is_news = !send.is_named && view.updated_at == view.created_at;
                        let sent = SentView::new(view, !is_news);
                        send.answer.ack(sent, &encoded, &mut outgoing);
                    }
                    Err(failure) => send.answer.refuse(&failure),
                }
            }
            Some(_) => send.answer.refuse(&Failure::new(
                ErrorCode::Conflict,
                "another message was sent with this clientMessageId",
            )),
        }
    }
    scope.services.fanout.send(outgoing);
    fresh
}
