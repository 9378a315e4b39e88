//! The auth group's actor: each request runs in a task of its own, the timers here.

use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorFutureExt, AsyncContext, Context, WrapFuture};

use super::keyring::Keyring;
use super::requests::{
    FindPublicKeys, IssueTestUsers, IssueTicket, ListSessions, Logout, LogoutAll, RedeemTicket,
    RefreshTokens, RemoveSession, RequestOtp, Revocations, ValidateToken, VerifyOtp,
};
use super::sender::Sender;
use crate::actors::request::Answer;
use crate::clock::Clock;
use crate::config::AuthConfig;
use crate::error::Failure;
use crate::handles;
use crate::storage::Stores;

/// How often the age of the signing key is looked at.
const RENEW: Duration = Duration::from_secs(3600);

/// What the group works with; shared by its tasks, and by its successor after a panic.
pub struct Auth {
    pub config: AuthConfig,
    /// `limits.unlimited`: no budgets, no waiting between codes.
    pub is_unlimited: bool,
    pub stores: Stores,
    pub clock: Clock,
    pub keyring: Arc<Keyring>,
    pub sender: Sender,
    pub revocations: Revocations,
}

#[derive(Clone)]
pub struct AuthActor {
    auth: Arc<Auth>,
}

impl AuthActor {
    pub fn new(auth: Arc<Auth>) -> Self {
        Self { auth }
    }
}

impl Actor for AuthActor {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.renew_keys(ctx);
        ctx.run_interval(RENEW, |actor, ctx| actor.renew_keys(ctx));
    }
}

impl AuthActor {
    fn renew_keys(&self, ctx: &mut Context<Self>) {
        let auth = Arc::clone(&self.auth);
        let renew = async move { auth.keyring.renew(auth.clock.now()).await };
        ctx.spawn(renew.into_actor(self).map(|renewed, _, _| {
            if let Err(error) = renewed {
                tracing::warn!(cause = %error, "the age of the signing key could not be looked at");
            }
        }));
    }
}

impl Auth {
    async fn find_public_keys(&self, _: FindPublicKeys) -> Answer<String> {
        let keys = self.keyring.tokens().public_keys(self.clock.now());
        keys.map_err(|error| {
            tracing::error!(cause = %error, "the public keys could not be written");
            Failure::internal()
        })
    }
}

handles! { AuthActor.auth:
    RequestOtp => request_otp,
    VerifyOtp => verify_otp,
    RefreshTokens => refresh_tokens,
    Logout => logout,
    LogoutAll => logout_all,
    ListSessions => list_sessions,
    RemoveSession => remove_session,
    IssueTicket => issue_ticket,
    RedeemTicket => redeem_ticket,
    ValidateToken => validate_token,
    IssueTestUsers => issue_test_users,
    FindPublicKeys => find_public_keys,
}
