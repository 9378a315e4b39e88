//! How far someone has got, said by two owners of his chat, over the real NATS.

use std::cell::RefCell;
use std::cmp::Ordering::{Equal, Greater, Less};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, Context, Handler};
use tokio::time::Instant;
use troupe::actors::cluster::Cluster;
use troupe::actors::fanout::{Deliver, Delivery, FanOut};
use troupe::actors::group::Group;
use troupe::actors::placement::ChatDoor;
use troupe::actors::told::{Status, Told};
use troupe::clock::Timestamp;
use troupe::domain::receipts::ReceiptKind;
use troupe::id::{ChatId, UserId};
use troupe::wire::frame::Event;

use super::remote::bus::{node, settings};
use crate::support::eventually;

/// Stands where the sockets of an arbiter do: how far each status that came says.
#[derive(Clone, Default)]
struct Lane(Rc<RefCell<Vec<u64>>>);

impl Actor for Lane {
    type Context = Context<Self>;
}

impl Handler<Deliver> for Lane {
    type Result = ();

    fn handle(&mut self, Deliver { deliveries, .. }: Deliver, _: &mut Self::Context) {
        for delivery in deliveries {
            if let Delivery::FanOut(fan_out) = delivery {
                let up_to_seq = fan_out.status.expect("a status").up_to_seq;
                self.0.borrow_mut().push(up_to_seq);
            }
        }
    }
}

fn status(chat_id: ChatId, kind: ReceiptKind, up_to_seq: u64) -> Status {
    Status {
        chat_id,
        user_id: UserId(uuid::Uuid::nil()),
        kind,
        up_to_seq,
    }
}

fn say(owner: &Cluster, to: UserId, status: Status) {
    let event = Event::MessageStatus {
        chat_id: status.chat_id,
        user_id: status.user_id,
        status: status.kind.into(),
        up_to_seq: status.up_to_seq,
        updated_at: Timestamp(0),
    };
    owner.fanout().fan_out(FanOut {
        frame: event.frame(),
        to: [to].into(),
        except: None,
        status: Some(status),
    });
}

#[actix::test]
async fn what_a_former_owner_says_late_does_not_go_back() {
    let settings = settings();
    let door = || ChatDoor::new(Vec::new());
    let here = node(&settings, &[Group::Websocket], door(), Vec::new()).await;
    here.fanout().reach_elsewhere(Arc::new(here.clone()));
    let lane = Lane::default();
    let (number, _) = here.fanout().register(lane.clone().start().recipient());
    let user = UserId::new();
    here.fanout().place(user, number, true);
    let former = node(&settings, &[Group::Chat], door(), Vec::new()).await;
    let owner = node(&settings, &[Group::Chat], door(), Vec::new()).await;
    for chats in [&former, &owner] {
        chats.fanout().reach_elsewhere(Arc::new(chats.clone()));
        let knows = async || chats.fanout().is_online(user);
        eventually("they know who is where", knows).await;
    }
    let [one, other] = [ChatId::new(), ChatId::new()];
    let came = |wanted: Vec<u64>| {
        let lane = lane.clone();
        async move {
            eventually(&format!("{wanted:?}"), async || {
                lane.0.borrow().len() >= wanted.len()
            })
            .await;
            assert_eq!(*lane.0.borrow(), wanted);
        }
    };
    let (delivered, read) = (ReceiptKind::Delivered, ReceiptKind::Read);
    say(&owner, user, status(one, delivered, 233));
    came(vec![233]).await;
    say(&former, user, status(one, delivered, 229));
    // Another chat, another kind of status, and what goes on, are told.
    say(&former, user, status(other, delivered, 3));
    came(vec![233, 3]).await;
    say(&owner, user, status(one, read, 225));
    say(&owner, user, status(one, read, 240));
    came(vec![233, 3, 225, 240]).await;
    // What was read has come.
    say(&former, user, status(one, delivered, 239));
    say(&former, user, status(other, delivered, 4));
    came(vec![233, 3, 225, 240, 4]).await;
    // Someone else has heard nothing yet.
    let neighbour = UserId::new();
    here.fanout().place(neighbour, number, true);
    let knows = async || former.fanout().is_online(neighbour);
    eventually("he is known", knows).await;
    say(&former, neighbour, status(one, delivered, 228));
    came(vec![233, 3, 225, 240, 4, 228]).await;
}

#[test]
fn what_was_told_is_known_for_as_long_as_something_may_come_late() {
    let (one, other) = (ChatId::new(), ChatId::new());
    let (receiver, now) = (UserId::new(), Instant::now());
    let mut told = Told::default();
    let mut take = |seconds, chat_id, up_to_seq| {
        let now = now + Duration::from_secs(seconds);
        told.take(
            &status(chat_id, ReceiptKind::Read, up_to_seq),
            receiver,
            now,
        )
    };
    assert_eq!(take(0, one, 9), Greater);
    assert_eq!(take(0, one, 9), Equal);
    assert_eq!(take(59, one, 8), Less);
    assert_eq!(take(61, one, 8), Less);
    assert_eq!(take(130, one, 8), Less, "asked for meanwhile");
    assert_eq!(take(200, other, 4), Greater);
    assert_eq!(take(270, other, 5), Greater);
    assert_eq!(take(270, one, 8), Greater, "forgotten");
}

#[test]
fn so_much_is_known_and_no_more() {
    let (receiver, now) = (UserId::new(), Instant::now());
    let mut told = Told::default();
    let first = status(ChatId::new(), ReceiptKind::Read, 2);
    assert_eq!(told.take(&first, receiver, now), Greater);
    for _ in 0..200_001 {
        let another = status(ChatId::new(), ReceiptKind::Read, 2);
        assert_eq!(told.take(&another, receiver, now), Greater);
    }
    let earlier = Status {
        up_to_seq: 1,
        ..first
    };
    assert_eq!(told.take(&earlier, receiver, now), Greater, "forgotten");
}
