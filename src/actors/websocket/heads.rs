//! A lost tail is found without a later message (D6): what changed lately, told to who may see it; and
//! receipts are told again.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use ahash::AHashMap;

use super::Node;
use super::lane::LaneOrder;
use super::missed::{self, LATE};
use crate::actors::request::tell;
use crate::clock::Timestamp;
use crate::id::{ChatId, UserId};
use crate::storage::StoreResult;
use crate::wire::socket::HeadView;

/// How often the outbox is read. Each socket says heads every 25 s, so a lost tail is found within
/// 35 s.
const ROUND: Duration = Duration::from_secs(10);
/// As often as that while other nodes cannot be reached, for then nothing else comes from them.
const CUT_OFF_ROUND: Duration = Duration::from_secs(2);
/// How often it is said again that people are here; the word holds for five minutes.
const PRESENCE: Duration = Duration::from_secs(60);
/// How far back each reading goes: past anything that was late to commit.
const LOOK_BACK: Duration = Duration::from_secs(60);

/// What changed since the last round, by who may see it.
#[derive(Debug, Default)]
pub struct HeadsRound {
    /// Which whole round it is, counted from 1: one that tells everything of the last minute again.
    pub whole: Option<u64>,
    pub chats: AHashMap<UserId, Vec<(ChatId, HeadView)>>,
    /// The rev of each online user's own log.
    pub me: AHashMap<UserId, u64>,
}

/// Read the outbox now, and tell everything of the last minute again.
#[derive(Clone, Copy, Debug, Message)]
#[rtype(result = "()")]
pub struct RoundDue;

/// How receipts are told again.
struct Receipts {
    /// When that was done last.
    up_to: Timestamp,
    busy: bool,
    /// Asked for meanwhile.
    due: bool,
}

/// One per node.
pub struct HeadsActor {
    node: Arc<Node>,
    /// What was told of the last minute's chats, so that it is told once.
    told: AHashMap<ChatId, (HeadView, Timestamp)>,
    receipts: Receipts,
    reading: bool,
    /// Asked for while another was being read, which may have looked before something was lost.
    again: bool,
}

impl HeadsActor {
    pub fn new(node: Arc<Node>) -> Self {
        Self {
            receipts: Receipts {
                // What one before it was to tell again.
                up_to: node.clock.now().minus(LOOK_BACK),
                busy: false,
                due: false,
            },
            node,
            told: AHashMap::new(),
            reading: false,
            again: false,
        }
    }

    fn read(&mut self, whole: Option<u64>, ctx: &mut Context<Self>) {
        if self.reading {
            return;
        }
        self.reading = true;
        let now = self.node.clock.now();
        let told = std::mem::take(&mut self.told);
        let round = read_round(Arc::clone(&self.node), told, now).into_actor(self);
        ctx.spawn(round.map(move |(round, told), heads, ctx| {
            heads.reading = false;
            heads.told = told;
            if let Some(round) = round {
                heads.tell(HeadsRound { whole, ..round });
            }
            if std::mem::take(&mut heads.again) {
                heads.read_whole(ctx);
            }
        }));
    }

    fn read_whole(&mut self, ctx: &mut Context<Self>) {
        let earlier = self.node.whole_rounds.fetch_add(1, Ordering::AcqRel);
        self.told.clear();
        self.read(Some(earlier + 1), ctx);
        self.repeat_receipts(ctx);
    }

    /// Tells receipts again that moved since this was done last; one time after the other.
    fn repeat_receipts(&mut self, ctx: &mut Context<Self>) {
        self.receipts.due = true;
        if std::mem::replace(&mut self.receipts.busy, true) {
            return;
        }
        self.receipts.due = false;
        let (node, now) = (Arc::clone(&self.node), self.node.clock.now());
        let since = self.receipts.up_to.minus(LATE).max(now.minus(LOOK_BACK));
        let told = async move {
            let doubted = node.fanout.take_doubt();
            let told = missed::tell_again(&*node.tail, &node.fanout, since, doubted).await;
            told.inspect_err(|_| node.fanout.doubt(doubted))
        };
        ctx.spawn(told.into_actor(self).map(move |told, heads, ctx| {
            match told {
                Ok(()) => heads.receipts.up_to = now,
                Err(error) => {
                    tracing::warn!(store = error.store, cause = %error.message, "receipts were not told again");
                    heads.receipts.due = true;
                }
            }
            ctx.run_later(CUT_OFF_ROUND, |heads, ctx| {
                heads.receipts.busy = false;
                if heads.receipts.due {
                    heads.repeat_receipts(ctx);
                }
            });
        }));
    }

    /// Says again that everyone here is here, before the word runs out.
    fn stay_present(&mut self, ctx: &mut Context<Self>) {
        let node = Arc::clone(&self.node);
        let refresh = async move {
            let here = node.fanout.users_here();
            if let Err(error) = node.presence.refresh(here).await {
                tracing::warn!(store = error.store, cause = %error.message, "presence not refreshed");
            }
        };
        ctx.spawn(refresh.into_actor(self));
    }

    fn tell(&self, round: HeadsRound) {
        let round = Arc::new(round);
        for lane in self.node.lanes.read().iter() {
            if tell(lane, LaneOrder::Heads(Arc::clone(&round))).is_err() {
                tracing::warn!("a lane did not take its heads");
            }
        }
    }
}

type Told = AHashMap<ChatId, (HeadView, Timestamp)>;

/// Reads what changed; an unreadable store leaves `told` as it was, for the next round.
async fn read_round(node: Arc<Node>, mut told: Told, now: Timestamp) -> (Option<HeadsRound>, Told) {
    match changed(&node, &told, now).await {
        Ok((round, fresh)) => {
            told.extend(fresh.into_iter().map(|(chat, head)| (chat, (head, now))));
            told.retain(|_, (_, at)| now.since(*at) < LOOK_BACK * 2);
            (Some(round), told)
        }
        Err(error) => {
            tracing::warn!(store = error.store, cause = %error.message, "heads were not read");
            (None, told)
        }
    }
}

async fn changed(
    node: &Node,
    told: &Told,
    now: Timestamp,
) -> StoreResult<(HeadsRound, AHashMap<ChatId, HeadView>)> {
    let mut round = HeadsRound::default();
    let online = node.fanout.users_here();
    if online.is_empty() {
        return Ok((round, AHashMap::new()));
    }
    let mut fresh = node.tail.changed_since(now.minus(LOOK_BACK)).await?;
    fresh.retain(|chat, head| told.get(chat).is_none_or(|(known, _)| known.rev < head.rev));
    let chats: Vec<ChatId> = fresh.keys().copied().collect();
    for (chat, members) in node.tail.members(chats).await? {
        let Some(head) = fresh.get(&chat) else {
            continue;
        };
        for user in members {
            if node.fanout.is_here(user) {
                round.chats.entry(user).or_default().push((chat, *head));
            }
        }
    }
    round.me = node.tail.own_revs(online).await?.into_iter().collect();
    Ok((round, fresh))
}

impl Actor for HeadsActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.run_interval(ROUND, |heads, ctx| heads.read(None, ctx));
        ctx.run_interval(CUT_OFF_ROUND, |heads, _| {
            if heads.node.fanout.is_cut_off() {
                // Nothing comes from other nodes: what they wrote is said at once.
                heads.node.fanout.lost();
            }
        });
        ctx.run_interval(PRESENCE, Self::stay_present);
    }
}

impl Handler<RoundDue> for HeadsActor {
    type Result = ();

    fn handle(&mut self, _: RoundDue, ctx: &mut Self::Context) {
        if self.reading {
            self.again = true;
        } else {
            self.read_whole(ctx);
        }
    }
}
