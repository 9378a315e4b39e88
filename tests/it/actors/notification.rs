//! When pushes go, in time that the tests move: what is due is decided, what is not waits.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Arbiter};
use async_trait::async_trait;
use troupe::actors::notification::actor::NotificationActor;
use troupe::actors::notification::desk::{Desk, Rules};
use troupe::actors::notification::push::Sender;
use troupe::clock::Clock;
use troupe::domain::user::Platform;
use troupe::event::{Event, proto};
use troupe::id::{ChatId, DeviceId, SessionId, UserId};
use troupe::storage::devices::{Device, DeviceStore};
use troupe::storage::embedded::events::MemoryEvents;
use troupe::storage::embedded::limits::MemoryLimits;
use troupe::storage::events::EventStream;
use troupe::storage::limits::Bucket;
use troupe::storage::sessions::{NewSession, Session};
use troupe::storage::{StoreError, StoreErrorKind, StoreResult, Stores};
use troupe::wire::message::SentView;

use super::stage::Stage;
use crate::support::eventually;

/// So long that the machine's own slowness does not count.
const WAIT: Duration = Duration::from_secs(500);
const WINDOW: Duration = Duration::from_secs(300);
const NEARLY: Duration = Duration::from_secs(20);

struct Pushing {
    stage: Stage,
    stores: Stores,
    clock: Clock,
    events: Arc<MemoryEvents>,
}

impl Pushing {
    async fn new() -> Self {
        let stage = Stage::new().await;
        let clock = Clock::tokio(Clock::System.now());
        let mut stores = stage.stores.clone();
        stores.limits = Arc::new(MemoryLimits::new(clock, false));
        Self {
            events: Arc::new(MemoryEvents::new(clock)),
            stores,
            stage,
            clock,
        }
    }

    fn start(&self) {
        NotificationActor::new(Arc::new(self.desk())).start();
    }

    fn desk(&self) -> Desk {
        let sender = Sender::Log {
            pushes: Arc::clone(&self.stores.pushes),
            clock: self.clock,
        };
        Desk {
            stores: self.stores.clone(),
            clock: self.clock,
            fanout: self.stage.fanout.clone(),
            events: self.events.clone(),
            sender: Some(sender),
            rules: Rules {
                wait: WAIT,
                window: WINDOW,
                give_up: Duration::from_secs(600),
                per_device: Bucket {
                    capacity: 3,
                    refill: Duration::from_secs(60),
                },
                pending: 1000,
            },
        }
    }

    async fn sign_in(&self, user_id: UserId) -> SessionId {
        let now = self.clock.now();
        let session = Session {
            id: SessionId::new(),
            user_id,
            device_id: None,
            device_name: None,
            platform: None,
            generation: 0,
            is_pair_used: false,
            created_at: now,
            last_used_at: now,
            expires_at: now + Duration::from_secs(86_400),
            revoked_at: None,
        };
        let id = session.id;
        let new = NewSession {
            session,
            token_hash: rand::random(),
        };
        self.stores.sessions.insert(new).await.expect("inserted");
        id
    }

    /// Gives someone a push device.
    async fn device(&self, user: UserId) {
        let session = self.sign_in(user).await;
        let device = Device {
            id: DeviceId::new(),
            user_id: user,
            session_id: session,
            token: format!("token-{user}"),
            platform: Platform::Android,
            created_at: self.clock.now(),
        };
        let kept = self.stores.devices.insert(device).await;
        assert!(kept.expect("inserted").is_some());
    }

    async fn say(&self, chat: ChatId, sender: UserId, text: &str) -> SentView {
        let sent = self.stage.send(chat, sender, text, text).await;
        let sent = sent.expect("sent");
        self.publish(Event::MessageSent(proto::MessageSent {
            chat_id: chat.to_string(),
            message_id: sent.message_id.to_string(),
            seq: sent.seq,
            rev: sent.rev,
            sender_id: sender.to_string(),
            r#type: "text".to_owned(),
            sent_at: self.clock.now().0,
        }))
        .await;
        sent
    }

    async fn publish(&self, event: Event) {
        let published = self.events.publish(vec![event.envelope()]).await;
        published.expect("published");
    }

    /// Says that someone has got everything up to a seq, in the store and by event.
    async fn delivered(&self, chat_id: ChatId, user_id: UserId, up_to_seq: u64) {
        use troupe::domain::receipts::ReceiptKind;
        use troupe::storage::receipts::ReceiptMark;
        let mark = ReceiptMark {
            chat_id,
            user_id,
            kind: ReceiptKind::Delivered,
            up_to_seq,
            at: self.clock.now(),
        };
        self.stores
            .receipts
            .advance(vec![mark])
            .await
            .expect("advanced");
        self.publish(Event::MessageStatusUpdated(proto::MessageStatusUpdated {
            chat_id: chat_id.to_string(),
            user_id: user_id.to_string(),
            status: "delivered".to_owned(),
            after_seq: 0,
            up_to_seq,
            updated_at: self.clock.now().0,
        }))
        .await;
    }

    /// What was pushed to someone: kind and count.
    async fn pushes(&self, user: UserId) -> Vec<(String, String)> {
        let kept = self.stores.pushes.kept(user, 0, 100).await.expect("kept");
        let field = |push: &troupe::storage::pushes::KeptPush, name: &str| {
            push.data.get(name).cloned().unwrap_or_default()
        };
        kept.iter()
            .map(|push| (field(push, "t"), field(push, "count")))
            .collect()
    }

    async fn until(&self, user: UserId, count: usize) -> Vec<(String, String)> {
        eventually("pushes", async || self.pushes(user).await.len() >= count).await;
        self.pushes(user).await
    }

    /// Everything that was published is decided, as far as it is due: someone else is told.
    async fn settled(&self) {
        let (chat, [sender, away]) = self.stage.direct().await;
        self.device(away).await;
        self.say(chat, sender, &format!("{chat}")).await;
        self.until(away, 1).await;
    }
}

fn message(count: usize) -> (String, String) {
    ("message".to_owned(), count.to_string())
}

#[actix::test]
async fn the_first_goes_at_once_and_the_rest_at_the_end_of_the_window() {
    let pushing = Pushing::new().await;
    let (chat, [anna, ben]) = pushing.stage.direct().await;
    pushing.device(ben).await;
    pushing.start();
    pushing.say(chat, anna, "one").await;
    assert_eq!(pushing.until(ben, 1).await, [message(1)]);
    for text in ["two", "three", "four"] {
        pushing.say(chat, anna, text).await;
    }
    pushing.settled().await;
    pushing.stage.pass(WINDOW - NEARLY).await;
    pushing.settled().await;
    assert_eq!(pushing.pushes(ben).await, [message(1)]);
    pushing.stage.pass(NEARLY).await;
    assert_eq!(pushing.until(ben, 2).await, [message(1), message(3)]);
    // The window of that one is over too.
    pushing.stage.pass(WINDOW).await;
    pushing.say(chat, anna, "five").await;
    assert_eq!(pushing.until(ben, 3).await[2], message(1));
}

#[actix::test]
async fn who_is_connected_gets_his_time_to_acknowledge() {
    let pushing = Pushing::new().await;
    let (chat, [anna, ben]) = pushing.stage.direct().await;
    pushing.device(ben).await;
    pushing.stage.online(ben);
    pushing.start();
    let sent = pushing.say(chat, anna, "one").await;
    pushing.settled().await;
    pushing.stage.pass(WAIT - NEARLY).await;
    pushing.settled().await;
    assert!(pushing.pushes(ben).await.is_empty());
    pushing.delivered(chat, ben, sent.seq).await;
    pushing.say(chat, anna, "two").await;
    pushing.settled().await;
    pushing.stage.pass(NEARLY * 2).await;
    pushing.settled().await;
    assert!(
        pushing.pushes(ben).await.is_empty(),
        "the first was acknowledged"
    );
    pushing.stage.pass(WAIT).await;
    assert_eq!(
        pushing.until(ben, 1).await,
        [message(1)],
        "the second was not"
    );
}

#[actix::test]
async fn an_event_comes_again_after_a_crash_and_twice_is_once() {
    let pushing = Pushing::new().await;
    let (chat, [anna, ben]) = pushing.stage.direct().await;
    pushing.device(ben).await;
    pushing.stage.online(ben);
    let thread = Arbiter::new();
    let desk = Arc::new(pushing.desk());
    NotificationActor::start_in_arbiter(&thread.handle(), |_| NotificationActor::new(desk));
    pushing.say(chat, anna, "one").await;
    pushing.settled().await;
    // It waits for its decision in an actor that dies with its thread.
    thread.stop();
    thread.join().expect("it ended");
    pushing.start();
    pushing.stage.pass(WAIT).await;
    pushing.stage.pass(Duration::from_secs(61)).await;
    assert_eq!(pushing.until(ben, 1).await, [message(1)]);
    let again = Arc::new(MemoryEvents::new(pushing.clock));
    let pushing = Pushing {
        events: again,
        ..pushing
    };
    pushing.start();
    let known = pushing
        .stage
        .stores
        .messages
        .heads(chat)
        .await
        .expect("heads");
    pushing
        .publish(Event::MessageSent(proto::MessageSent {
            chat_id: chat.to_string(),
            message_id: ben.to_string(),
            seq: known.seq,
            rev: known.rev,
            sender_id: anna.to_string(),
            r#type: "text".to_owned(),
            sent_at: 0,
        }))
        .await;
    pushing.settled().await;
    pushing.stage.pass(WAIT).await;
    pushing.settled().await;
    assert_eq!(pushing.pushes(ben).await.len(), 1);
}

#[actix::test]
async fn a_device_that_would_get_too_much_is_told_to_sync_once() {
    let pushing = Pushing::new().await;
    let ben = pushing.stage.user().await;
    pushing.device(ben).await;
    pushing.start();
    for number in 0..7 {
        let chat = pushing.stage.direct_of(ben).await;
        let members = pushing.stores.chats.list_members(vec![chat]).await;
        let members = members.expect("members").remove(0).1;
        let other = members
            .into_iter()
            .find(|id| *id != ben)
            .expect("the other");
        pushing.say(chat, other, &format!("text {number}")).await;
    }
    pushing.until(ben, 3).await;
    pushing.settled().await;
    assert_eq!(pushing.pushes(ben).await, vec![message(1); 3]);
    pushing.stage.pass(Duration::from_secs(60)).await;
    let pushes = pushing.until(ben, 4).await;
    assert_eq!(pushes[3].0, "sync");
    pushing.stage.pass(WINDOW).await;
    pushing.settled().await;
    assert_eq!(
        pushing.pushes(ben).await.len(),
        4,
        "one sync stands for the rest"
    );
}

/// Devices that cannot be looked up.
struct Unreadable(Arc<dyn DeviceStore>);

#[async_trait]
impl DeviceStore for Unreadable {
    async fn insert(&self, device: Device) -> StoreResult<Option<Device>> {
        self.0.insert(device).await
    }

    async fn list(
        &self,
        user_id: UserId,
        after: Option<DeviceId>,
        limit: usize,
    ) -> StoreResult<Vec<Device>> {
        self.0.list(user_id, after, limit).await
    }

    async fn remove(&self, user_id: UserId, device_id: DeviceId) -> StoreResult<bool> {
        self.0.remove(user_id, device_id).await
    }

    async fn is_any(&self) -> StoreResult<bool> {
        self.0.is_any().await
    }

    async fn list_reachable(&self, _: Vec<ChatId>) -> StoreResult<Vec<(ChatId, UserId)>> {
        Err(StoreError {
            kind: StoreErrorKind::Internal,
            store: "sqlite",
            message: "a row that nobody can read".to_owned(),
        })
    }

    async fn list_all(&self, user_ids: Vec<UserId>) -> StoreResult<Vec<Device>> {
        self.0.list_all(user_ids).await
    }
}

#[actix::test]
async fn an_event_that_can_never_be_decided_is_dead() {
    let mut pushing = Pushing::new().await;
    let (chat, [anna, ben]) = pushing.stage.direct().await;
    pushing.device(ben).await;
    pushing.stores.devices = Arc::new(Unreadable(Arc::clone(&pushing.stores.devices)));
    pushing.start();
    pushing.say(chat, anna, "one").await;
    eventually("it is dead", async || {
        // Longer than any pause before the next attempt; each is answered in real time.
        tokio::time::sleep(Duration::from_millis(30)).await;
        pushing.stage.pass(Duration::from_secs(150)).await;
        !pushing
            .events
            .dead(10)
            .await
            .expect("dead events")
            .is_empty()
    })
    .await;
    let dead = pushing.events.dead(10).await.expect("dead events");
    assert_eq!(dead.len(), 1);
    assert_eq!(
        (dead[0].subject.as_str(), dead[0].consumer.as_str()),
        ("msg.new", "notification")
    );
}
