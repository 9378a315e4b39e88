//! Requests to groups of other processes: each kind of them and each kind of answer arrives as it was
//! sent, and what cannot be read is refused.

pub mod bus;
mod echo;
mod inspection;
mod leaving;
mod media;
mod replies;
mod samples;

use std::collections::BTreeSet;
use std::sync::Arc;

use actix::Actor;
use futures_util::future::BoxFuture;
use troupe::actors::auth::requests::AuthPeers;
use troupe::actors::chat::requests::ChatPeers;
use troupe::actors::group::Group;
use troupe::actors::inspection::requests::{FaultKind, NodePeers};
use troupe::actors::media::requests::MediaPeers;
use troupe::actors::message::requests::MessagePeers;
use troupe::actors::notification::requests::NotificationPeers;
use troupe::actors::remote::{Carried, Carry, Serve, StandIn};
use troupe::actors::request::{Answer, Request, ask};
use troupe::actors::user::requests::UserPeers;
use troupe::error::{ErrorCode, Failure};

use self::echo::{Echo, Sample};

/// A way that ends in this very process, through the bytes that would travel.
struct Loop(Arc<dyn Serve>);

impl Carry for Loop {
    fn carry(&self, _: Group, request: Carried) -> BoxFuture<'static, Answer<Vec<u8>>> {
        let served = self
            .0
            .serve(request.name, &request.body)
            .expect("a known request");
        let (sender, answer) = tokio::sync::oneshot::channel();
        actix::spawn(async move { sender.send(served.await) });
        Box::pin(async move { answer.await.expect("answered") })
    }
}

/// Asks each of these through a stand-in, and checks that no request of the group was left out.
macro_rules! carried {
    ($group:ident, $peers:ident: $($field:ident => $request:expr),* $(,)?) => {{
        let echo = Echo::default();
        let heard = Arc::clone(&echo.heard);
        let group: Arc<dyn Serve> = Arc::new($peers::of(&echo.start()));
        let names: BTreeSet<_> = group.names().iter().copied().collect();
        let way = Arc::new(Loop(group));
        let peers = $peers::elsewhere(&StandIn::new(Group::$group, way).start());
        let mut asked = BTreeSet::new();
        $(
            let request = $request;
            let said = format!("{request:?}");
            asked.insert(name_of(&request));
            let reply = ask(&peers.$field, request).await.expect("answered");
            assert_eq!(heard.lock().pop(), Some(said));
            assert_same(&reply);
        )*
        assert_eq!(asked, names, "every request of {} is carried", Group::$group.name());
    }};
}

fn name_of<R: Request>(_: &R) -> &'static str {
    R::NAME
}

fn assert_same<T: Sample + std::fmt::Debug>(reply: &T) {
    assert_eq!(format!("{reply:?}"), format!("{:?}", T::sample()));
}

#[actix::test]
async fn every_request_to_auth_is_carried() {
    carried! { Auth, AuthPeers:
        request_otp => samples::request_otp(),
        verify_otp => samples::verify_otp(),
        refresh_tokens => samples::refresh_tokens(),
        logout => samples::logout(),
        logout_all => samples::logout_all(),
        list_sessions => samples::list_sessions(),
        remove_session => samples::remove_session(),
        issue_ticket => samples::issue_ticket(),
        redeem_ticket => samples::redeem_ticket(),
        validate_token => samples::validate_token(),
        issue_test_users => samples::issue_test_users(),
        find_public_keys => samples::find_public_keys(),
    }
}

#[actix::test]
async fn every_request_to_user_is_carried() {
    carried! { User, UserPeers:
        get_me => samples::get_me(),
        update_me => samples::update_me(Some(None)),
        update_me => samples::update_me(Some(Some(samples::id()))),
        update_me => samples::update_me(None),
        delete_me => leaving::delete_me(),
        export_me => leaving::export_me(),
        find_export => leaving::find_export(),
        find_erasure => leaving::find_erasure(),
        list_erasures => leaving::list_erasures(),
        get_profile => samples::get_profile(),
        sync_contacts => samples::sync_contacts(),
        list_contacts => samples::list_contacts(),
        set_block => samples::set_block(),
        list_blocked => samples::list_blocked(),
        get_privacy => samples::get_privacy(),
        update_privacy => samples::update_privacy(),
        get_presence => samples::get_presence(),
        find_presence => samples::find_presence(),
        add_device => samples::add_device(),
        list_devices => samples::list_devices(),
        remove_device => samples::remove_device(),
    }
}

#[actix::test]
async fn every_request_to_chat_is_carried() {
    use troupe::domain::chat::Mute;
    use troupe::storage::chats::PersonalSetting;
    carried! { Chat, ChatPeers:
        create_chat => samples::create_chat(),
        set_personal => samples::set_personal(PersonalSetting::Pin(true)),
        set_personal => samples::set_personal(PersonalSetting::Mute(None)),
        set_personal => samples::set_personal(PersonalSetting::Mute(Some(Mute { until: None }))),
        set_personal => samples::set_personal(PersonalSetting::Mute(Some(Mute {
            until: Some(samples::time()),
        }))),
        hide_message => samples::hide_message(),
        star_message => samples::star_message(),
        forward_message => samples::forward_message(),
    }
}

#[actix::test]
async fn every_request_to_message_is_carried() {
    carried! { Message, MessagePeers:
        list_messages => samples::list_messages(),
        get_message => samples::get_message(),
        list_receipts => samples::list_receipts(),
        list_starred => samples::list_starred(),
        search_messages => samples::search_messages(),
        get_digest => samples::get_digest(),
        list_chats => samples::list_chats(),
        get_chat => samples::get_chat(),
        list_participants => samples::list_participants(),
        find_participants => samples::find_participants(),
        locate_messages => samples::locate_messages(),
        sync_chats => samples::sync_chats(),
    }
}

#[actix::test]
async fn every_request_to_media_is_carried() {
    carried! { Media, MediaPeers:
        get_medium => media::get_medium(),
        describe_media => media::describe_media(),
        remove_medium => media::remove_medium(),
        claim_media => media::claim_media(),
        release_media => media::release_media(),
    }
}

#[actix::test]
async fn every_request_to_notification_is_carried() {
    carried! { Notification, NotificationPeers:
        list_pushes => samples::list_pushes(),
    }
}

/// They go to a node and not to a group, in the same envelope.
#[actix::test]
async fn every_request_to_a_node_is_carried() {
    carried! { Gateway, NodePeers:
        list_hot_chats => inspection::list_hot_chats(),
        inspect_chat => inspection::inspect_chat(),
        inspect_sockets => inspection::inspect_sockets(),
        find_trace => inspection::find_trace(),
        inspect_node => inspection::inspect_node(),
        list_faults => inspection::list_faults(),
        set_fault => inspection::set_fault(),
        clear_faults => inspection::clear_faults(None),
        clear_faults => inspection::clear_faults(Some(FaultKind::SocketsDropped)),
        advance_clock => inspection::advance_clock(),
    }
}

#[actix::test]
async fn what_is_no_request_is_refused() {
    let peers = AuthPeers::of(&Echo::default().start());
    for (name, body) in [
        ("Logout", "{}"),
        ("Logout", "no JSON"),
        ("Logout", r#"{"user":"x","session":"y"}"#),
        ("GetMe", "null"),
        ("", "null"),
    ] {
        assert!(peers.serve(name, body.as_bytes()).is_err(), "{name} {body}");
    }
    assert!(peers.serve("FindPublicKeys", b"null").is_ok());
}

#[actix::test]
async fn a_refusal_is_one_and_an_answer_of_another_shape_is_ours() {
    struct Says(Answer<Vec<u8>>);
    impl Carry for Says {
        fn carry(&self, _: Group, _: Carried) -> BoxFuture<'static, Answer<Vec<u8>>> {
            let answer = self.0.clone();
            Box::pin(async move { answer })
        }
    }
    for (answer, code) in [
        (Err(Failure::forbidden("not yours")), ErrorCode::Forbidden),
        (Ok(b"{}".to_vec()), ErrorCode::Internal),
        (Ok(Vec::new()), ErrorCode::Internal),
    ] {
        let stand_in = StandIn::new(Group::User, Arc::new(Says(answer)));
        let peers = UserPeers::elsewhere(&stand_in.start());
        let failure = ask(&peers.get_me, samples::get_me()).await;
        assert_eq!(failure.expect_err("refused").code(), code);
    }
}
