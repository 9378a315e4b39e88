//! `/auth`: codes, tokens, sessions, tickets.

use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, web};
use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::extract::{Body, Caller, ClientAddress, Id, Params, storable};
use super::page::{Page, PageParams};
use super::{Answer, Problem};
use crate::actors::auth::requests::{
    AuthPeers, FindPublicKeys, IssueTicket, ListSessions, Logout, LogoutAll, RefreshTokens,
    RemoveSession, RequestOtp, TICKET_LIFETIME, TokenPair, VerifyOtp,
};
use crate::actors::request::ask;
use crate::clock::Timestamp;
use crate::domain::user::Platform;
use crate::id::SessionId;
use crate::storage::codes::Ticket;
use crate::storage::described::Descriptions;
use crate::storage::sessions::Session;
use crate::wire::user::MeView;

const SESSIONS: &str = "sessions";

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct RequestOtpBody {
    pub phone: String,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OtpView {
    /// Seconds.
    pub expires_in: u64,
    /// Seconds.
    pub resend_after: u64,
    /// Where `auth.otp.reveal` is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dev_code: Option<String>,
}

/// Sends a code; the same answer for known and unknown numbers.
#[utoipa::path(post, path = "/auth/request-otp", tag = "auth", security(()),
    request_body = RequestOtpBody,
    responses((status = 200, body = OtpView), (status = 422), (status = 429)))]
pub async fn request_otp(
    body: Body<RequestOtpBody>,
    address: ClientAddress,
    request: HttpRequest,
    peers: web::Data<AuthPeers>,
) -> Answer<HttpResponse> {
    let request = RequestOtp {
        phone: body.0.phone,
        address: address.0,
        locale: locale(&request),
    };
    let sent = ask(&peers.request_otp, request).await?;
    Ok(unstored(&OtpView {
        expires_in: sent.expires_in,
        resend_after: sent.resend_after,
        dev_code: sent.dev_code,
    }))
}

/// The first language the client asks for.
fn locale(request: &HttpRequest) -> Option<String> {
    let value = request.headers().get(header::ACCEPT_LANGUAGE)?;
    let first = value.to_str().ok()?.split([',', ';']).next()?.trim();
    let is_tag = first.len() <= 35 && first.chars().all(|c| c.is_ascii_alphanumeric() || c == '-');
    (is_tag && !first.is_empty()).then(|| first.to_owned())
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct VerifyOtpBody {
    #[garde(skip)]
    pub phone: String,
    #[garde(skip)]
    pub code: String,
    #[serde(alias = "device_id")]
    #[garde(length(chars, min = 1, max = 128), inner(custom(storable)))]
    pub device_id: Option<String>,
    #[serde(alias = "device_name")]
    #[garde(length(chars, max = 100), inner(custom(storable)))]
    pub device_name: Option<String>,
    #[garde(skip)]
    pub platform: Option<Platform>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SignedInView {
    #[serde(flatten)]
    pub tokens: TokensView,
    pub is_new_user: bool,
    pub user: MeView,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TokensView {
    pub access_token: String,
    pub refresh_token: String,
    /// `Bearer`.
    pub token_type: &'static str,
    /// Seconds.
    pub expires_in: u64,
}

impl From<TokenPair> for TokensView {
    fn from(tokens: TokenPair) -> Self {
        Self {
            access_token: tokens.access_token,
            refresh_token: tokens.refresh_token,
            token_type: "Bearer",
            expires_in: tokens.expires_in,
        }
    }
}

/// Signs in with a code.
#[utoipa::path(post, path = "/auth/verify-otp", tag = "auth", security(()),
    request_body = VerifyOtpBody,
    responses((status = 200, body = SignedInView), (status = 401), (status = 422)))]
pub async fn verify_otp(
    body: Body<VerifyOtpBody>,
    peers: web::Data<AuthPeers>,
    media: web::Data<Descriptions>,
) -> Answer<HttpResponse> {
    let body = body.0;
    let request = VerifyOtp {
        phone: body.phone,
        code: body.code,
        device_id: body.device_id,
        device_name: body.device_name,
        platform: body.platform.map(|platform| platform.as_str().to_owned()),
    };
    let signed_in = ask(&peers.verify_otp, request).await?;
    Ok(unstored(&SignedInView {
        tokens: signed_in.tokens.into(),
        is_new_user: signed_in.is_new_user,
        user: MeView::new(signed_in.user, |id| media.picture(id)),
    }))
}

#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[garde(allow_unvalidated)]
pub struct RefreshBody {
    #[serde(alias = "refresh_token")]
    pub refresh_token: String,
    #[serde(alias = "device_id")]
    #[garde(inner(custom(storable)))]
    pub device_id: Option<String>,
}

/// Exchanges a refresh token for a new pair.
#[utoipa::path(post, path = "/auth/refresh", tag = "auth", security(()),
    request_body = RefreshBody,
    responses((status = 200, body = TokensView), (status = 401)))]
pub async fn refresh(body: Body<RefreshBody>, peers: web::Data<AuthPeers>) -> Answer<HttpResponse> {
    let RefreshBody {
        refresh_token,
        device_id,
    } = body.0;
    let request = RefreshTokens {
        refresh_token,
        device_id,
    };
    let tokens = ask(&peers.refresh_tokens, request).await?;
    Ok(unstored(&TokensView::from(tokens)))
}

/// Ends this session.
#[utoipa::path(post, path = "/auth/logout", tag = "auth", responses((status = 204)))]
pub async fn logout(caller: Caller, peers: web::Data<AuthPeers>) -> Answer<HttpResponse> {
    let request = Logout {
        user: caller.user_id,
        session: caller.session_id,
    };
    ask(&peers.logout, request).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends every session of the caller.
#[utoipa::path(post, path = "/auth/logout-all", tag = "auth", responses((status = 204)))]
pub async fn logout_all(caller: Caller, peers: web::Data<AuthPeers>) -> Answer<HttpResponse> {
    let user = caller.user_id;
    ask(&peers.logout_all, LogoutAll { user }).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionView {
    pub id: SessionId,
    pub device_id: Option<String>,
    pub device_name: Option<String>,
    pub platform: Option<String>,
    pub created_at: Timestamp,
    pub last_used_at: Timestamp,
    /// The session that asks.
    pub current: bool,
}

/// Where the caller is signed in, newest first.
#[utoipa::path(get, path = "/auth/sessions", tag = "auth", params(PageParams),
    responses((status = 200, body = Page<SessionView>)))]
pub async fn list_sessions(
    caller: Caller,
    page: Params<PageParams>,
    peers: web::Data<AuthPeers>,
) -> Answer<web::Json<Page<SessionView>>> {
    let limit = page.0.limit()?;
    let request = ListSessions {
        user: caller.user_id,
        after: page.0.after(SESSIONS)?,
        limit: limit + 1,
    };
    let sessions = ask(&peers.list_sessions, request).await?;
    let view = |session: Session| SessionView {
        current: session.id == caller.session_id,
        id: session.id,
        device_id: session.device_id,
        device_name: session.device_name,
        platform: session.platform,
        created_at: session.created_at,
        last_used_at: session.last_used_at,
    };
    let page = Page::cut(SESSIONS, sessions, limit, |session| session.id, view)?;
    Ok(web::Json(page))
}

/// Signs a device out from afar.
#[utoipa::path(delete, path = "/auth/sessions/{id}", tag = "auth",
    params(("id" = SessionId, Path)), responses((status = 204), (status = 404)))]
pub async fn remove_session(
    caller: Caller,
    id: Id<SessionId>,
    peers: web::Data<AuthPeers>,
) -> Answer<HttpResponse> {
    let request = RemoveSession {
        user: caller.user_id,
        session: id.0,
    };
    ask(&peers.remove_session, request).await?;
    Ok(HttpResponse::NoContent().finish())
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TicketView {
    pub ticket: String,
    /// Seconds.
    pub expires_in: u64,
}

/// A ticket for `/ws?ticket=`, good once.
#[utoipa::path(post, path = "/auth/ws-ticket", tag = "auth",
    responses((status = 200, body = TicketView)))]
pub async fn issue_ticket(caller: Caller, peers: web::Data<AuthPeers>) -> Answer<HttpResponse> {
    let ticket = Ticket {
        user_id: caller.user_id,
        session_id: caller.session_id,
        token_expires_at: caller.token_expires_at,
    };
    let ticket = ask(&peers.issue_ticket, IssueTicket { ticket }).await?;
    Ok(unstored(&TicketView {
        ticket,
        expires_in: TICKET_LIFETIME.as_secs(),
    }))
}

/// The keys that check access tokens.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "operations", security(()),
    responses((status = 200, content_type = "application/json")))]
pub async fn public_keys(peers: web::Data<AuthPeers>) -> Result<HttpResponse, Problem> {
    let keys = ask(&peers.find_public_keys, FindPublicKeys).await?;
    Ok(HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "public, max-age=300"))
        .content_type("application/json")
        .body(keys))
}

/// An answer that no cache may keep: it holds a secret.
fn unstored<T: Serialize>(body: &T) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .json(body)
}
