//! What names one send. As a phone's ids do, marks come in no order: a server that keeps them sorted finds
//! no two together.

use uuid::Uuid;

/// As text.
pub const MARK_BYTES: usize = uuid::fmt::Hyphenated::LENGTH;

/// The frame's `id` and the `clientMessageId`; tells when the send was due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Since the test began.
    pub nanoseconds: u64,
    pub counter: u32,
}

impl Mark {
    /// Writes a UUID, of which each bit depends on all of the mark.
    pub fn write(self, into: &mut [u8]) {
        let right = u64::from(self.counter) ^ mix(self.nanoseconds);
        let left = self.nanoseconds ^ mix(right);
        let id = Uuid::from_u64_pair(left, right);
        id.hyphenated().encode_lower(into);
    }

    /// Reads a mark back; `None` when the text is none of ours.
    pub fn read(text: &[u8]) -> Option<Self> {
        let (left, right) = Uuid::try_parse_ascii(text).ok()?.as_u64_pair();
        let nanoseconds = left ^ mix(right);
        let counter = right ^ mix(nanoseconds);
        Some(Self {
            nanoseconds,
            counter: u32::try_from(counter).ok()?,
        })
    }
}

/// The finalizer of SplitMix64.
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    bits ^ (bits >> 31)
}
