//! What events call for: who in a chat can be reached and must be decided about.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use super::desk::Desk;
use super::hold::Held;
use super::waiting::{Matter, Place};
use crate::clock::Timestamp;
use crate::domain::message::{Message, MessageKind};
use crate::domain::notification::patience;
use crate::domain::receipts::ReceiptKind;
use crate::event::Event;
use crate::id::{ChatId, MessageId, UserId};
use crate::storage::StoreResult;
use crate::storage::events::Received;

/// An event that came, with its place among those that may be held.
pub struct Arrival {
    pub event: Event,
    pub held: Held,
}

impl Arrival {
    pub fn new(received: Received, room: tokio::sync::OwnedSemaphorePermit) -> Self {
        Self {
            held: Held {
                answer: received.answer(),
                attempt: received.attempt,
                trace: received.trace,
                room,
            },
            event: received.event,
        }
    }
}

/// One decision that is called for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub place: Place,
    pub seq: u64,
    /// How long it can wait.
    pub wait: Duration,
}

/// What an event is to this group.
enum Fact {
    Sent {
        chat_id: ChatId,
        seq: u64,
        sender: UserId,
        at: Timestamp,
    },
    Added {
        chat_id: ChatId,
        user_id: UserId,
        seq: u64,
        at: Timestamp,
    },
    Acknowledged {
        chat_id: ChatId,
        user_id: UserId,
        kind: ReceiptKind,
        up_to_seq: u64,
    },
    Changed {
        chat_id: ChatId,
        message_id: MessageId,
        at: Timestamp,
        is_deleted: bool,
    },
    /// None of its business.
    Other,
}

/// What the events of one batch call for.
pub struct Sorted {
    /// For each event, in order.
    pub calls: Vec<Vec<Call>>,
    /// Who has got a chat up to where.
    pub acknowledged: Vec<(ChatId, UserId, u64)>,
}

/// What the stores say about a batch.
struct Known {
    reachable: HashMap<ChatId, Vec<UserId>>,
    /// Whose devices show something that he may have read.
    outstanding: HashSet<(ChatId, UserId)>,
    changed: HashMap<MessageId, Message>,
    /// Whom pushes have brought to which seq.
    pushed: Vec<(ChatId, UserId, u64)>,
}

impl Desk {
    /// Looks up whom the events concern: at most four readings, however many they are.
    pub async fn sort(&self, events: &[Event]) -> StoreResult<Sorted> {
        let facts: Vec<Fact> = events
            .iter()
            .map(|event| read(event).unwrap_or(Fact::Other))
            .collect();
        let known = self.known(&facts).await?;
        let acknowledged = facts.iter().filter_map(|fact| match fact {
            Fact::Acknowledged {
                chat_id,
                user_id,
                up_to_seq,
                ..
            } => Some((*chat_id, *user_id, *up_to_seq)),
            _ => None,
        });
        Ok(Sorted {
            acknowledged: acknowledged.collect(),
            calls: facts.iter().map(|fact| self.calls(fact, &known)).collect(),
        })
    }

    async fn known(&self, facts: &[Fact]) -> StoreResult<Known> {
        let (mut told, mut read, mut changed) = (HashSet::new(), HashSet::new(), HashSet::new());
        for fact in facts {
            match fact {
                Fact::Sent { chat_id, .. } | Fact::Added { chat_id, .. } => {
                    told.insert(*chat_id);
                }
                Fact::Acknowledged {
                    chat_id,
                    user_id,
                    kind: ReceiptKind::Read,
                    ..
                } => {
                    read.insert((*chat_id, *user_id));
                }
                Fact::Changed {
                    chat_id,
                    message_id,
                    ..
                } => {
                    changed.insert((*chat_id, *message_id));
                }
                Fact::Acknowledged { .. } | Fact::Other => {}
            }
        }
        let mut known = Known {
            reachable: HashMap::new(),
            outstanding: HashSet::new(),
            changed: HashMap::new(),
            pushed: Vec::new(),
        };
        let stores = &self.stores;
        if !told.is_empty() {
            let found = stores.devices.list_reachable(told.into_iter().collect());
            for (chat_id, user_id) in found.await? {
                known.reachable.entry(chat_id).or_default().push(user_id);
            }
        }
        if !read.is_empty() {
            let found = stores.pushes.outstanding(read.into_iter().collect());
            known.outstanding = found.await?.into_iter().collect();
        }
        if !changed.is_empty() {
            let (chats, ids): (HashSet<ChatId>, Vec<MessageId>) = changed.into_iter().unzip();
            let marks = stores.pushes.find(chats.into_iter().collect()).await?;
            let shown = marks.into_iter().filter(|mark| mark.is_outstanding());
            let shown = shown.map(|mark| (mark.chat_id, mark.user_id, mark.pushed_seq));
            known.pushed = shown.collect();
            if !known.pushed.is_empty() {
                let found = stores.messages.find(ids).await?;
                known.changed = found.into_iter().map(|one| (one.id, one)).collect();
            }
        }
        Ok(known)
    }

    fn calls(&self, fact: &Fact, known: &Known) -> Vec<Call> {
        match fact {
            Fact::Sent {
                chat_id,
                seq,
                sender,
                at,
            } => {
                let people = known.reachable.get(chat_id).into_iter().flatten();
                let others = people.filter(|user| *user != sender);
                others
                    .map(|user| Call {
                        place: place(*chat_id, *user, Matter::Messages),
                        seq: *seq,
                        wait: self.wait(*user, *at),
                    })
                    .collect()
            }
            Fact::Added {
                chat_id,
                user_id,
                seq,
                at,
            } => {
                let mut people = known.reachable.get(chat_id).into_iter().flatten();
                let found = people.find(|user| *user == user_id);
                found
                    .map(|user| Call {
                        place: place(*chat_id, *user, Matter::Added),
                        seq: *seq,
                        wait: self.wait(*user, *at),
                    })
                    .into_iter()
                    .collect()
            }
            Fact::Acknowledged {
                chat_id,
                user_id,
                up_to_seq,
                ..
            } => {
                let is_shown = known.outstanding.contains(&(*chat_id, *user_id));
                let call = Call {
                    place: place(*chat_id, *user_id, Matter::Clear),
                    seq: *up_to_seq,
                    wait: Duration::ZERO,
                };
                is_shown.then_some(call).into_iter().collect()
            }
            Fact::Changed { .. } => changed(fact, known),
            Fact::Other => Vec::new(),
        }
    }

    /// Who is connected somewhere gets time to say that he has it; nobody is told twice.
    fn wait(&self, user: UserId, at: Timestamp) -> Duration {
        match self.fanout.may_be_online(user) {
            true => patience(at, self.clock.now(), self.rules.wait),
            false => Duration::ZERO,
        }
    }
}

/// Everyone whose devices may show the message as it was.
fn changed(fact: &Fact, known: &Known) -> Vec<Call> {
    let Fact::Changed {
        chat_id,
        message_id,
        at,
        is_deleted,
    } = fact
    else {
        return Vec::new();
    };
    let Some(message) = known.changed.get(message_id) else {
        return Vec::new();
    };
    // A reaction is a change as well, and nothing that is shown.
    if !is_deleted && !message.is_deleted && message.edited_at != Some(*at) {
        return Vec::new();
    }
    let shown = known.pushed.iter().filter(|(chat, user, pushed_seq)| {
        chat == chat_id && *user != message.sender_id && *pushed_seq >= message.seq
    });
    shown
        .map(|(_, user, _)| Call {
            place: place(*chat_id, *user, Matter::Revoke(*message_id)),
            seq: message.seq,
            wait: Duration::ZERO,
        })
        .collect()
}

fn place(chat_id: ChatId, user_id: UserId, matter: Matter) -> Place {
    Place {
        chat_id,
        user_id,
        matter,
    }
}

/// Ids were looked at when the event was read.
fn read(event: &Event) -> Option<Fact> {
    Some(match event {
        Event::MessageSent(event) if event.r#type != MessageKind::System.as_str() => Fact::Sent {
            chat_id: event.chat_id.parse().ok()?,
            seq: event.seq,
            sender: event.sender_id.parse().ok()?,
            at: Timestamp(event.sent_at),
        },
        Event::MemberAdded(event) if event.user_id != event.added_by => Fact::Added {
            chat_id: event.chat_id.parse().ok()?,
            user_id: event.user_id.parse().ok()?,
            seq: event.seq,
            at: Timestamp(event.added_at),
        },
        Event::MessageStatusUpdated(event) => Fact::Acknowledged {
            chat_id: event.chat_id.parse().ok()?,
            user_id: event.user_id.parse().ok()?,
            kind: match event.status.as_str() {
                "read" => ReceiptKind::Read,
                _ => ReceiptKind::Delivered,
            },
            up_to_seq: event.up_to_seq,
        },
        Event::MessageDeleted(event) => Fact::Changed {
            chat_id: event.chat_id.parse().ok()?,
            message_id: event.message_id.parse().ok()?,
            at: Timestamp(event.deleted_at),
            is_deleted: true,
        },
        Event::MessageUpdated(event) => Fact::Changed {
            chat_id: event.chat_id.parse().ok()?,
            message_id: event.message_id.parse().ok()?,
            at: Timestamp(event.updated_at),
            is_deleted: false,
        },
        _ => Fact::Other,
    })
}
