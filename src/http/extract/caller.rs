//! Who calls: the check of access tokens, cached, and the budget of each person.

use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpMessage, HttpRequest, web};
use moka::sync::Cache;
use sha2::{Digest, Sha256};

use crate::actors::auth::requests::{AuthPeers, Revocations, TokenClaims, ValidateToken};
use crate::actors::request::ask;
use crate::clock::{Clock, Timestamp};
use crate::error::Failure;
use crate::http::error::Problem;
use crate::id::{SessionId, UserId};
use crate::storage::limits::{Bucket, LimitStore};

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES: usize = 4096;
const TOKENS_CACHED: u64 = 100_000;

/// The person and session behind a request; 401 without a good token, 429 past the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caller {
    pub user_id: UserId,
    pub session_id: SessionId,
    /// When the access token ends.
    pub token_expires_at: Timestamp,
}

/// Checks access tokens. Cheap to clone; one cache for all workers.
#[derive(Clone)]
pub struct Gate {
    auth: AuthPeers,
    revocations: Revocations,
    clock: Clock,
    limits: Arc<dyn LimitStore>,
    budget: Bucket,
    /// By SHA-256 of the token, so that a memory dump holds none.
    known: Cache<[u8; 32], TokenClaims>,
}

impl Gate {
    pub fn new(
        auth: AuthPeers,
        revocations: Revocations,
        clock: Clock,
        limits: Arc<dyn LimitStore>,
        budget: Bucket,
    ) -> Self {
        Self {
            auth,
            revocations,
            clock,
            limits,
            budget,
            known: Cache::new(TOKENS_CACHED),
        }
    }

    /// Whom a token speaks for, now. What is not known yet is checked against the session store, so
    /// a session that ended before this process began is refused as well.
    pub async fn check(&self, token: &str) -> Result<TokenClaims, Failure> {
        if token.is_empty() || token.len() > TOKEN_BYTES {
            return Err(refused());
        }
        let key: [u8; 32] = Sha256::digest(token).into();
        let claims = match self.known.get(&key) {
            Some(claims) => claims,
            None => {
                let token = token.to_owned();
                let claims = ask(&self.auth.validate_token, ValidateToken { token }).await?;
                self.known.insert(key, claims);
                claims
            }
        };
        if claims.expires_at <= self.clock.now() || self.revocations.is_revoked(claims.session_id) {
            self.known.invalidate(&key);
            return Err(refused());
        }
        Ok(claims)
    }

    async fn admit(&self, token: &str) -> Result<Caller, Failure> {
        let claims = self.check(token).await?;
        let key = format!("user:{}", claims.user_id);
        if let Some(wait) = self.limits.take(&key, self.budget, 1).await? {
            return Err(Failure::rate_limited(wait));
        }
        Ok(claims.into())
    }
}

impl From<TokenClaims> for Caller {
    fn from(claims: TokenClaims) -> Self {
        Self {
            user_id: claims.user_id,
            session_id: claims.session_id,
            token_expires_at: claims.expires_at,
        }
    }
}

/// In the extensions of a request that a gateway passed on: it is charged there.
#[derive(Clone, Copy, Debug)]
pub struct PassedOn;

fn refused() -> Failure {
    Failure::unauthenticated("the access token is not valid any more, refresh it")
}

/// The token of `Authorization: Bearer …`.
pub fn bearer(request: &HttpRequest) -> Option<&str> {
    let value = request
        .headers()
        .get(header::AUTHORIZATION)?
        .to_str()
        .ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then_some(token.trim())
}

impl Caller {
    /// Whom a request's token speaks for; it costs him one of his budget.
    pub async fn identify(request: &HttpRequest) -> Result<Self, Failure> {
        let gate = request.app_data::<web::Data<Gate>>();
        let gate = gate.ok_or_else(Failure::internal)?;
        let token = bearer(request).ok_or_else(|| Failure::unauthenticated("sign in first"))?;
        if request.extensions().contains::<PassedOn>() {
            return gate.check(token).await.map(Self::from);
        }
        gate.admit(token).await
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// `middleware::signed_in` put it there.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().copied();
        ready(known.ok_or_else(|| Failure::unauthenticated("sign in first").into()))
    }
}
