//! Fills the search index behind the log: chats that were written to here, as the writer tells of them,
//! and once in a while all that this node owns, for what was missed.
//!
//! One stretch at a time, and after each a pause (`pace`): writers come first. Whoever searches reads what
//! is not indexed yet from the log, so being late costs time, not messages.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, Handler, Message, WrapFuture};
use tokio::time::Instant;

use super::pace::Pace;
use crate::actors::placement::Remote;
use crate::id::ChatId;
use crate::storage::chats::ChatStore;
use crate::storage::messages::MessageStore;
use crate::storage::search::{SearchStore, Stretch, catch_up};
use crate::storage::{StoreResult, Stores};

/// How often all chats are looked through.
const PASS: Duration = Duration::from_secs(3600);
/// Chats that are looked at together.
const LOOKED_AT: usize = 500;
/// Chats that may wait; more are left to a pass.
const WAITING: usize = 100_000;
/// After a stretch that could not be indexed.
const PAUSE: Duration = Duration::from_secs(5);
const MAILBOX: usize = 1024;

/// These chats were written to.
#[derive(Clone, Debug, Message)]
#[rtype(result = "()")]
pub struct Written {
    pub chats: Vec<ChatId>,
    /// How much, in all.
    pub entries: u64,
}

#[derive(Clone)]
struct Ways {
    messages: Arc<dyn MessageStore>,
    chats: Arc<dyn ChatStore>,
    search: Arc<dyn SearchStore>,
    remote: Option<Arc<dyn Remote>>,
}

pub struct Indexer {
    ways: Ways,
    waiting: VecDeque<ChatId>,
    known: HashSet<ChatId>,
    /// Where a pass over all chats goes on; `None`: there is none.
    pass: Option<Option<ChatId>>,
    pace: Pace,
    busy: bool,
}

/// What one piece of work came to.
enum Done {
    Stretch(ChatId, StoreResult<Stretch>),
    /// Chats of a pass that lag behind, and where it goes on.
    Looked(StoreResult<(Vec<ChatId>, Option<ChatId>)>),
}

impl Indexer {
    pub fn new(stores: &Stores, remote: Option<Arc<dyn Remote>>) -> Self {
        Self {
            ways: Ways {
                messages: Arc::clone(&stores.messages),
                chats: Arc::clone(&stores.chats),
                search: Arc::clone(&stores.search),
                remote,
            },
            waiting: VecDeque::new(),
            known: HashSet::new(),
            pass: Some(None),
            pace: Pace::new(Instant::now()),
            busy: false,
        }
    }

    fn remember(&mut self, chats: Vec<ChatId>) {
        for chat_id in chats {
            if self.waiting.len() >= WAITING {
                self.pass = Some(None);
                return;
            }
            if self.known.insert(chat_id) {
                self.waiting.push_back(chat_id);
            }
        }
    }

    fn advance(&mut self, ctx: &mut Context<Self>) {
        if self.busy {
            return;
        }
        let ways = self.ways.clone();
        let work = match (self.waiting.pop_front(), self.pass) {
            (Some(chat_id), _) => {
                self.known.remove(&chat_id);
                futures_util::future::Either::Left(async move { ways.index(chat_id).await })
            }
            (None, Some(after)) => {
                futures_util::future::Either::Right(async move { ways.look(after).await })
            }
            (None, None) => return,
        };
        self.busy = true;
        let begun = Instant::now();
        ctx.spawn(work.into_actor(self).map(move |done, indexer, ctx| {
            let pause = match indexer.done(done) {
                Some(revs) => indexer.pace.rest(begun.elapsed(), revs, Instant::now()),
                None => PAUSE,
            };
            ctx.run_later(pause, |indexer, ctx| {
                indexer.busy = false;
                indexer.advance(ctx);
            });
        }));
    }

    /// How many revs were indexed; `None`: a store is away.
    fn done(&mut self, done: Done) -> Option<u64> {
        let indexed = match done {
            Done::Stretch(chat_id, Ok(stretch)) => {
                if stretch.more {
                    self.remember(vec![chat_id]);
                }
                Ok(stretch.revs)
            }
            Done::Stretch(chat_id, Err(error)) => {
                self.remember(vec![chat_id]);
                Err(error)
            }
            Done::Looked(Ok((chats, next))) => {
                self.pass = next.map(Some);
                self.remember(chats);
                Ok(0)
            }
            Done::Looked(Err(error)) => Err(error),
        };
        metrics::gauge!("troupe_search_chats_waiting").set(self.waiting.len() as f64);
        if let Err(error) = &indexed {
            metrics::counter!("troupe_search_failures_total").increment(1);
            tracing::warn!(cause = %error, "the search index lags behind");
        }
        indexed.ok()
    }
}

impl Ways {
    async fn index(&self, chat_id: ChatId) -> Done {
        let stretch = catch_up(self.messages.as_ref(), self.search.as_ref(), chat_id).await;
        Done::Stretch(chat_id, stretch)
    }

    async fn look(&self, after: Option<ChatId>) -> Done {
        Done::Looked(self.lagging(after).await)
    }

    async fn lagging(&self, after: Option<ChatId>) -> StoreResult<(Vec<ChatId>, Option<ChatId>)> {
        let chats = self.chats.list_everywhere(after, LOOKED_AT).await?;
        let next = chats.last().copied().filter(|_| chats.len() == LOOKED_AT);
        let owns = |id: &ChatId| self.remote.as_ref().is_none_or(|remote| remote.owns(*id));
        let ours: Vec<ChatId> = chats.into_iter().filter(owns).collect();
        if ours.is_empty() {
            return Ok((ours, next));
        }
        let positions = self.search.positions(ours.clone()).await?;
        let positions: HashMap<ChatId, u64> = positions.into_iter().collect();
        let heads = self.messages.heads_of(ours).await?;
        let lagging = heads.into_iter().filter_map(|(chat_id, heads)| {
            let position = positions.get(&chat_id).copied().unwrap_or(0);
            (position < heads.rev).then_some(chat_id)
        });
        Ok((lagging.collect(), next))
    }
}

impl Actor for Indexer {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
        ctx.run_interval(PASS, |indexer, ctx| {
            indexer.pass = Some(None);
            indexer.advance(ctx);
        });
        self.advance(ctx);
    }
}

impl Handler<Written> for Indexer {
    type Result = ();

    fn handle(&mut self, written: Written, ctx: &mut Self::Context) {
        self.pace.written(written.entries);
        self.remember(written.chats);
        self.advance(ctx);
    }
}
