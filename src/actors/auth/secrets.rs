//! Keyed hashes under the installation's secret. Each use has a key of its own, so that what one of
//! them gives away is of no use to another.

use ring::hmac;
use sha2::{Digest, Sha256};

use crate::domain::phone::Phone;

/// Keys derived from the installation's secret.
pub struct Secrets {
    codes: hmac::Key,
    budgets: hmac::Key,
    numbers: hmac::Key,
    refresh_tag: hmac::Key,
    refresh_successor: hmac::Key,
}

impl Secrets {
    pub fn new(secret: &[u8]) -> Self {
        let master = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let derive = |name: &str| {
            let key = hmac::sign(&master, name.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, key.as_ref())
        };
        Self {
            codes: derive("one-time codes"),
            budgets: derive("budgets"),
            numbers: derive("synced numbers"),
            refresh_tag: derive("refresh token tag"),
            refresh_successor: derive("refresh token successor"),
        }
    }

    /// What is kept of a code.
    pub fn code_hash(&self, phone: &Phone, code: &str) -> [u8; 32] {
        sign(
            &self.codes,
            &[phone.as_str().as_bytes(), b":", code.as_bytes()],
        )
    }

    /// The name of a budget, which must not give away the phone it is about.
    pub fn budget_key(&self, kind: &str, name: &str) -> String {
        let hash = sign(&self.budgets, &[kind.as_bytes(), b":", name.as_bytes()]);
        format!("otp:{kind}:{}", hex::encode(&hash[..16]))
    }

    /// What is kept of a number that was looked up.
    pub fn number_hash(&self, phone: &Phone) -> u64 {
        let hash = sign(&self.numbers, &[phone.as_str().as_bytes()]);
        hash.iter()
            .take(8)
            .fold(0, |all, byte| all << 8 | u64::from(*byte))
    }

    pub(super) fn refresh_tag(&self, token: &[u8]) -> [u8; 32] {
        sign(&self.refresh_tag, &[token])
    }

    pub(super) fn refresh_successor(&self, token: &[u8]) -> [u8; 32] {
        sign(&self.refresh_successor, &[token])
    }
}

fn sign(key: &hmac::Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.sign().as_ref());
    hash
}

/// What is kept of a text that is random enough to need no key.
pub fn plain_hash(text: &[u8]) -> [u8; 32] {
    Sha256::digest(text).into()
}
