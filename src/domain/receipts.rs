//! Delivered and read: two watermarks per member that only rise (D9).

use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::UserId;

#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
    schemars::JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum ReceiptKind {
    Delivered,
    Read,
}

/// How far one member has got; zero when nowhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark {
    pub user_id: UserId,
    pub delivered_seq: u64,
    pub delivered_at: Option<Timestamp>,
    pub read_seq: u64,
    pub read_at: Option<Timestamp>,
}

impl Watermark {
    pub fn nowhere(user_id: UserId) -> Self {
        Self {
            user_id,
            delivered_seq: 0,
            delivered_at: None,
            read_seq: 0,
            read_at: None,
        }
    }
}
