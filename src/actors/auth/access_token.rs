//! Access tokens: ES256 with a `kid`, checked against every claim they must have.

use std::sync::Arc;
use std::time::Duration;

use biscuit::jwa::{Algorithm, SignatureAlgorithm};
use biscuit::jwk::{
    AlgorithmParameters, CommonParameters, EllipticCurve, EllipticCurveKeyParameters,
    EllipticCurveKeyType, JWK, JWKSet, PublicKeyUse,
};
use biscuit::jws::{Compact, Header, RegisteredHeader, Secret};
use biscuit::{CompactJson, Empty};
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::clock::Timestamp;
use crate::id::{SessionId, UserId};
use crate::storage::keys::SigningKey;

/// Longest token that is looked at, in bytes; ours have about 450.
const TOKEN_BYTES: usize = 2048;

/// What a token says. Every field is required. Times are plain numbers: the library's own type
/// panics on those it cannot show as a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    pub iss: String,
    pub aud: String,
    pub sub: UserId,
    /// Seconds since 1970.
    pub iat: i64,
    /// Seconds since 1970.
    pub exp: i64,
    /// The session.
    pub sid: SessionId,
    /// The generation of the session's pair this token belongs to.
    pub generation: u32,
}

impl CompactJson for Claims {}

type Jws = Compact<Claims, Empty>;

/// Who issues tokens for whom, and how long they live.
#[derive(Clone, Debug)]
pub struct TokenRules {
    pub issuer: String,
    pub audience: String,
    pub lifetime: Duration,
}

/// Signs with the key whose turn it is and checks with every key whose tokens may still live.
pub struct AccessTokens {
    rules: TokenRules,
    kid: String,
    signer: Secret,
    keys: JWKSet<Empty>,
    /// When each retired key's last token has ended.
    ends: Vec<(String, Timestamp)>,
}

/// The key store holds nothing that can sign.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the signing keys cannot be used")]
pub struct UnusableKeys;

impl AccessTokens {
    /// The oldest key that is not retired yet signs: a newer one stands beside it until every node
    /// knows it.
    pub fn new(
        rules: TokenRules,
        keys: &[SigningKey],
        now: Timestamp,
    ) -> Result<Self, UnusableKeys> {
        let is_over = |key: &&SigningKey| key.retired_at.is_some_and(|at| at <= now);
        let mut signing = keys.iter().skip_while(is_over);
        let signing = signing.next().or(keys.last()).ok_or(UnusableKeys)?;
        let mut public = Vec::with_capacity(keys.len());
        for key in keys {
            public.push(public_key(key)?);
        }
        let ends = keys.iter().filter_map(|key| {
            let retired = key.retired_at?;
            Some((key.kid.clone(), retired + rules.lifetime))
        });
        Ok(Self {
            kid: signing.kid.clone(),
            signer: Secret::EcdsaKeyPair(Arc::new(key_pair(signing)?)),
            keys: JWKSet { keys: public },
            ends: ends.collect(),
            rules,
        })
    }

    /// A token for a session's newest pair.
    pub fn sign(
        &self,
        user: UserId,
        session: SessionId,
        generation: u32,
        now: Timestamp,
    ) -> Result<String, UnusableKeys> {
        let claims = Claims {
            iss: self.rules.issuer.clone(),
            aud: self.rules.audience.clone(),
            sub: user,
            iat: now.seconds(),
            exp: (now + self.rules.lifetime).seconds(),
            sid: session,
            generation,
        };
        let header = Header::from(RegisteredHeader {
            algorithm: SignatureAlgorithm::ES256,
            key_id: Some(self.kid.clone()),
            ..RegisteredHeader::default()
        });
        Jws::new_decoded(header, claims)
            .into_encoded(&self.signer)
            .and_then(|token| token.encoded().map(ToString::to_string))
            .map_err(|_| UnusableKeys)
    }

    /// What a good token says; `None` for any other.
    pub fn verify(&self, token: &str, now: Timestamp) -> Option<Claims> {
        if token.len() > TOKEN_BYTES {
            return None;
        }
        let decoded = Jws::new_encoded(token)
            .decode_with_jwks(&self.keys, Some(SignatureAlgorithm::ES256))
            .ok()?;
        let kid = decoded.header().ok()?.registered.key_id.as_deref()?;
        let is_over = self.ends.iter().any(|(key, end)| key == kid && *end <= now);
        let claims = decoded.payload().ok()?;
        let is_good = !is_over
            && claims.iss == self.rules.issuer
            && claims.aud == self.rules.audience
            && claims.iat <= now.seconds()
            && now.seconds() < claims.exp
            && Timestamp::at_seconds(claims.exp).is_some();
        is_good.then(|| claims.clone())
    }

    /// The JWKS document.
    pub fn public_keys(&self, now: Timestamp) -> Result<String, serde_json::Error> {
        let is_over = |kid: &str| self.ends.iter().any(|(key, end)| key == kid && *end <= now);
        let keys = self.keys.keys.iter();
        serde_json::to_string(&JWKSet {
            keys: keys
                .filter(|key| !key.common.key_id.as_deref().is_some_and(is_over))
                .cloned()
                .collect(),
        })
    }

    pub fn lifetime(&self) -> Duration {
        self.rules.lifetime
    }
}

fn key_pair(key: &SigningKey) -> Result<EcdsaKeyPair, UnusableKeys> {
    EcdsaKeyPair::from_pkcs8(
        &ECDSA_P256_SHA256_FIXED_SIGNING,
        key.pkcs8.expose_secret(),
        &SystemRandom::new(),
    )
    .map_err(|_| UnusableKeys)
}

/// The public half, with the one algorithm it may be used with.
fn public_key(key: &SigningKey) -> Result<JWK<Empty>, UnusableKeys> {
    let pair = key_pair(key)?;
    let point = pair.public_key().as_ref();
    let (Some(x), Some(y)) = (point.get(1..33), point.get(33..65)) else {
        return Err(UnusableKeys);
    };
    Ok(JWK {
        common: CommonParameters {
            public_key_use: Some(PublicKeyUse::Signature),
            algorithm: Some(Algorithm::Signature(SignatureAlgorithm::ES256)),
            key_id: Some(key.kid.clone()),
            ..CommonParameters::default()
        },
        algorithm: AlgorithmParameters::EllipticCurve(EllipticCurveKeyParameters {
            key_type: EllipticCurveKeyType::EC,
            curve: EllipticCurve::P256,
            x: x.to_vec(),
            y: y.to_vec(),
            d: None,
        }),
        additional: Empty::default(),
    })
}
