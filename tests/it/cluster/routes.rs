//! The order of one chat's sends on their way to its owners.

use troupe::actors::chat::requests::{ChatCommand, ToChat};
use troupe::actors::cluster::routes::{Routes, Turn};
use troupe::actors::request::ReplyTo;
use troupe::id::{ChatId, NodeId};

fn message(chat_id: ChatId) -> ToChat {
    let (reply, _) = ReplyTo::channel();
    ToChat {
        chat_id,
        command: ChatCommand::Refresh(reply),
        detained: false,
        came_as: None,
    }
}

struct Stage {
    routes: Routes,
    chat: ChatId,
    owner: NodeId,
    next: NodeId,
}

impl Stage {
    fn new() -> Self {
        Self {
            routes: Routes::default(),
            chat: ChatId::new(),
            owner: NodeId::new(),
            next: NodeId::new(),
        }
    }

    fn goes(&self, owner: Option<NodeId>, call: u64) -> bool {
        let turn = self.routes.turn(owner, call, message(self.chat));
        matches!(turn, Turn::Now(_))
    }

    fn released(&self, owner: Option<NodeId>) -> usize {
        let waited = self.routes.release(self.chat, owner);
        let Some(waited) = waited else { return 0 };
        self.routes.released(self.chat);
        waited.len()
    }
}

#[test]
fn sends_to_one_owner_do_not_wait_for_each_other() {
    let stage = Stage::new();
    assert!((1..=100).all(|call| stage.goes(Some(stage.owner), call)));
    assert!(!(1..=100).any(|call| stage.routes.finish(stage.chat, call)));
    assert!(stage.goes(Some(stage.next), 101), "nothing is left of them");
}

#[test]
fn what_goes_to_another_owner_waits_for_what_is_with_the_first() {
    let stage = Stage::new();
    assert!(stage.goes(Some(stage.owner), 1));
    assert!(!stage.goes(Some(stage.next), 2));
    assert!(!stage.goes(None, 0), "here, too");
    assert!(
        !stage.goes(Some(stage.owner), 3),
        "nor does one overtake those"
    );
    assert_eq!(stage.released(Some(stage.next)), 0);
    assert!(stage.routes.finish(stage.chat, 1), "three may go");
    assert_eq!(stage.released(Some(stage.next)), 3);
    assert!(stage.goes(None, 0));
}

#[test]
fn what_comes_while_others_are_retried_waits_behind_them() {
    let stage = Stage::new();
    assert!(stage.goes(Some(stage.owner), 1));
    assert!(stage.goes(Some(stage.owner), 2));
    assert!(
        stage.routes.came_back(stage.chat, 1),
        "the first of its chat"
    );
    assert!(!stage.goes(Some(stage.owner), 3));
    assert!(!stage.goes(None, 0));
    assert!(
        !stage.routes.came_back(stage.chat, 2),
        "it goes with the first"
    );
    assert_eq!(stage.routes.retry(stage.chat), [1, 2]);
    stage.routes.redirect(stage.chat, 1, stage.next);
    assert_eq!(stage.released(Some(stage.next)), 0, "one is still to go");
    stage.routes.redirect(stage.chat, 2, stage.next);
    assert_eq!(stage.routes.crowded(), [stage.chat]);
    assert_eq!(stage.released(Some(stage.next)), 2, "right behind them");
    assert!(stage.goes(Some(stage.next), 4));
}

#[test]
fn what_comes_while_others_are_released_waits_behind_them() {
    let stage = Stage::new();
    assert!(stage.goes(Some(stage.owner), 1));
    assert!(!stage.goes(None, 0));
    stage.routes.finish(stage.chat, 1);
    let waited = stage.routes.release(stage.chat, None);
    assert_eq!(waited.map(|waited| waited.len()), Some(1));
    assert!(!stage.goes(None, 0));
    assert!(
        stage.routes.release(stage.chat, None).is_none(),
        "by one at a time"
    );
    stage.routes.released(stage.chat);
    assert_eq!(stage.released(None), 1);
    assert!(stage.goes(None, 0));
}

#[test]
fn no_more_wait_than_may() {
    let stage = Stage::new();
    assert!(stage.goes(Some(stage.owner), 1));
    let full = (0..2000).find(|_| {
        let turn = stage.routes.turn(None, 0, message(stage.chat));
        matches!(turn, Turn::Full(_))
    });
    assert_eq!(full, Some(1024));
}
