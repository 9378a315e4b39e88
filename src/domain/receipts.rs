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

impl ReceiptKind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
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

    /// After "got / read up to here": only ever raised, and reading is getting.
    #[must_use]
    pub fn raised(mut self, kind: ReceiptKind, up_to_seq: u64, at: Timestamp) -> Self {
        if up_to_seq > self.delivered_seq {
            self.delivered_seq = up_to_seq;
            self.delivered_at = Some(at);
        }
        if kind == ReceiptKind::Read && up_to_seq > self.read_seq {
            self.read_seq = up_to_seq;
            self.read_at = Some(at);
        }
        self
    }
}

/// A moment at which someone got (or read) up to a seq.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiptTime {
    pub user_id: UserId,
    pub kind: ReceiptKind,
    pub at: Timestamp,
}

/// How far a recipient may be shown to have got with the message at `seq`; `None`: only sent.
///
/// `shows_activity`: no block hides it; `shows_read`: both sides have read receipts on.
pub fn shown(
    mark: &Watermark,
    seq: u64,
    shows_activity: bool,
    shows_read: bool,
) -> Option<ReceiptKind> {
    if !shows_activity {
        None
    } else if shows_read && mark.read_seq >= seq {
        Some(ReceiptKind::Read)
    } else if mark.delivered_seq.max(mark.read_seq) >= seq {
        Some(ReceiptKind::Delivered)
    } else {
        None
    }
}
