//! Commands of other nodes that came back from where they were passed on to.

use troupe::actors::cluster::detours::Detours;
use troupe::actors::cluster::proto;
use troupe::actors::cluster::travelling::Travelling;
use troupe::id::ChatId;

fn command(call: u64) -> Travelling {
    Travelling::from(proto::Command {
        call,
        ..proto::Command::default()
    })
}

#[test]
fn they_go_again_in_the_order_in_which_they_first_came() {
    let (detours, chat, other) = (Detours::default(), ChatId::new(), ChatId::new());
    assert!(detours.keep(chat, || 1, command(1)).is_some(), "none waits");
    // Three were passed on; that the last one came back is heard before that the second did.
    assert!(detours.came_back(chat, 1, command(1)));
    assert!(!detours.came_back(chat, 3, command(3)));
    assert!(detours.keep(chat, || 4, command(4)).is_none());
    assert!(!detours.came_back(chat, 2, command(2)));
    assert!(detours.keep(other, || 5, command(5)).is_some());
    let calls: Vec<u64> = detours.take(chat).map(|it| it.call()).collect();
    assert_eq!(calls, [1, 2, 3, 4]);
    assert_eq!(detours.take(chat).count(), 0);
    assert!(detours.keep(chat, || 6, command(6)).is_some());
}
