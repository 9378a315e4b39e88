//! Refresh tokens: session, generation, 32 secret bytes, and a tag that only we can make.
//!
//! The successor's secret is an HMAC of the whole old token, so it can be given again without being
//! stored. The tag tells a token that we issued from one that was made up: only the former, when it
//! is too old, is theft.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use subtle::ConstantTimeEq;
use uuid::Uuid;

use super::secrets::{Secrets, plain_hash};
use crate::id::SessionId;
use crate::storage::sessions::TokenHash;

const GENERATION: usize = 16;
const SECRET: usize = 20;
const TAG: usize = 52;
const LENGTH: usize = 68;

/// A token with a good tag.
pub struct RefreshToken([u8; LENGTH]);

impl RefreshToken {
    /// The first token of a session.
    pub fn first(secrets: &Secrets, session: SessionId) -> Self {
        Self::make(secrets, session, 0, rand::random())
    }

    fn make(secrets: &Secrets, session: SessionId, generation: u32, secret: [u8; 32]) -> Self {
        let mut bytes = [0; LENGTH];
        bytes[..GENERATION].copy_from_slice(session.as_bytes());
        bytes[GENERATION..SECRET].copy_from_slice(&generation.to_be_bytes());
        bytes[SECRET..TAG].copy_from_slice(&secret);
        let tag = secrets.refresh_tag(&bytes[..TAG]);
        bytes[TAG..].copy_from_slice(&tag[..LENGTH - TAG]);
        Self(bytes)
    }

    /// Reads a token that this installation issued; `None` for anything else.
    pub fn parse(secrets: &Secrets, text: &str) -> Option<Self> {
        let mut bytes = [0; LENGTH];
        if text.len() != (LENGTH * 4).div_ceil(3) {
            return None;
        }
        let length = URL_SAFE_NO_PAD.decode_slice(text, &mut bytes).ok()?;
        let tag = secrets.refresh_tag(&bytes[..TAG]);
        let is_ours = bool::from(tag[..LENGTH - TAG].ct_eq(&bytes[TAG..]));
        (length == LENGTH && is_ours).then_some(Self(bytes))
    }

    /// The token that follows this one: always the same.
    pub fn successor(&self, secrets: &Secrets) -> Self {
        let secret = secrets.refresh_successor(&self.0);
        Self::make(
            secrets,
            self.session(),
            self.generation().wrapping_add(1),
            secret,
        )
    }

    pub fn session(&self) -> SessionId {
        let mut id = [0; 16];
        id.copy_from_slice(&self.0[..GENERATION]);
        SessionId(Uuid::from_bytes(id))
    }

    fn generation(&self) -> u32 {
        let mut generation = [0; 4];
        generation.copy_from_slice(&self.0[GENERATION..SECRET]);
        u32::from_be_bytes(generation)
    }

    /// What the store keeps.
    pub fn hash(&self) -> TokenHash {
        plain_hash(&self.0)
    }

    /// What the client gets.
    pub fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }
}
