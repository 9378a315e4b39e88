//! Where chats belong: the same everywhere, evenly, and only what must move moves.

use troupe::actors::placement::rendezvous;
use troupe::id::ChatId;
use uuid::Uuid;

const NODES: [u64; 3] = [
    0x1111_2222_3333_4444,
    0xaaaa_bbbb_cccc_dddd,
    0x0123_4567_89ab_cdef,
];

fn chat(number: u128) -> ChatId {
    ChatId(Uuid::from_u128(
        0x0190_a0a0_0000_7000_8000_0000_0000_0000 + number,
    ))
}

/// Nodes of different versions must agree: these never change.
#[test]
fn a_chat_has_the_same_owner_in_every_version() {
    let owners: Vec<_> = (0..12)
        .map(|number| rendezvous(chat(number), NODES.into_iter()).expect("an owner"))
        .collect();
    assert_eq!(owners, [0, 0, 0, 2, 0, 0, 1, 0, 1, 0, 0, 0]);
}

#[test]
fn chats_are_spread_evenly() {
    let mut counts = [0u32; 3];
    for number in 0..9_000 {
        counts[rendezvous(chat(number), NODES.into_iter()).expect("an owner")] += 1;
    }
    let even = 2_700..=3_300;
    assert!(
        counts.iter().all(|count| even.contains(count)),
        "{counts:?}"
    );
}

#[test]
fn a_node_that_goes_moves_its_own_chats_alone() {
    for number in 0..1_000 {
        let before = NODES[rendezvous(chat(number), NODES.into_iter()).expect("an owner")];
        let left = &NODES[..2];
        let after = left[rendezvous(chat(number), left.iter().copied()).expect("an owner")];
        assert!(after == before || before == NODES[2]);
    }
    assert_eq!(rendezvous(chat(0), std::iter::empty()), None);
}
