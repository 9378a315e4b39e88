//! An actor that takes every request, and answers each with a sample of its reply.

use std::fmt::Debug;
use std::sync::Arc;

use actix::{Actor, Context, Handler, ResponseFuture};
use parking_lot::Mutex;
use serde_json::json;
use troupe::actors::auth::requests::{OtpSent, SignedIn, TestUser, TokenClaims, TokenPair};
use troupe::actors::chat::requests::{ChatMade, Forwarded};
use troupe::actors::media::requests::{FoundMedium, Verdict};
use troupe::actors::message::requests::Located;
use troupe::actors::request::{Answer, Request};
use troupe::actors::user::requests::{AddedDevice, Exported, FoundContact, Person};
use troupe::domain::user::{Privacy, User};
use troupe::storage::devices::Device;
use troupe::storage::erasures::Erasure;
use troupe::storage::pushes::KeptPush;
use troupe::storage::sessions::Session;
use troupe::wire::chat::{ChatView, ParticipantView};
use troupe::wire::message::{DigestView, MessageView, RecipientView, SentView};
use troupe::wire::page::Page;
use troupe::wire::sync::SyncView;
use troupe::wire::user::{PresenceView, ProfileView};

use super::media;
use super::replies;
use super::samples::{self, TEXT_ID};

/// What a reply looks like with all it may have.
pub trait Sample {
    fn sample() -> Self;
}

#[derive(Default)]
pub struct Echo {
    /// Every request, as `Debug` shows it.
    pub heard: Arc<Mutex<Vec<String>>>,
}

impl Actor for Echo {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(1024);
    }
}

impl<R> Handler<R> for Echo
where
    R: Request + Debug,
    R::Reply: Sample,
{
    type Result = ResponseFuture<Answer<R::Reply>>;

    fn handle(&mut self, request: R, _: &mut Self::Context) -> Self::Result {
        self.heard.lock().push(format!("{request:?}"));
        Box::pin(async { Ok(R::Reply::sample()) })
    }
}

/// Samples that are written as clients see them.
macro_rules! read {
    ($($reply:ty => $json:expr),* $(,)?) => {$(
        impl Sample for $reply {
            fn sample() -> Self {
                // By way of text: a raw payload can be read from nothing else.
                serde_json::from_str(&$json.to_string()).expect("a sample")
            }
        }
    )*};
}

read! {
    MessageView => replies::message("text"),
    Page<MessageView> => json!({"items": [replies::message("text"), replies::counted()], "nextCursor": "x"}),
    Page<RecipientView> => json!({"items": [
        {"userId": TEXT_ID, "status": "read", "updatedAt": replies::TEXT_TIME}], "nextCursor": null}),
    DigestView => json!({"count": 3, "hash": "00ff"}),
    Page<ChatView> => json!({"items": [replies::chat(), replies::shared_chat()], "nextCursor": null}),
    ChatView => replies::detailed_chat(),
    Page<ParticipantView> => json!({"items": [replies::participant()], "nextCursor": null}),
    Vec<ParticipantView> => json!([replies::participant()]),
    SyncView => replies::sync(),
    ProfileView => json!({"id": TEXT_ID, "displayName": "Ada", "lastSeen": replies::TEXT_TIME}),
    PresenceView => json!({"userId": TEXT_ID, "online": false}),
    Vec<PresenceView> => json!([
        {"userId": TEXT_ID, "online": true, "lastSeen": replies::TEXT_TIME}]),
}

/// Samples that are made.
macro_rules! made {
    ($($reply:ty => $sample:expr),* $(,)?) => {$(
        impl Sample for $reply {
            fn sample() -> Self {
                $sample
            }
        }
    )*};
}

made! {
    () => (),
    String => "words \u{0} and \"quotes\"".to_owned(),
    OtpSent => replies::otp_sent(),
    TokenPair => replies::tokens(),
    SignedIn => SignedIn { tokens: replies::tokens(), is_new_user: true, user: replies::user() },
    Vec<Session> => vec![replies::session()],
    TokenClaims => replies::claims(),
    Vec<TestUser> => vec![TestUser { user: replies::user(), tokens: replies::tokens() }; 6000],
    User => replies::user(),
    Vec<FoundContact> => vec![replies::found()],
    Vec<Person> => vec![replies::person()],
    Privacy => replies::privacy(),
    AddedDevice => AddedDevice { device: replies::device(), created: true },
    Vec<Device> => vec![replies::device()],
    Erasure => replies::erasure(),
    Exported => replies::exported(),
    Vec<Erasure> => vec![replies::erasure()],
    Vec<KeptPush> => vec![replies::push()],
    ChatMade => ChatMade { chat_id: samples::id(), created: false },
    Forwarded => Forwarded {
        items: vec![SentView::new(MessageView::sample(), true)],
        is_repeat: true,
    },
    Vec<Located> => vec![replies::located()],
    FoundMedium => media::found(),
    Vec<FoundMedium> => vec![media::found()],
    Vec<Verdict> => vec![Verdict::Granted, Verdict::NotFound, Verdict::WrongKind],
}
