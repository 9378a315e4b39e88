//! One lane with everything around it played: chats that record, stores in memory, paused time.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use actix::{Actor, Context, Handler, ResponseFuture};
use async_trait::async_trait;
use bytes::BytesMut;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use troupe::actors::auth::requests::{Revocations, TokenClaims, ValidateToken};
use troupe::actors::chat::requests::{ChatCommand, ToChat};
use troupe::actors::fanout::{FanOut, Fanout};
use troupe::actors::message::requests::SyncChats;
use troupe::actors::placement::ChatDoor;
use troupe::actors::request::Answer;
use troupe::actors::user::requests::{FindPresence, GetPresence};
use troupe::actors::websocket::connection;
use troupe::actors::websocket::link::{Admission, Link};
use troupe::actors::websocket::queue::Queue;
use troupe::actors::websocket::tail::Tail;
use troupe::actors::websocket::{Doorway, SocketNeeds, SocketSettings, Websocket};
use troupe::clock::{Clock, Timestamp};
use troupe::error::Failure;
use troupe::id::{ChatId, SessionId, UserId};
use troupe::storage::presence::{PresenceStore, Seen};
use troupe::storage::{StoreError, StoreErrorKind, StoreResult};
use troupe::wire::frame::{Frame, FrameClass, encode};
use troupe::wire::socket::HeadView;
use troupe::wire::status::Standing;
use troupe::wire::sync::SyncView;
use troupe::wire::user::PresenceView;

use super::peer::{Peer, Said};

const START: Timestamp = Timestamp(1_800_000_000_000);

/// What the played parts know and have seen.
#[derive(Default)]
pub struct Backdrop {
    pub commands: Mutex<Vec<ToChat>>,
    pub presence: Mutex<BTreeMap<UserId, Seen>>,
    /// Who shows nobody whether he is there.
    pub hidden: Mutex<Vec<UserId>>,
    /// How many people each reading of presence was about, and how long each takes.
    pub readings: Mutex<Vec<usize>>,
    pub reading_takes: Mutex<Duration>,
    pub heads: Mutex<BTreeMap<ChatId, (HeadView, Vec<UserId>)>>,
    /// How long a reading of heads takes.
    pub heads_take: Mutex<Duration>,
    /// Chats whose receipts moved lately, and who sent what.
    pub standings: Mutex<Vec<Standing>>,
    pub senders: Mutex<Vec<(u64, UserId)>>,
    /// Since when they were read each time, and whether that fails.
    pub receipt_readings: Mutex<Vec<Timestamp>>,
    pub receipts_fail: AtomicBool,
    pub receipts_take: Mutex<Duration>,
    pub tokens: Mutex<BTreeMap<String, TokenClaims>>,
    pub syncs: Mutex<VecDeque<SyncView>>,
}

pub struct Stage {
    pub websocket: Websocket,
    pub doorway: Doorway,
    pub fanout: Fanout,
    pub revocations: Revocations,
    pub clock: Clock,
    pub backdrop: Arc<Backdrop>,
    settings: SocketSettings,
}

impl Stage {
    /// Sets the stage on this arbiter and stops time.
    pub fn new() -> Self {
        Self::with(SocketSettings::default())
    }

    pub fn with(settings: SocketSettings) -> Self {
        tokio::time::pause();
        Self::set(settings, Clock::tokio(START))
    }

    /// The same in real time, for real sockets.
    pub fn real() -> Self {
        Self::set(SocketSettings::default(), Clock::System)
    }

    fn set(settings: SocketSettings, clock: Clock) -> Self {
        let backdrop = Arc::new(Backdrop::default());
        let player = Player(Arc::clone(&backdrop)).start();
        let fanout = Fanout::default();
        let revocations = Revocations::default();
        let websocket = Websocket::start(SocketNeeds {
            settings: settings.clone(),
            clock,
            tail: Arc::clone(&backdrop) as Arc<dyn Tail>,
            presence: Arc::clone(&backdrop) as Arc<dyn PresenceStore>,
            fanout: fanout.clone(),
            door: ChatDoor::new(vec![player.clone().recipient()]),
            revocations: revocations.clone(),
            validate_token: player.clone().recipient().into(),
            get_presence: player.clone().recipient().into(),
            find_presence: player.clone().recipient().into(),
            sync_chats: player.recipient().into(),
        });
        let doorway = websocket.doorway();
        Self {
            websocket,
            doorway,
            fanout,
            revocations,
            clock,
            backdrop,
            settings,
        }
    }

    /// A socket of this user, past its hello.
    pub async fn open(&self, user: UserId) -> Peer {
        let hour = Duration::from_secs(3600);
        self.open_until(user, self.clock.now() + hour).await
    }

    pub async fn open_until(&self, user: UserId, expires_at: Timestamp) -> Peer {
        let admission = Admission {
            user_id: user,
            session_id: SessionId::new(),
            expires_at,
        };
        let queue = Queue::new(self.settings.queue_bytes);
        let link = Rc::new(Link::new(&admission, queue));
        let (mouth, mut words) = mpsc::unbounded_channel();
        let stream = futures_util::stream::poll_fn(move |cx| words.poll_recv(cx));
        let mut peer = Peer {
            session: admission.session_id,
            connection: link.id,
            mouth: Some(mouth),
            ear: Rc::clone(&link),
            heard: BytesMut::new(),
            said: VecDeque::new(),
        };
        connection::start(link, Rc::clone(&self.doorway.0), stream);
        match peer.next().await {
            Said::Frame(hello) if hello["type"] == "hello" => {}
            other => panic!("hello is always first: {other:?}"),
        }
        peer
    }

    /// A frame of a class to some users.
    pub fn tell(&self, to: &[UserId], class: FrameClass, body: &serde_json::Value) {
        self.fanout.fan_out(FanOut {
            frame: encode(class, body) as Frame,
            to: to.into(),
            except: None,
            status: None,
        });
    }

    /// Commands that chats were given so far, handed over.
    pub fn commands(&self) -> Vec<(ChatId, ChatCommand)> {
        std::mem::take(&mut *self.backdrop.commands.lock())
            .into_iter()
            .map(|one| (one.chat_id, one.command))
            .collect()
    }

    /// Lets time pass in small steps, so that what is due happens in its order.
    pub async fn pass(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}

struct Player(Arc<Backdrop>);

impl Actor for Player {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(100_000);
    }
}

impl Handler<ToChat> for Player {
    type Result = ();
    fn handle(&mut self, command: ToChat, _: &mut Self::Context) {
        self.0.commands.lock().push(command);
    }
}

impl Handler<ValidateToken> for Player {
    type Result = ResponseFuture<Answer<TokenClaims>>;
    fn handle(&mut self, ask: ValidateToken, _: &mut Self::Context) -> Self::Result {
        let claims = self.0.tokens.lock().get(&ask.token).copied();
        Box::pin(async move { claims.ok_or_else(|| Failure::unauthenticated("no")) })
    }
}

impl Handler<GetPresence> for Player {
    type Result = ResponseFuture<Answer<PresenceView>>;
    fn handle(&mut self, ask: GetPresence, _: &mut Self::Context) -> Self::Result {
        let view = self.0.view(ask.owner);
        Box::pin(async move { Ok(view) })
    }
}

impl Handler<FindPresence> for Player {
    type Result = ResponseFuture<Answer<Vec<PresenceView>>>;
    fn handle(&mut self, ask: FindPresence, _: &mut Self::Context) -> Self::Result {
        let backdrop = Arc::clone(&self.0);
        backdrop.readings.lock().push(ask.owners.len());
        let takes = *backdrop.reading_takes.lock();
        Box::pin(async move {
            tokio::time::sleep(takes).await;
            let owners = ask.owners.into_iter();
            Ok(owners.map(|owner| backdrop.view(owner)).collect())
        })
    }
}

impl Backdrop {
    fn view(&self, owner: UserId) -> PresenceView {
        let hidden = self.hidden.lock().contains(&owner);
        let seen = self.presence.lock().get(&owner).copied();
        let seen = seen.filter(|_| !hidden);
        PresenceView {
            user_id: owner,
            online: seen.is_some_and(|seen| seen.online),
            last_seen: seen.and_then(|seen| seen.last_seen),
        }
    }
}

impl Handler<SyncChats> for Player {
    type Result = ResponseFuture<Answer<SyncView>>;
    fn handle(&mut self, _: SyncChats, _: &mut Self::Context) -> Self::Result {
        let page = self.0.syncs.lock().pop_front();
        Box::pin(async move { page.ok_or_else(Failure::internal) })
    }
}

#[async_trait]
impl PresenceStore for Backdrop {
    async fn update(&self, user_id: UserId, online: bool, at: Timestamp) -> StoreResult<bool> {
        let mut presence = self.presence.lock();
        let was = presence.get(&user_id).is_some_and(|seen| seen.online);
        let seen = Seen {
            user_id,
            online,
            last_seen: (!online).then_some(at),
        };
        presence.insert(user_id, seen);
        Ok(was != online)
    }

    async fn refresh(&self, _: Vec<UserId>) -> StoreResult<()> {
        Ok(())
    }

    async fn remove(&self, _: UserId) -> StoreResult<()> {
        Ok(())
    }

    async fn find(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Seen>> {
        let presence = self.presence.lock();
        Ok(user_ids
            .iter()
            .filter_map(|user| presence.get(user).copied())
            .collect())
    }
}

#[async_trait]
impl Tail for Backdrop {
    async fn changed_since(&self, _: Timestamp) -> StoreResult<ahash::AHashMap<ChatId, HeadView>> {
        let changed = {
            let heads = self.heads.lock();
            let heads = heads.iter().map(|(chat, (head, _))| (*chat, *head));
            heads.collect()
        };
        let takes = *self.heads_take.lock();
        tokio::time::sleep(takes).await;
        Ok(changed)
    }

    async fn members(&self, chats: Vec<ChatId>) -> StoreResult<Vec<(ChatId, Vec<UserId>)>> {
        let heads = self.heads.lock();
        let heads = heads
            .iter()
            .map(|(chat, (_, members))| (*chat, members.clone()));
        let standings = self.standings.lock();
        let standings = standings.iter().map(|standing| {
            let members = standing.roster.active_members();
            let members = members.map(|member| member.user_id).collect();
            (standing.roster.chat.id, members)
        });
        let known = heads.chain(standings);
        Ok(known.filter(|(chat, _)| chats.contains(chat)).collect())
    }

    async fn own_revs(&self, users: Vec<UserId>) -> StoreResult<Vec<(UserId, u64)>> {
        Ok(users.into_iter().map(|user| (user, 7)).collect())
    }

    async fn moved_lately(&self, since: Timestamp, _: usize) -> StoreResult<Vec<ChatId>> {
        self.receipt_readings.lock().push(since);
        if self.receipts_fail.load(Ordering::SeqCst) {
            return Err(StoreError {
                kind: StoreErrorKind::Unavailable,
                store: "played",
                message: "away".to_owned(),
            });
        }
        let standings = self.standings.lock();
        let chats = standings.iter().map(|standing| standing.roster.chat.id);
        Ok(chats.collect())
    }

    async fn standings(&self, chats: Vec<ChatId>) -> StoreResult<Vec<Standing>> {
        let takes = *self.receipts_take.lock();
        tokio::time::sleep(takes).await;
        let standings = self.standings.lock().clone().into_iter();
        let wanted = |standing: &Standing| chats.contains(&standing.roster.chat.id);
        Ok(standings.filter(wanted).collect())
    }

    async fn senders(&self, _: ChatId, after: u64, up_to: u64) -> StoreResult<Vec<UserId>> {
        let senders = self.senders.lock();
        let wanted = senders
            .iter()
            .filter(|(seq, _)| after < *seq && *seq <= up_to);
        Ok(wanted.map(|(_, sender)| *sender).collect())
    }
}
