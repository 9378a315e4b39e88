//! Who is on which other node, followed by numbered changes.

use troupe::actors::cluster::directory::{Directory, Followed};
use troupe::id::{NodeId, UserId};

const ONE: u64 = 1;
const OTHER: u64 = 2;

#[test]
fn changes_are_followed_in_order_and_repeats_change_nothing() {
    let (directory, node, user) = (Directory::default(), NodeId::new(), UserId::new());
    directory.replace(node, ONE, 0, &[]);
    let come = [(user, true)];
    assert_eq!(directory.follow(node, ONE, 1, &come), Followed::Yes);
    assert_eq!(directory.bits(user), ONE);
    assert_eq!(
        directory.follow(node, ONE, 2, &[(user, false)]),
        Followed::Yes
    );
    assert_eq!(directory.bits(user), 0);
    assert_eq!(directory.follow(node, ONE, 1, &come), Followed::Yes);
    assert_eq!(directory.bits(user), 0, "an old change is known");
    assert!(directory.is_followed(node, 2));
    assert!(!directory.is_followed(node, 3));
}

#[test]
fn a_gap_is_noticed_and_the_list_closes_it() {
    let (directory, node) = (Directory::default(), NodeId::new());
    let [gone, here, late] = [(); 3].map(|()| UserId::new());
    directory.replace(node, ONE, 4, &[gone]);
    let missed = directory.follow(node, ONE, 6, &[(late, true)]);
    assert_eq!(missed, Followed::Missed);
    assert_eq!(directory.bits(late), 0, "nothing is guessed");
    directory.replace(node, ONE, 6, &[here, late]);
    assert_eq!(
        [gone, here, late].map(|user| directory.bits(user)),
        [0, ONE, ONE]
    );
    assert_eq!(
        directory.follow(node, ONE, 7, &[(here, false)]),
        Followed::Yes
    );
    assert_eq!(directory.bits(here), 0);
}

#[test]
fn a_node_that_nobody_asked_yet_is_missed() {
    let directory = Directory::default();
    let followed = directory.follow(NodeId::new(), ONE, 1, &[(UserId::new(), true)]);
    assert_eq!(followed, Followed::Missed);
}

#[test]
fn a_node_that_goes_takes_its_own_people_alone() {
    let (directory, one, other) = (Directory::default(), NodeId::new(), NodeId::new());
    let [both, only] = [(); 2].map(|()| UserId::new());
    directory.replace(one, ONE, 0, &[both, only]);
    directory.replace(other, OTHER, 0, &[both]);
    assert_eq!(directory.of(&[both, only]), ONE | OTHER);
    directory.remove(one, ONE);
    assert_eq!([both, only].map(|user| directory.bits(user)), [OTHER, 0]);
    let followed = directory.follow(one, ONE, 1, &[(only, true)]);
    assert_eq!(followed, Followed::Missed, "who comes back is asked anew");
}

#[test]
fn own_changes_are_numbered_without_a_hole() {
    let (directory, me) = (Directory::default(), NodeId::new());
    assert!(directory.take_changes(me).is_none());
    directory.moved(UserId::new(), true);
    directory.moved(UserId::new(), true);
    let first = directory.take_changes(me).expect("changes");
    assert_eq!((first.first, first.places.len()), (1, 2));
    directory.moved(UserId::new(), false);
    let second = directory.take_changes(me).expect("changes");
    assert_eq!((second.first, second.places.len()), (3, 1));
    assert_eq!(directory.told(), 3);
}
