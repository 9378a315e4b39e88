//! Decisions: what is due, held against what the stores say now.

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::Instant;

use super::desk::Desk;
use super::facts::Facts;
use super::waiting::{Due, Matter, Place};
use crate::domain::notification::{Listener, Push, PushMark};
use crate::id::{DeviceId, UserId};
use crate::storage::messages::OverviewQuery;
use crate::storage::{StoreError, StoreResult};

/// Unread counts that are read at once.
const AT_ONCE: usize = 8;
/// Beyond every seq.
const NO_SEQ: u64 = 1 << 53;

/// What becomes of an entry.
pub enum Verdict {
    /// Nothing more is to be done.
    Settled,
    /// It is looked at again after so long.
    Later(Duration),
    /// A push failed for these devices, or all: again after so long.
    Failed {
        wait: Duration,
        devices: Vec<DeviceId>,
    },
    /// These devices would get too much: each is told to sync after so long.
    Sync(Vec<(DeviceId, Duration)>),
    /// It could not be decided.
    Unread(StoreError),
}

/// A push that is to go.
pub struct Outgoing {
    pub user: UserId,
    pub push: Push,
    /// How far it goes, once it went.
    pub mark: Option<PushMark>,
}

/// What reading the facts led to.
pub enum Decision {
    Nothing,
    Wait(Duration),
    Push(Outgoing),
}

impl Desk {
    /// One verdict for each, in order.
    pub async fn decide(&self, due: &[Due]) -> Vec<Verdict> {
        let decisions = match self.look(due).await {
            Ok(decisions) => decisions,
            Err(error) => {
                let verdict = || Verdict::Unread(error.clone());
                return due.iter().map(|_| verdict()).collect();
            }
        };
        self.carry_out(due, decisions).await
    }

    async fn look(&self, due: &[Due]) -> StoreResult<Vec<Decision>> {
        let facts = Facts::read(self, due).await?;
        let now = Instant::now();
        let looks = due.iter().map(|one| self.look_at(&facts, one, now));
        // In order, a few at a time.
        let looks: Vec<StoreResult<Decision>> =
            stream::iter(looks).buffered(AT_ONCE).collect().await;
        looks.into_iter().collect()
    }

    async fn look_at(&self, facts: &Facts, due: &Due, now: Instant) -> StoreResult<Decision> {
        let Due { place, entry } = due;
        let user = place.user_id;
        if let Matter::Sync(_) = place.matter {
            return Ok(push(user, Push::Sync, None));
        }
        let Some(listener) = facts.listener(place) else {
            return Ok(Decision::Nothing);
        };
        let chat_id = place.chat_id;
        Ok(match place.matter {
            Matter::Messages => {
                let first_came = listener.watermark.delivered_seq >= entry.first_seq;
                let rest = entry.last_due.saturating_duration_since(now);
                if first_came && listener.watermark.delivered_seq < entry.seq && !rest.is_zero() {
                    return Ok(Decision::Wait(rest));
                }
                return self.news(facts, place, &listener).await;
            }
            Matter::Added if listener.is_added(entry.seq) => {
                let mark = PushMark {
                    pushed_seq: entry.seq,
                    ..listener.mark
                };
                push(user, Push::Added { chat_id }, Some(mark))
            }
            Matter::Clear => match listener.cleared() {
                Some(clear) => {
                    let mark = PushMark {
                        cleared_seq: listener.watermark.read_seq,
                        ..listener.mark
                    };
                    push(user, clear, Some(mark))
                }
                None => Decision::Nothing,
            },
            Matter::Revoke(message_id) if listener.is_shown(entry.seq) => {
                let revoke = Push::Revoke {
                    chat_id,
                    message_id,
                };
                push(user, revoke, None)
            }
            Matter::Added | Matter::Revoke(_) | Matter::Sync(_) => Decision::Nothing,
        })
    }

    async fn news(
        &self,
        facts: &Facts,
        place: &Place,
        listener: &Listener<'_>,
    ) -> StoreResult<Decision> {
        let chat_id = place.chat_id;
        let (Some(news), Some(member)) =
            (listener.news(facts.messages(chat_id)), listener.member())
        else {
            return Ok(Decision::Nothing);
        };
        let joined_after = member.join_seq.saturating_sub(1);
        let query = OverviewQuery {
            chat_id,
            from_seq: member.join_seq,
            to_seq: NO_SEQ,
            unread_after: listener.watermark.read_seq.max(joined_after),
        };
        let overview = self.stores.messages.overview(place.user_id, vec![query]);
        let overview = overview.await?.pop();
        let message = Push::Message {
            chat_id,
            message_id: news.message_id,
            head_seq: facts.head_seq(chat_id).max(news.up_to_seq),
            count: news.count,
            unread: overview.map_or(0, |overview| overview.unread_count),
        };
        let mark = PushMark {
            pushed_seq: news.up_to_seq,
            ..listener.mark
        };
        Ok(push(place.user_id, message, Some(mark)))
    }
}

fn push(user: UserId, push: Push, mark: Option<PushMark>) -> Decision {
    Decision::Push(Outgoing { user, push, mark })
}
