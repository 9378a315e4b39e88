//! Cursors: where the next page of a list begins, opaque to clients.
//!
//! A cursor carries the name of its list and a checksum, so one that was altered, cut or taken from
//! another list is refused. It grants nothing: every page is read as the caller anyway.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use crate::error::Failure;

const CHECKSUM: usize = 8;
/// Longest text that is looked at, in bytes.
const CURSOR_BYTES: usize = 512;

/// A cursor for a place in the list called `list`.
pub fn encode<T: Serialize>(list: &str, place: &T) -> Result<String, Failure> {
    let json = serde_json::to_vec(place).map_err(|error| {
        tracing::error!(list, cause = %error, "a cursor could not be written");
        Failure::internal()
    })?;
    let mut bytes = checksum(list, &json).to_vec();
    bytes.extend_from_slice(&json);
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// The place a cursor of this list stands for; 422 for any other text.
pub fn decode<T: DeserializeOwned>(list: &str, text: &str) -> Result<T, Failure> {
    read(list, text).ok_or_else(|| Failure::invalid("cursor", "is no cursor of this list"))
}

fn read<T: DeserializeOwned>(list: &str, text: &str) -> Option<T> {
    if text.len() > CURSOR_BYTES {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
    let (sum, json) = bytes.split_at_checked(CHECKSUM)?;
    if sum != checksum(list, json) {
        return None;
    }
    serde_json::from_slice(json).ok()
}

fn checksum(list: &str, json: &[u8]) -> [u8; CHECKSUM] {
    let mut hash = Sha256::new();
    hash.update(list.as_bytes());
    hash.update([0]);
    hash.update(json);
    let whole: [u8; 32] = hash.finalize().into();
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&whole[..CHECKSUM]);
    sum
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

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
