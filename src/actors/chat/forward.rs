//! Copies of a message for other chats. Of a key nothing is kept but which message goes to which
//! chats: each copy is found again by its own client id, and what a message said stays nowhere else.

use std::collections::HashMap;

use futures_util::future::join_all;
use serde::{Deserialize, Serialize};

use super::group::Desk;
use super::requests::{ChatCommand, ForwardMessage, Forwarded, SendAnswer, SendMessage};
use crate::actors::request::Answer;
use crate::domain::chat::Roster;
use crate::domain::chat_rules;
use crate::domain::message::{Draft, Message, draft, windows};
use crate::error::{ErrorCode, Failure};
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::idempotency::KeyOf;
use crate::wire::message::SentView;

/// What goes where; kept under the key of the call.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Order {
    message_id: MessageId,
    chat_ids: Vec<ChatId>,
}

impl Desk {
    pub(super) async fn forward_message(&self, ask: ForwardMessage) -> Answer<Forwarded> {
        let user = ask.user;
        let key = ask.idempotency_key.map(|key| KeyOf {
            user_id: user,
            call: "forward",
            key,
        });
        let asked = Order {
            message_id: ask.message_id,
            chat_ids: ask.chat_ids,
        };
        let first = match &key {
            Some(key) => self.order_of(key).await?,
            None => None,
        };
        let mut is_repeat = first.is_some();
        let mut order = first.unwrap_or(asked);
        if !is_repeat {
            // Refused before the key is taken: it can then be used for what is allowed.
            self.copy_of(user, order.message_id).await?;
            self.check_chats(user, &order, &HashMap::new()).await?;
            if let Some(key) = &key {
                (order, is_repeat) = self.keep(key, order).await?;
            }
        }
        let is_named = key.is_some();
        let batch = key.map_or_else(|| MessageId::new().to_string(), |key| key.key);
        let copies = match is_repeat {
            true => self.copies(user, &order, &batch).await?,
            false => HashMap::new(),
        };
        let items = self
            .send_copies(user, &order, (&batch, is_named), copies)
            .await?;
        Ok(Forwarded { items, is_repeat })
    }

    async fn order_of(&self, key: &KeyOf) -> Answer<Option<Order>> {
        let kept = &self.stores.idempotency;
        let found = kept.find(key.clone(), self.clock.now()).await?;
        found.map(|bytes| read(&bytes)).transpose()
    }

    /// Takes the key. Who comes second gets the order of who was first.
    async fn keep(&self, key: &KeyOf, order: Order) -> Answer<(Order, bool)> {
        let bytes = serde_json::to_vec(&order).map_err(|_| Failure::internal())?;
        let kept = &self.stores.idempotency;
        let kept = kept.insert(key.clone(), bytes, self.clock.now()).await?;
        Ok((read(&kept.answer)?, kept.is_repeat))
    }

    /// What was sent of an order before.
    async fn copies(
        &self,
        user: UserId,
        order: &Order,
        batch: &str,
    ) -> Answer<HashMap<ChatId, Draft>> {
        let messages = &self.stores.messages;
        let found = join_all(order.chat_ids.iter().map(|chat_id| {
            let key = (user, client_id(batch, *chat_id));
            messages.find_by_client_ids(*chat_id, vec![key])
        }));
        let mut copies = HashMap::new();
        for found in found.await {
            for copy in found? {
                copies.insert(copy.chat_id, repeat_of(copy));
            }
        }
        Ok(copies)
    }

    /// A message as it is sent on: only what is there for the user, and what people sent.
    async fn copy_of(&self, user: UserId, message_id: MessageId) -> Answer<Draft> {
        let (message, row) = self.seen(user, message_id).await?;
        if !row.is_active() {
            return Err(Failure::not_found());
        }
        windows::may_forward(&message, self.clock.now())?;
        Ok(Draft {
            kind: message.kind,
            content_hash: draft::content_hash(message.kind, &message.payload, None),
            payload: message.payload,
            reply_to_id: None,
        })
    }

    /// Whether the user may send in all of these chats that have no copy yet; errors name which not.
    async fn check_chats(
        &self,
        user: UserId,
        order: &Order,
        copies: &HashMap<ChatId, Draft>,
    ) -> Answer<()> {
        let open: Vec<ChatId> = order
            .chat_ids
            .iter()
            .copied()
            .filter(|chat_id| !copies.contains_key(chat_id))
            .collect();
        let rosters = self.stores.chats.find_all(open.clone()).await?;
        let rosters: HashMap<ChatId, Roster> = rosters
            .into_iter()
            .map(|roster| (roster.chat.id, roster))
            .collect();
        let refused = order.chat_ids.iter().enumerate().filter_map(|(place, id)| {
            let verdict = match rosters.get(id) {
                Some(roster) => chat_rules::may_send(roster, user),
                None => Err(Failure::not_found()),
            };
            let failure = verdict.err().filter(|_| open.contains(id))?;
            Some((place, failure))
        });
        refused_as_one(refused.collect())
    }

    async fn send_copies(
        &self,
        user: UserId,
        order: &Order,
        (batch, is_named): (&str, bool),
        mut copies: HashMap<ChatId, Draft>,
    ) -> Answer<Vec<SentView>> {
        if copies.len() < order.chat_ids.len() {
            let draft = self.copy_of(user, order.message_id).await?;
            self.check_chats(user, order, &copies).await?;
            for chat_id in &order.chat_ids {
                copies.entry(*chat_id).or_insert_with(|| draft.clone());
            }
        }
        let sends = order.chat_ids.iter().filter_map(|chat_id| {
            let draft = copies.remove(chat_id)?;
            let client_message_id = client_id(batch, *chat_id);
            Some(self.door.ask(*chat_id, move |reply| {
                ChatCommand::Send(SendMessage {
                    sender: user,
                    client_message_id,
                    is_named,
                    draft,
                    forwarded: true,
                    reply: SendAnswer::caller(reply),
                })
            }))
        });
        let sent = join_all(sends).await.into_iter().enumerate();
        let mut items = Vec::with_capacity(order.chat_ids.len());
        let mut refused = Vec::new();
        for (place, sent) in sent {
            match sent {
                Ok(view) => items.push(view),
                Err(failure) => refused.push((place, failure)),
            }
        }
        refused_as_one(refused)?;
        Ok(items)
    }
}

/// A copy under its own words and hash, so that sending it again is a repeat, whatever became of it.
fn repeat_of(copy: Message) -> Draft {
    Draft {
        kind: copy.kind,
        payload: copy.payload,
        reply_to_id: None,
        content_hash: copy.content_hash,
    }
}

fn client_id(batch: &str, chat_id: ChatId) -> String {
    format!("{batch}:{chat_id}")
}

fn read(bytes: &[u8]) -> Answer<Order> {
    serde_json::from_slice(bytes).map_err(|error| {
        tracing::error!(cause = %error, "what a key is kept for could not be read");
        Failure::internal()
    })
}

/// One refusal that names every chat it is about: what is not there counts most.
fn refused_as_one(refused: Vec<(usize, Failure)>) -> Answer<()> {
    let missing = refused
        .iter()
        .find(|(_, failure)| failure.code() == ErrorCode::NotFound);
    let Some((_, main)) = missing.or(refused.first()) else {
        return Ok(());
    };
    let main = main.clone();
    Err(refused.iter().fold(main, |main, (place, failure)| {
        main.with_field(format!("chatIds[{place}]"), failure.message().to_owned())
    }))
}
