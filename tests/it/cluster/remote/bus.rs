//! Two processes' ends of the real NATS, in one.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix::Actor;
use bytes::Bytes;
use secrecy::SecretString;
use troupe::actors::auth::requests::AuthPeers;
use troupe::actors::cluster::bus::BusSettings;
use troupe::actors::cluster::requests::Installation;
use troupe::actors::cluster::serving::Offer;
use troupe::actors::cluster::{Cluster, Local, Seat};
use troupe::actors::fanout::Fanout;
use troupe::actors::group::{Group, GroupSet};
use troupe::actors::placement::ChatDoor;
use troupe::actors::remote::StandIn;
use troupe::actors::request::ask;
use troupe::actors::user::requests::UserPeers;
use troupe::error::ErrorCode;
use troupe::id::NodeId;

use super::echo::{Echo, Sample};
use super::{replies, samples};
use crate::support::{eventually, servers};

/// Waits for what must not take the ten seconds of a deadline.
const AT_ONCE: Duration = Duration::from_secs(3);

pub fn settings() -> BusSettings {
    BusSettings {
        url: SecretString::from(servers::address("NATS")),
        prefix: format!("t{}", uuid::Uuid::new_v4().simple()),
        timeout: Duration::from_secs(5),
    }
}

/// A process without chats.
async fn without_chats(settings: &BusSettings, groups: &[Group], offers: Vec<Offer>) -> Cluster {
    node(settings, groups, ChatDoor::new(Vec::new()), offers).await
}

pub async fn node(
    settings: &BusSettings,
    groups: &[Group],
    door: ChatDoor,
    offers: Vec<Offer>,
) -> Cluster {
    let seat = Seat {
        groups: groups.iter().copied().collect(),
        bound: "127.0.0.1:1".parse().expect("an address"),
        advertised: None,
    };
    let cluster = Cluster::connect(settings, Fanout::new(NodeId::new()), seat).await;
    let cluster = cluster.expect("NATS runs");
    let local = Local {
        door,
        shards: Vec::new(),
        offers,
        itself: None,
    };
    cluster.join(local).await.expect("joined");
    cluster
}

fn auth_at(cluster: &Cluster) -> AuthPeers {
    let stand_in = StandIn::new(Group::Auth, Arc::new(cluster.clone()));
    AuthPeers::elsewhere(&stand_in.start())
}

#[actix::test]
async fn requests_reach_the_process_that_runs_the_group() {
    let settings = settings();
    let echo = AuthPeers::of(&Echo::default().start());
    let offer = Offer::new(Group::Auth, echo);
    let there = without_chats(&settings, &[Group::Auth], vec![offer]).await;
    let here = without_chats(&settings, &[Group::Gateway], Vec::new()).await;
    let auth = auth_at(&here);

    let claims = ask(&auth.validate_token, samples::validate_token()).await;
    assert_eq!(claims.expect("answered"), replies::claims());
    // More than one message may hold: it comes in parts.
    let users = ask(&auth.issue_test_users, samples::issue_test_users()).await;
    let users = users.expect("answered");
    let bytes = serde_json::to_vec(&users).expect("JSON").len();
    assert!(bytes > 2 * 1024 * 1024, "only {bytes} bytes");
    let sample = Vec::<troupe::actors::auth::requests::TestUser>::sample();
    assert_eq!(format!("{users:?}"), format!("{sample:?}"));

    eventually("they see each other", async || {
        here.is_served(Group::Auth) && there.is_served(Group::Gateway)
    })
    .await;
    let seen = here.nodes();
    let other = seen.iter().find(|node| !node.is_me).expect("the other");
    assert_eq!(
        other.groups,
        [Group::Auth].into_iter().collect::<GroupSet>()
    );
    assert_eq!(other.address, "127.0.0.1:1");

    there.stop_serving().await;
    let began = Instant::now();
    let refused = ask(&auth.validate_token, samples::validate_token()).await;
    assert_eq!(refused.expect_err("nobody").code(), ErrorCode::Unavailable);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[actix::test]
async fn a_group_that_nobody_runs_is_unavailable_at_once() {
    let here = without_chats(&settings(), &[Group::Gateway], Vec::new()).await;
    let stand_in = StandIn::new(Group::User, Arc::new(here));
    let user = UserPeers::elsewhere(&stand_in.start());
    let began = Instant::now();
    let refused = ask(&user.get_me, samples::get_me()).await;
    assert_eq!(refused.expect_err("nobody").code(), ErrorCode::Unavailable);
    assert!(began.elapsed() < AT_ONCE, "{:?}", began.elapsed());
}

#[actix::test]
async fn what_is_too_large_to_be_asked_is_said() {
    let here = without_chats(&settings(), &[Group::Gateway], Vec::new()).await;
    let stand_in = StandIn::new(Group::User, Arc::new(here));
    let user = UserPeers::elsewhere(&stand_in.start());
    let mut request = samples::sync_contacts();
    request.phones = vec!["0".repeat(1024); 2048];
    let refused = ask(&user.sync_contacts, request).await;
    assert_eq!(refused.expect_err("too large").code(), ErrorCode::TooLarge);
}

#[actix::test]
async fn junk_on_the_bus_is_skipped() {
    let settings = settings();
    let echo = AuthPeers::of(&Echo::default().start());
    let offer = Offer::new(Group::Auth, echo);
    let _there = without_chats(&settings, &[Group::Auth], vec![offer]).await;
    let here = without_chats(&settings, &[Group::Gateway], Vec::new()).await;
    let url = servers::address("NATS");
    let junk = async_nats::connect(url).await.expect("NATS runs");
    let subject = format!("{}.ask.auth", settings.prefix);
    let replies = format!("{}.node.{}.reply", settings.prefix, here.me().0.simple());
    for body in [&b""[..], b"junk", &[0xff; 300]] {
        let body = Bytes::copy_from_slice(body);
        // With and without someone who waits, and as answers to what was and was not asked.
        junk.publish(subject.clone(), body.clone())
            .await
            .expect("sent");
        let answered = junk.request(subject.clone(), body.clone()).await;
        assert!(answered.is_ok(), "whoever waits is told");
        for call in ["1", "2", "x"] {
            let reply = format!("{replies}.{call}");
            junk.publish(reply, body.clone()).await.expect("sent");
        }
    }
    junk.flush().await.expect("flushed");
    let auth = auth_at(&here);
    let claims = ask(&auth.validate_token, samples::validate_token()).await;
    assert_eq!(claims.expect("answered"), replies::claims());
}
