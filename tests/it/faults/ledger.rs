//! What was asked for and what came of it: invoked, acked, failed, or unknown.

use std::collections::BTreeMap;

use parking_lot::Mutex;

/// Where a message was put, as its ack says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acked {
    pub message_id: String,
    pub seq: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Not answered, or answered with "unknown": it is repeated until it is.
    Unknown,
    Acked(Acked),
    /// Refused, with this code.
    Failed(String),
}

#[derive(Clone, Debug)]
pub struct Operation {
    pub chat_id: String,
    pub outcome: Outcome,
}

/// Every send of every user by its `clientMessageId`, and what broke a rule at once.
#[derive(Default)]
pub struct Ledger {
    operations: Mutex<BTreeMap<String, Operation>>,
    violations: Mutex<Vec<String>>,
}

impl Ledger {
    pub fn invoked(&self, client_id: &str, chat_id: &str) {
        let operation = Operation {
            chat_id: chat_id.to_owned(),
            outcome: Outcome::Unknown,
        };
        self.operations
            .lock()
            .insert(client_id.to_owned(), operation);
    }

    /// An answer; one that differs from an earlier one breaks D2.
    pub fn answered(&self, client_id: &str, outcome: Outcome) {
        let mut operations = self.operations.lock();
        let Some(operation) = operations.get_mut(client_id) else {
            return self.violation(format!("an answer to {client_id}, which nobody sent"));
        };
        match (&operation.outcome, &outcome) {
            (Outcome::Acked(first), Outcome::Acked(now)) if first != now => {
                self.violation(format!("{client_id}: {first:?}, then {now:?}"));
            }
            (Outcome::Acked(_), _) => {}
            _ => operation.outcome = outcome,
        }
    }

    pub fn violation(&self, what: String) {
        self.violations.lock().push(what);
    }

    /// The sends without a final answer.
    pub fn unknown(&self) -> BTreeMap<String, Operation> {
        let mut operations = self.operations();
        operations.retain(|_, one| one.outcome == Outcome::Unknown);
        operations
    }

    pub fn acked(&self) -> usize {
        let operations = self.operations.lock();
        let acked = |one: &&Operation| matches!(one.outcome, Outcome::Acked(_));
        operations.values().filter(acked).count()
    }

    pub fn operations(&self) -> BTreeMap<String, Operation> {
        self.operations.lock().clone()
    }

    pub fn violations(&self) -> Vec<String> {
        self.violations.lock().clone()
    }
}
