//! A chat group on a store of its own, without sockets: a lane writes down what it was given.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler};
use tempfile::TempDir;
use troupe::actors::chat::requests::{ChatCommand, CommandAnswer, SendAnswer, SendMessage};
use troupe::actors::chat::scope::ChatServices;
use troupe::actors::chat::shard::{ChatShard, CountActive};
use troupe::actors::chat::writer::Writer;
use troupe::actors::fanout::{Deliver, Delivery, Fanout, SocketRef};
use troupe::actors::media::actor::{Media, MediaActor};
use troupe::actors::media::requests::{MediaDesk, MediaPeers};
use troupe::actors::placement::ChatDoor;
use troupe::actors::request::Answer;
use troupe::clock::{Clock, Timestamp};
use troupe::domain::chat::{Chat, ChatKind, Member, Role};
use troupe::domain::message::draft;
use troupe::domain::phone::Phone;
use troupe::id::{ChatId, ConnectionId, UserId};
use troupe::storage::Stores;
use troupe::storage::chats::{ChatStore, NewChat};
use troupe::storage::embedded::open::Settings;
use troupe::wire::message::SentView;

use super::trouble::Trouble;

/// A frame as text, and who was to get it; nobody for an answer to one socket.
struct Recorded {
    to: Vec<UserId>,
    text: String,
}

/// Writes down the frames it was handed.
#[derive(Clone, Default)]
struct Recorder {
    frames: Rc<RefCell<Vec<Recorded>>>,
}

impl Actor for Recorder {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Recorder {
    type Result = ();

    fn handle(&mut self, Deliver { deliveries, .. }: Deliver, _: &mut Self::Context) {
        for delivery in deliveries {
            let (frame, to) = match delivery {
                Delivery::FanOut(fan_out) => (fan_out.frame, fan_out.to.to_vec()),
                Delivery::Answer { frame, .. } => (frame, Vec::new()),
            };
            let text = String::from_utf8_lossy(&frame.bytes).into_owned();
            self.frames.borrow_mut().push(Recorded { to, text });
        }
    }
}

pub struct Stage {
    pub stores: Stores,
    pub door: ChatDoor,
    pub shard: Addr<ChatShard>,
    pub idle_after: Duration,
    pub trouble: Trouble,
    pub fanout: Fanout,
    /// Raised when heads are to be said at once.
    pub overflowed: Arc<AtomicBool>,
    recorder: Recorder,
    data: Arc<TempDir>,
}

static PHONES: AtomicU64 = AtomicU64::new(0);

impl Stage {
    pub async fn new() -> Self {
        Self::with_chats(|chats| chats).await
    }

    /// A stage whose chat store is wrapped by the caller.
    pub async fn with_chats(wrap: impl FnOnce(Arc<dyn ChatStore>) -> Arc<dyn ChatStore>) -> Self {
        let data = Arc::new(tempfile::tempdir().expect("a scratch folder"));
        let mut stores = open_stores(data.path(), Clock::System, true);
        stores.chats = wrap(stores.chats);
        let trouble = Trouble::default();
        trouble.wrap(&mut stores);
        Self::on(stores, data, trouble)
    }

    /// Another owner of the same chats, as after a split of the cluster.
    pub fn rival(&self) -> Self {
        let (stores, data) = (self.stores.clone(), Arc::clone(&self.data));
        Self::on(stores, data, self.trouble.clone())
    }

    fn on(stores: Stores, data: Arc<TempDir>, trouble: Trouble) -> Self {
        let idle_after = Duration::from_secs(300);
        let fanout = Fanout::default();
        let recorder = Recorder::default();
        let (_, overflowed) = fanout.register(recorder.clone().start().recipient());
        let writer = {
            let (messages, chats) = (Arc::clone(&stores.messages), Arc::clone(&stores.chats));
            Writer::new(messages, chats, None).start()
        };
        let services = ChatServices {
            stores: stores.clone(),
            fanout: fanout.clone(),
            clock: Clock::System,
            writer: trouble.writer(writer.recipient()),
            media: media_desk(&stores),
            relay: None,
            remote: None,
        };
        let shard = ChatShard::new(services, idle_after).start();
        Self {
            stores,
            door: ChatDoor::new(vec![shard.clone().recipient()]),
            shard,
            idle_after,
            trouble,
            fanout,
            overflowed,
            recorder,
            data,
        }
    }

    /// Someone new.
    pub async fn user(&self) -> UserId {
        let number = 4_155_550_000 + PHONES.fetch_add(1, Ordering::Relaxed);
        let phone = Phone::from_store(format!("+1{number}"));
        let inserted = self.stores.users.insert(phone, Clock::System.now()).await;
        inserted.expect("a user").user.id
    }

    pub async fn direct(&self) -> (ChatId, [UserId; 2]) {
        self.chat(ChatKind::Direct).await
    }

    /// A group of an admin and a member.
    pub async fn group(&self) -> (ChatId, [UserId; 2]) {
        self.chat(ChatKind::Group).await
    }

    /// One more direct chat of someone who is there.
    pub async fn direct_of(&self, user: UserId) -> ChatId {
        let people = [user, self.user().await];
        self.chat_of(ChatKind::Direct, people).await.0
    }

    async fn chat(&self, kind: ChatKind) -> (ChatId, [UserId; 2]) {
        let people = [self.user().await, self.user().await];
        self.chat_of(kind, people).await
    }

    async fn chat_of(&self, kind: ChatKind, people: [UserId; 2]) -> (ChatId, [UserId; 2]) {
        let now = Clock::System.now();
        let chat = Chat {
            id: ChatId::new(),
            kind,
            name: (kind == ChatKind::Group).then(|| "Stage".to_owned()),
            description: None,
            avatar_media_id: None,
            created_by: people[0],
            admin_only: false,
            auto_delete_timer: None,
            created_at: now,
            updated_at: now,
        };
        let members = people
            .iter()
            .enumerate()
            .map(|(index, user)| member(*user, index == 0, now))
            .collect();
        let new = NewChat {
            chat,
            members,
            idempotency_key: None,
        };
        let inserted = self.stores.chats.insert(new).await.expect("a chat");
        (inserted.chat_id, people)
    }

    pub async fn send(
        &self,
        chat: ChatId,
        sender: UserId,
        client_id: impl Into<String>,
        text: &str,
    ) -> Answer<SentView> {
        self.send_as(chat, sender, (client_id.into(), true), text)
            .await
    }

    /// The same with an id that is its client's or not.
    pub async fn send_as(
        &self,
        chat: ChatId,
        sender: UserId,
        (client_message_id, is_named): (String, bool),
        text: &str,
    ) -> Answer<SentView> {
        let draft = draft::parse("text", Some(text.to_owned()), None, None)?;
        self.door
            .ask(chat, |reply| {
                ChatCommand::Send(SendMessage {
                    sender,
                    client_message_id,
                    is_named,
                    draft,
                    forwarded: false,
                    reply: SendAnswer::caller(reply),
                })
            })
            .await
    }

    /// Where the answer of a frame with this id goes: to the recording lane.
    pub fn socket_answer<T>(&self, frame_id: &str) -> CommandAnswer<T> {
        let socket = SocketRef {
            node: self.fanout.me(),
            lane: 0,
            connection: ConnectionId::new(),
            call: 0,
        };
        CommandAnswer::socket(socket, Some(frame_id.to_owned()), self.fanout.clone())
    }

    /// The code with which the frame with this id was refused, once or more.
    pub fn refusals(&self, frame_id: &str) -> Vec<String> {
        let errors = self.texts("error", None).into_iter();
        let errors = errors.map(|text| {
            let json = text.find('{').map_or("", |at| &text[at..]);
            serde_json::from_str::<serde_json::Value>(json).expect("JSON")
        });
        errors
            .filter(|error| error["id"] == frame_id)
            .map(|error| error["code"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// Gives someone a connection on the recording lane.
    pub fn online(&self, user: UserId) {
        self.fanout.place(user, 0, true);
    }

    pub async fn active(&self) -> usize {
        let counted = self.shard.send(CountActive).await.expect("the shard lives");
        counted.expect("counted")
    }

    /// Lets actors do what they can do now.
    pub async fn settle(&self) {
        for _ in 0..100 {
            tokio::task::yield_now().await;
        }
    }

    /// Lets time pass at once; what is due happens, and time is real again.
    pub async fn pass(&self, time: Duration) {
        tokio::time::pause();
        tokio::time::advance(time).await;
        self.settle().await;
        tokio::time::resume();
    }

    /// Lets the time pass after which an idle chat goes.
    pub async fn pass_idle(&self) {
        self.pass(self.idle_after + Duration::from_secs(6)).await;
    }

    /// How many frames of a type went out.
    pub fn frames(&self, kind: &str) -> usize {
        self.texts(kind, None).len()
    }

    /// The frames of a type that went to someone, as text.
    pub fn frames_to(&self, user: UserId, kind: &str) -> Vec<String> {
        self.texts(kind, Some(user))
    }

    fn texts(&self, kind: &str, to: Option<UserId>) -> Vec<String> {
        let needle = format!("\"type\":\"{kind}\"");
        let frames = self.recorder.frames.borrow();
        frames
            .iter()
            .filter(|frame| frame.text.contains(&needle))
            .filter(|frame| to.is_none_or(|user| frame.to.contains(&user)))
            .map(|frame| frame.text.clone())
            .collect()
    }

    pub async fn until_frame(&self, kind: &str) {
        crate::support::eventually(kind, || async { self.frames(kind) > 0 }).await;
    }
}

fn member(user_id: UserId, admin: bool, joined_at: Timestamp) -> Member {
    Member {
        user_id,
        role: if admin { Role::Admin } else { Role::Member },
        join_seq: 1,
        join_rev: 1,
        left: None,
        joined_at,
        muted: None,
        is_pinned: false,
        read_receipts: true,
    }
}

/// The stores of one data directory.
pub fn open_stores(data: &Path, clock: Clock, unlimited: bool) -> Stores {
    let settings = Settings {
        data_dir: data,
        unlimited,
        address_life: Duration::from_secs(3600),
        public_url: "",
    };
    troupe::storage::embedded::open::open(settings, clock).expect("opened")
}

/// The media group over these stores.
pub fn media_peers(stores: &Stores) -> MediaPeers {
    // It moves when a test lets time pass.
    let clock = Clock::tokio(Clock::System.now());
    let media = Arc::new(Media::new(stores.clone(), clock));
    MediaPeers::of(&MediaActor::new(media).start())
}

pub fn media_desk(stores: &Stores) -> MediaDesk {
    MediaDesk::new(&media_peers(stores))
}
