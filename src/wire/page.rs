//! Lists: `{"items":[…],"nextCursor":"…"|null}`, and cursors that only we can read.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::error::Failure;

/// Items of a page when the caller asks for no number.
pub const DEFAULT_LIMIT: usize = 50;
/// Most items of a page.
pub const MOST_LIMIT: usize = 200;

/// Above every seq and rev.
pub const NO_NUMBER: u64 = 1 << 53;

/// One page of a list.
#[derive(Clone, Debug, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Where the next page starts; `null` on the last one.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// Everything there is.
    pub fn whole(items: Vec<T>) -> Self {
        Self {
            items,
            next_cursor: None,
        }
    }

    /// A page out of up to `limit + 1` rows: the one too many says that there is more. `place` is
    /// what the next page begins after.
    pub fn cut<R, P: Serialize>(
        list: &str,
        mut rows: Vec<R>,
        limit: usize,
        place: impl Fn(&R) -> P,
        view: impl FnMut(R) -> T,
    ) -> Result<Self, Failure> {
        let has_more = rows.len() > limit;
        rows.truncate(limit);
        let last = rows.last().filter(|_| has_more);
        let next_cursor = last.map(|row| cursor(list, &place(row))).transpose()?;
        Ok(Self {
            items: rows.into_iter().map(view).collect(),
            next_cursor,
        })
    }
}

/// `limit` as the contract bounds it: 1–200, 50 when absent; else 422.
pub fn limit(asked: Option<usize>) -> Result<usize, Failure> {
    match asked.unwrap_or(DEFAULT_LIMIT) {
        limit if (1..=MOST_LIMIT).contains(&limit) => Ok(limit),
        _ => Err(Failure::invalid("limit", "must be from 1 to 200")),
    }
}

/// Writes a place in the list called `list`; a cursor of another list is refused.
///
/// The sum guards against accidents and guessing games; what a cursor opens is checked on reading.
pub fn cursor<T: Serialize>(list: &str, place: &T) -> Result<String, Failure> {
    let json = serde_json::to_vec(place).map_err(|_| Failure::internal())?;
    let mut bytes = sum(list, &json).to_vec();
    bytes.extend_from_slice(&json);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// Reads what [`cursor`] wrote; anything else is 422 on `field`.
pub fn read_cursor<T: DeserializeOwned>(
    list: &str,
    field: &'static str,
    text: &str,
) -> Result<T, Failure> {
    let refused = || Failure::invalid(field, "was not given by this server");
    if text.len() > 512 {
        return Err(refused());
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| refused())?;
    let (written, json) = bytes.split_at_checked(SUM_BYTES).ok_or_else(refused)?;
    if written != sum(list, json) {
        return Err(refused());
    }
    serde_json::from_slice(json).map_err(|_| refused())
}

const SUM_BYTES: usize = 8;

fn sum(list: &str, json: &[u8]) -> [u8; SUM_BYTES] {
    let mut hasher = Sha256::new();
    hasher.update(b"troupe cursor 1\0");
    hasher.update(list);
    hasher.update([0]);
    hasher.update(json);
    let mut short = [0; SUM_BYTES];
    short.copy_from_slice(&hasher.finalize()[..SUM_BYTES]);
    short
}

#[cfg(test)]
mod tests {
    use super::{cursor as encode, read_cursor};

    fn decode<T: serde::de::DeserializeOwned>(
        list: &str,
        text: &str,
    ) -> Result<T, crate::error::Failure> {
        read_cursor(list, "cursor", text)
    }

    #[test]
    fn a_cursor_comes_back_as_it_went() {
        let text = encode("chats", &(7_u64, "x")).unwrap();
        assert_eq!(
            decode::<(u64, String)>("chats", &text).unwrap(),
            (7, "x".to_owned())
        );
    }

    #[test]
    fn what_was_tampered_with_is_refused() {
        let text = encode("chats", &7_u64).unwrap();
        for at in 0..text.len() {
            let mut altered: Vec<char> = text.chars().collect();
            altered[at] = if altered[at] == 'A' { 'B' } else { 'A' };
            let altered: String = altered.into_iter().collect();
            assert!(decode::<u64>("chats", &altered).is_err(), "at {at}");
            assert!(decode::<u64>("chats", &text[..at]).is_err(), "cut at {at}");
        }
        assert!(decode::<u64>("users", &text).is_err(), "another list's");
        assert!(decode::<u64>("chats", &"A".repeat(100_000)).is_err());
    }
}
