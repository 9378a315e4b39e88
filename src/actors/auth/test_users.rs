//! People for load tests: made in two transactions, signed for on every core.

use std::sync::Arc;

use super::access_token::{AccessTokens, UnusableKeys};
use super::actor::Auth;
use super::refresh_token::RefreshToken;
use super::requests::{IssueTestUsers, TestUser, TokenPair};
use super::sessions::unsigned;
use crate::actors::request::Answer;
use crate::clock::Timestamp;
use crate::domain::phone::TEST_RANGE;
use crate::domain::user::User;
use crate::error::Failure;
use crate::id::SessionId;
use crate::storage::sessions::{NewSession, Session};

/// Most people at one call.
pub const TEST_USERS: u32 = 20_000;
/// Tokens signed in one go by one thread.
const SIGNED_AT_ONCE: usize = 500;

impl Auth {
    pub(super) async fn issue_test_users(&self, request: IssueTestUsers) -> Answer<Vec<TestUser>> {
        if !(1..=TEST_USERS).contains(&request.count) {
            return Err(Failure::invalid("count", "must be from 1 to 20000"));
        }
        let now = self.clock.now();
        let users = self
            .stores
            .users
            .insert_many(TEST_RANGE, request.count, now)
            .await?;
        let mut test_users = Vec::with_capacity(users.len());
        let mut sessions = Vec::with_capacity(users.len());
        for user in users {
            let id = SessionId::new();
            let refresh = RefreshToken::first(&self.keyring.secrets, id);
            sessions.push(NewSession {
                session: self.test_session(&user, id, now),
                token_hash: refresh.hash(),
            });
            test_users.push((user, id, refresh.text()));
        }
        self.stores.sessions.insert_many(sessions).await?;
        sign_all(self.keyring.tokens(), test_users, now).await
    }

    fn test_session(&self, user: &User, id: SessionId, now: Timestamp) -> Session {
        Session {
            id,
            user_id: user.id,
            device_id: None,
            device_name: Some("load test".to_owned()),
            platform: None,
            generation: 0,
            is_pair_used: false,
            created_at: now,
            last_used_at: now,
            expires_at: now + self.config.session_lifetime,
            revoked_at: None,
        }
    }
}

type Unsigned = (User, SessionId, String);

async fn sign_all(
    tokens: Arc<AccessTokens>,
    mut users: Vec<Unsigned>,
    now: Timestamp,
) -> Answer<Vec<TestUser>> {
    let mut parts = Vec::new();
    while !users.is_empty() {
        let rest = users.split_off(users.len().min(SIGNED_AT_ONCE));
        let part = std::mem::replace(&mut users, rest);
        let tokens = Arc::clone(&tokens);
        parts.push(tokio::task::spawn_blocking(move || {
            part.into_iter()
                .map(|user| sign(&tokens, user, now))
                .collect::<Result<Vec<_>, _>>()
        }));
    }
    let mut signed = Vec::new();
    for part in parts {
        let part = part.await.map_err(|_| Failure::internal())?;
        signed.extend(part.map_err(unsigned)?);
    }
    Ok(signed)
}

fn sign(
    tokens: &AccessTokens,
    (user, session, refresh_token): Unsigned,
    now: Timestamp,
) -> Result<TestUser, UnusableKeys> {
    Ok(TestUser {
        tokens: TokenPair {
            access_token: tokens.sign(user.id, session, 0, now)?,
            refresh_token,
            expires_in: tokens.lifetime().as_secs(),
        },
        user,
    })
}
