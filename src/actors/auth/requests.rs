//! What the auth group may be asked.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

pub use super::revocations::{Revocations, SessionsRevoked};
pub use super::tickets::LIFETIME as TICKET_LIFETIME;
use crate::clock::Timestamp;
use crate::domain::user::User;
use crate::id::{SessionId, UserId};
use crate::request;
use crate::storage::codes::Ticket;
use crate::storage::sessions::Session;

/// Sends a code to a phone; known and unknown numbers answer alike.
///
/// 422 for what is no number, 429 within `resendAfter` or past a budget.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RequestOtp {
    /// As the client wrote it.
    pub phone: String,
    pub address: IpAddr,
    /// The client's `Accept-Language`, for the text of the message.
    pub locale: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OtpSent {
    /// Seconds.
    pub expires_in: u64,
    /// Seconds.
    pub resend_after: u64,
    /// The code itself, where `auth.otp.reveal` is on.
    pub dev_code: Option<String>,
}

/// Exchanges a code for a session; 401 when it is wrong, late or used.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct VerifyOtp {
    pub phone: String,
    pub code: String,
    pub device_id: Option<String>,
    pub device_name: Option<String>,
    pub platform: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TokenPair {
    pub access_token: String,
    pub refresh_token: String,
    /// Seconds until the access token ends.
    pub expires_in: u64,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SignedIn {
    pub tokens: TokenPair,
    pub is_new_user: bool,
    pub user: User,
}

/// Exchanges a refresh token for a new pair; anything but a good one is 401.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RefreshTokens {
    pub refresh_token: String,
    pub device_id: Option<String>,
}

/// Ends the caller's own session.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Logout {
    pub user: UserId,
    pub session: SessionId,
}

/// Ends every session of the caller.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct LogoutAll {
    pub user: UserId,
}

/// The caller's live sessions, newest first.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct ListSessions {
    pub user: UserId,
    pub after: Option<SessionId>,
    pub limit: usize,
}

/// Ends one of the caller's sessions; 404 for one that is not his.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveSession {
    pub user: UserId,
    pub session: SessionId,
}

/// Makes a ticket that opens one WebSocket within 30 s.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct IssueTicket {
    pub ticket: Ticket,
}

/// Takes a ticket; 401 when it is used, late or unknown.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RedeemTicket {
    pub ticket: String,
}

/// Checks an access token; 401 for anything but a live one of a live session.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ValidateToken {
    pub token: String,
}

/// Whom a token speaks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenClaims {
    pub user_id: UserId,
    pub session_id: SessionId,
    pub expires_at: Timestamp,
}

/// Makes people for a load test; at most 20,000 at once.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct IssueTestUsers {
    pub count: u32,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TestUser {
    pub user: User,
    pub tokens: TokenPair,
}

/// The public keys that check access tokens, as a JWKS document.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct FindPublicKeys;

request!(
    RequestOtp => OtpSent,
    VerifyOtp => SignedIn,
    RefreshTokens => TokenPair,
    Logout => (),
    LogoutAll => (),
    ListSessions => Vec<Session>,
    RemoveSession => (),
    IssueTicket => String,
    RedeemTicket => TokenClaims,
    ValidateToken => TokenClaims,
    IssueTestUsers => Vec<TestUser>,
    FindPublicKeys => String,
);

crate::peers! {
    /// The ways into the auth group.
    AuthPeers {
        request_otp: RequestOtp,
        verify_otp: VerifyOtp,
        refresh_tokens: RefreshTokens,
        logout: Logout,
        logout_all: LogoutAll,
        list_sessions: ListSessions,
        remove_session: RemoveSession,
        issue_ticket: IssueTicket,
        redeem_ticket: RedeemTicket,
        validate_token: ValidateToken,
        issue_test_users: IssueTestUsers,
        find_public_keys: FindPublicKeys,
    }
}
