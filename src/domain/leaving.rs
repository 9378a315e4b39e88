//! Work on a whole account, store by store: deleting it, writing it out.

use serde::{Deserialize, Serialize};

/// How far a piece of work is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum WorkState {
    Running,
    Ready,
    /// It is tried again.
    Failed,
}

/// One store's part of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct StoreWork {
    pub name: String,
    pub state: WorkState,
}

/// All parts: failed if one is, ready when every one is.
pub fn overall(parts: &[StoreWork]) -> WorkState {
    let any = |state| parts.iter().any(|part| part.state == state);
    if any(WorkState::Failed) {
        WorkState::Failed
    } else if any(WorkState::Running) {
        WorkState::Running
    } else {
        WorkState::Ready
    }
}

/// Parts that have not begun.
pub fn begun(names: &[&str]) -> Vec<StoreWork> {
    let part = |name: &&str| StoreWork {
        name: (*name).to_owned(),
        state: WorkState::Running,
    };
    names.iter().map(part).collect()
}

/// Sets the state of one part.
pub fn set(parts: &mut Vec<StoreWork>, name: &str, state: WorkState) {
    match parts.iter_mut().find(|part| part.name == name) {
        Some(part) => part.state = state,
        None => parts.push(StoreWork {
            name: name.to_owned(),
            state,
        }),
    }
}
