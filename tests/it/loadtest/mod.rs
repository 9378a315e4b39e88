//! The load tester's checks must be able to fail: each kind of lie is caught.

use proptest::prelude::*;
use serde_json::json;
use sha2::{Digest, Sha256};
use troupe::loadtest::{Faults, Kind, MARK_BYTES, Mark, Witness, reconcile, scan};

const CHAT: &str = "0198f000-0000-7000-8000-000000000001";

fn message(seq: u64, id: &str) -> String {
    json!({
        "type": "message.new", "chatId": CHAT, "seq": seq, "rev": seq + 1,
        "message": {"id": id, "payload": {"content": "a \"quoted\" {brace}"}, "clientMessageId": "c"},
    })
    .to_string()
}

/// What a witness says of entries, given as seq and message id, when the log ends at `head`.
fn witness(entries: &[(u64, &str)]) -> Witness {
    let mut witness = Witness::new(CHAT, 0, 1);
    for (seq, id) in entries {
        let frame = message(*seq, id);
        witness.entry(&scan(frame.as_bytes()).expect("a frame"));
    }
    witness
}

fn faults(members: &[&[(u64, &str)]]) -> Faults {
    let members: Vec<_> = members.iter().map(|entries| witness(entries)).collect();
    reconcile(&members)
}

const WHOLE: &[(u64, &str)] = &[(1, "a"), (2, "b"), (3, "c")];

#[test]
fn the_same_log_everywhere_has_no_fault() {
    assert_eq!(faults(&[WHOLE, WHOLE, WHOLE]), Faults::default());
}

#[test]
fn a_lost_message_is_found_in_the_middle_and_at_the_end() {
    let middle = faults(&[WHOLE, &[(1, "a"), (3, "c")]]);
    let tail = faults(&[WHOLE, &[(1, "a")]]);
    assert_eq!((middle.lost, tail.lost), (1, 2));
}

#[test]
fn a_repeated_message_is_found() {
    let found = faults(&[WHOLE, &[(1, "a"), (2, "b"), (2, "b"), (3, "c")]]);
    assert_eq!(
        found,
        Faults {
            repeated: 1,
            ..Faults::default()
        }
    );
}

#[test]
fn a_message_after_a_later_one_is_found() {
    let found = faults(&[WHOLE, &[(1, "a"), (3, "c"), (2, "b")]]);
    assert_eq!(
        found,
        Faults {
            out_of_order: 1,
            ..Faults::default()
        }
    );
}

#[test]
fn another_message_under_the_same_number_is_found() {
    let found = faults(&[WHOLE, &[(1, "a"), (2, "x"), (3, "c")]]);
    assert_eq!(
        found,
        Faults {
            disagreements: 1,
            ..Faults::default()
        }
    );
}

#[test]
fn a_jump_of_seq_without_one_of_rev_is_found() {
    let mut witness = witness(&[(1, "a")]);
    let frame =
        json!({"type": "message.new", "chatId": CHAT, "seq": 5, "rev": 3, "message": {"id": "b"}});
    witness.entry(&scan(frame.to_string().as_bytes()).expect("a frame"));
    assert_eq!(witness.faults.seq_jumps, 1);
}

#[test]
fn a_message_of_another_chat_is_found() {
    let mut witness = Witness::new("another", 0, 1);
    witness.entry(&scan(message(1, "a").as_bytes()).expect("a frame"));
    assert_eq!(witness.faults.misdelivered, 1);
}

#[test]
fn a_receipt_that_goes_back_or_beyond_the_head_is_found() {
    let mut witness = witness(WHOLE);
    for (up_to, wrong) in [(1, 0), (3, 0), (2, 1), (3, 2), (9, 3)] {
        let frame = json!({"type": "message.status", "chatId": CHAT, "userId": "u",
            "status": "delivered", "upToSeq": up_to});
        witness.receipt(&scan(frame.to_string().as_bytes()).expect("a frame"));
        assert_eq!(witness.faults.receipts_wrong, wrong, "after {up_to}");
    }
}

#[test]
fn a_copy_has_the_digest_of_its_lines() {
    let mut witness = Witness::new(CHAT, 0, 1).copying();
    for (seq, id) in WHOLE {
        witness.entry(&scan(message(*seq, id).as_bytes()).expect("a frame"));
    }
    let copy = witness.copy().expect("a copy");
    let expected = hex::encode(Sha256::digest("1:a:2\n2:b:3\n3:c:4\n"));
    assert_eq!((copy.from_seq, copy.to_seq, copy.count), (1, 3, 3));
    assert_eq!(copy.hash, expected);
}

#[test]
fn an_ack_is_read_with_its_fields_in_any_order() {
    let ack = json!({"type": "ack", "seq": 7, "rev": 9, "id": "i", "chatId": CHAT,
        "messageId": "m", "duplicate": false, "createdAt": null, "message": {"id": "m"}});
    let text = ack.to_string();
    let seen = scan(text.as_bytes()).expect("a frame");
    assert_eq!((seen.kind, seen.seq, seen.rev), (Kind::Ack, 7, 9));
    assert_eq!((seen.id, seen.message_id), (&b"i"[..], &b"m"[..]));
}

/// Else an index of them would be filled at its end, as it never is.
#[test]
fn marks_come_in_no_order() {
    let marks = (0..100).map(|counter| {
        let mut text = [0; MARK_BYTES];
        let nanoseconds = 1_000 * u64::from(counter);
        Mark {
            nanoseconds,
            counter,
        }
        .write(&mut text);
        text
    });
    let marks: Vec<[u8; MARK_BYTES]> = marks.collect();
    let rises = marks.windows(2).filter(|two| two[0] < two[1]).count();
    assert!((25..75).contains(&rises), "{rises}");
}

proptest! {
    #[test]
    fn a_mark_comes_back(nanoseconds: u64, counter: u32) {
        let (mark, mut text) = (Mark { nanoseconds, counter }, [0; MARK_BYTES]);
        mark.write(&mut text);
        prop_assert_eq!(Mark::read(&text), Some(mark));
        text[0] ^= 1;
        prop_assert_ne!(Mark::read(&text), Some(mark));
    }

    /// No bytes make the reader panic or run for ever; a cut frame is not taken for a whole one.
    #[test]
    fn broken_text_is_no_frame(bytes in proptest::collection::vec(any::<u8>(), 0..200), cut in 1usize..60) {
        let _ = scan(&bytes);
        let whole = message(1, "a");
        let cut = cut.min(whole.len());
        prop_assert!(scan(&whole.as_bytes()[..cut]).is_none());
    }
}
