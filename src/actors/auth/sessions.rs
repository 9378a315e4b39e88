//! Sessions: begun, refreshed, listed, ended.

use super::access_token::UnusableKeys;
use super::actor::Auth;
use super::refresh_token::RefreshToken;
use super::requests::{
    ListSessions, Logout, LogoutAll, RefreshTokens, RemoveSession, TokenClaims, TokenPair,
    ValidateToken,
};
use crate::actors::request::Answer;
use crate::clock::Timestamp;
use crate::error::Failure;
use crate::id::SessionId;
use crate::storage::sessions::{NewSession, Rotated, Rotation, Session};

impl Auth {
    /// Keeps a new session and makes its first pair; one on the same device is over.
    pub(super) async fn begin_session(&self, session: Session) -> Answer<TokenPair> {
        let refresh = RefreshToken::first(&self.keyring.secrets, session.id);
        let tokens = self.pair(&session, &refresh, session.created_at)?;
        let now = session.created_at;
        let new = NewSession {
            session,
            token_hash: refresh.hash(),
        };
        if let Some(replaced) = self.stores.sessions.insert(new).await? {
            self.revocations.announce(&[replaced], now);
        }
        Ok(tokens)
    }

    pub(super) fn pair(
        &self,
        session: &Session,
        refresh: &RefreshToken,
        now: Timestamp,
    ) -> Answer<TokenPair> {
        let tokens = self.keyring.tokens();
        let access = tokens
            .sign(session.user_id, session.id, session.generation, now)
            .map_err(unsigned)?;
        Ok(TokenPair {
            access_token: access,
            refresh_token: refresh.text(),
            expires_in: tokens.lifetime().as_secs(),
        })
    }

    /// The same successor for the same token; an old one ends the session.
    pub(super) async fn refresh_tokens(&self, request: RefreshTokens) -> Answer<TokenPair> {
        let secrets = &self.keyring.secrets;
        let presented =
            RefreshToken::parse(secrets, &request.refresh_token).ok_or_else(sign_in_again)?;
        let successor = presented.successor(secrets);
        let now = self.clock.now();
        let rotation = Rotation {
            session_id: presented.session(),
            presented: presented.hash(),
            successor: successor.hash(),
            device_id: request.device_id,
            at: now,
            grace: self.config.refresh_grace,
            lifetime: self.config.session_lifetime,
        };
        match self.stores.sessions.rotate(rotation).await? {
            Rotated::Rotated(session) => self.pair(&session, &successor, now),
            Rotated::Stolen(session) => {
                self.revocations.announce(&[session.id], now);
                metrics::counter!("troupe_refresh_stolen_total").increment(1);
                tracing::warn!(
                    user.id = %session.user_id, session.id = %session.id,
                    "an old refresh token was used, the session is over"
                );
                Err(sign_in_again())
            }
            Rotated::Refused => Err(sign_in_again()),
        }
    }

    pub(super) async fn logout(&self, request: Logout) -> Answer<()> {
        let now = self.clock.now();
        let Logout { user, session } = request;
        self.stores.sessions.remove(user, session, now).await?;
        self.revocations.announce(&[session], now);
        Ok(())
    }

    pub(super) async fn logout_all(&self, request: LogoutAll) -> Answer<()> {
        let now = self.clock.now();
        let sessions = self.stores.sessions.remove_all(request.user, now).await?;
        self.revocations.announce(&sessions, now);
        Ok(())
    }

    pub(super) async fn list_sessions(&self, request: ListSessions) -> Answer<Vec<Session>> {
        let ListSessions { user, after, limit } = request;
        let now = self.clock.now();
        Ok(self.stores.sessions.list(user, now, after, limit).await?)
    }

    pub(super) async fn remove_session(&self, request: RemoveSession) -> Answer<()> {
        let now = self.clock.now();
        let RemoveSession { user, session } = request;
        if !self.stores.sessions.remove(user, session, now).await? {
            return Err(Failure::not_found());
        }
        self.revocations.announce(&[session], now);
        Ok(())
    }

    /// Signature and claims first, then whether the session lives. The first use of a renewed pair
    /// is written down: from then on the token before it is over.
    pub(super) async fn validate_token(&self, request: ValidateToken) -> Answer<TokenClaims> {
        let now = self.clock.now();
        let claims = self
            .keyring
            .tokens()
            .verify(&request.token, now)
            .ok_or_else(refused)?;
        let session = self.live_session(claims.sid, now).await?;
        if session.user_id != claims.sub {
            return Err(refused());
        }
        let is_first_use = claims.generation > 0
            && claims.generation == session.generation
            && !session.is_pair_used;
        if is_first_use {
            let sessions = &self.stores.sessions;
            sessions
                .update_used(session.id, claims.generation, now)
                .await?;
        }
        Ok(TokenClaims {
            user_id: claims.sub,
            session_id: claims.sid,
            expires_at: Timestamp::at_seconds(claims.exp).ok_or_else(refused)?,
        })
    }

    pub(super) async fn live_session(&self, id: SessionId, now: Timestamp) -> Answer<Session> {
        if self.revocations.is_revoked(id) {
            return Err(refused());
        }
        let found = self.stores.sessions.find(id).await?;
        found
            .filter(|session| session.is_live(now))
            .ok_or_else(refused)
    }
}

pub(super) fn refused() -> Failure {
    Failure::unauthenticated("the access token is not valid any more, refresh it")
}

fn sign_in_again() -> Failure {
    Failure::unauthenticated("the refresh token is not valid any more, sign in again")
}

pub(super) fn unsigned(error: UnusableKeys) -> Failure {
    tracing::error!(cause = %error, "a token could not be signed");
    Failure::internal()
}
