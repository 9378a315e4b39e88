//! The rules of a chat and their stored effects against a model that says the same in plain words:
//! any history of sends, edits, deletions, reactions, receipts, time and membership must end alike in both.

mod chat;
mod model;
mod pushes;

use proptest::prelude::{Strategy, any, prop_oneof};
use proptest::test_runner::{Config, TestRunner};
use troupe::domain::chat::Role;
use troupe::domain::receipts::ReceiptKind;

use self::chat::RealChat;
use self::model::Model;

/// So many people there are; the first three begin in the group, the first as its admin.
pub const PEOPLE: usize = 5;

/// A few that may stand on a message.
pub type Emoji = &'static str;
const EMOJIS: [Option<Emoji>; 3] = [None, Some("👍"), Some("❤️")];

/// What someone tries. People are numbers, messages are picked among those there are.
#[derive(Clone, Copy, Debug)]
pub enum Attempt {
    Send {
        who: usize,
    },
    Edit {
        who: usize,
        pick: usize,
    },
    Delete {
        who: usize,
        pick: usize,
    },
    React {
        who: usize,
        pick: usize,
        emoji: Option<Emoji>,
    },
    Add {
        who: usize,
        whom: usize,
    },
    Remove {
        who: usize,
        whom: usize,
    },
    SetRole {
        who: usize,
        whom: usize,
        role: Role,
    },
    AdminOnly {
        who: usize,
        on: bool,
    },
    Mark {
        who: usize,
        kind: ReceiptKind,
        pick: usize,
    },
    Pass {
        minutes: i64,
    },
}

fn attempts() -> impl Strategy<Value = Vec<Attempt>> {
    let person = || 0..PEOPLE;
    let message = || 0..1000_usize;
    let role = any::<bool>().prop_map(|admin| if admin { Role::Admin } else { Role::Member });
    let kind = any::<bool>().prop_map(|read| match read {
        true => ReceiptKind::Read,
        false => ReceiptKind::Delivered,
    });
    let minutes = prop_oneof![0..20_i64, 2875..2885_i64];
    let one = prop_oneof![
        6 => person().prop_map(|who| Attempt::Send { who }),
        3 => (person(), message()).prop_map(|(who, pick)| Attempt::Edit { who, pick }),
        2 => (person(), message()).prop_map(|(who, pick)| Attempt::Delete { who, pick }),
        3 => (person(), message(), 0..EMOJIS.len()).prop_map(|(who, pick, emoji)| {
            Attempt::React { who, pick, emoji: EMOJIS[emoji] }
        }),
        3 => (person(), person()).prop_map(|(who, whom)| Attempt::Add { who, whom }),
        3 => (person(), person()).prop_map(|(who, whom)| Attempt::Remove { who, whom }),
        2 => (person(), person(), role).prop_map(|(who, whom, role)| Attempt::SetRole { who, whom, role }),
        1 => (person(), any::<bool>()).prop_map(|(who, on)| Attempt::AdminOnly { who, on }),
        3 => (person(), kind, message()).prop_map(|(who, kind, pick)| Attempt::Mark { who, kind, pick }),
        1 => minutes.prop_map(|minutes| Attempt::Pass { minutes }),
    ];
    proptest::collection::vec(one, 1..60)
}

#[test]
fn any_history_ends_as_the_model_says() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let config = Config {
        cases: 48,
        failure_persistence: None,
        ..Config::default()
    };
    TestRunner::new(config)
        .run(&attempts(), |history| {
            runtime.block_on(async {
                let mut model = Model::new();
                let mut chat = RealChat::new().await;
                for attempt in history {
                    let expected = model.attempt(attempt);
                    let outcome = chat.attempt(attempt).await;
                    assert_eq!(outcome, expected, "{attempt:?} in {model:#?}");
                }
                chat.assert_is(&model).await;
            });
            Ok(())
        })
        .expect("every history");
}
