//! `GET /ws`: who may open a socket. What happens on it is `actors/websocket`; a gateway that has none
//! passes it on (`tunnel`), and the process that has them decides.

use actix_web::http::header::{HOST, ORIGIN};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;

use super::error::Answer;
use super::extract::{Gate, bearer};
use super::health::Readiness;
use super::origin::origin;
use super::tunnel::Tunnel;
use super::upgrade::Takeover;
use crate::actors::auth::requests::{AuthPeers, RedeemTicket, TokenClaims};
use crate::actors::request::ask;
use crate::actors::websocket::link::Admission;
use crate::actors::websocket::{Doorway, connection};
use crate::config::Config;
use crate::error::{ErrorCode, Failure};

/// Longest ticket that is looked at, in bytes.
const TICKET_BYTES: usize = 256;

/// The query of `/ws`; never logged.
#[derive(Deserialize)]
struct Query {
    ticket: Option<String>,
    token: Option<String>,
}

/// Where a socket goes: to this process, or through a tunnel.
type Way = (Option<web::Data<Doorway>>, Option<web::Data<Tunnel>>);

/// Upgrades to a WebSocket: 403 for a foreign page, 426 for an old client, 401 without a good token,
/// 503 once the server is on its way out.
pub async fn open(
    request: HttpRequest,
    gate: web::Data<Gate>,
    auth: web::Data<AuthPeers>,
    (way, config, readiness): (Way, web::Data<Config>, web::Data<Readiness>),
) -> Answer<HttpResponse> {
    if readiness.is_draining() {
        return Err(Failure::unavailable("this server is going, connect again").into());
    }
    let (doorway, tunnel) = way;
    if let (None, Some(tunnel)) = (&doorway, tunnel) {
        return Ok(tunnel.open(&request).await?);
    }
    check_origin(&request, &config)?;
    check_client(&request, &config)?;
    let claims = admit(&request, &gate, &auth).await?;
    let admission = Admission {
        user_id: claims.user_id,
        session_id: claims.session_id,
        expires_at: claims.expires_at,
    };
    // Absent where a request that is no upgrade is answered.
    let Some(doorway) = doorway else {
        return Err(no_handshake().into());
    };
    doorway.expect(admission.user_id).await;
    let (mut response, accepted) =
        connection::accept(&request, &doorway, admission, origin(&request))
            .map_err(|_| no_handshake())?;
    Takeover::put(&mut response, |stream, early| accepted.run(stream, early));
    Ok(response)
}

async fn admit(
    request: &HttpRequest,
    gate: &Gate,
    auth: &AuthPeers,
) -> Result<TokenClaims, Failure> {
    if let Some(token) = bearer(request) {
        return gate.check(token).await;
    }
    let query = web::Query::<Query>::from_query(request.query_string())
        .map_err(|_| refused())?
        .into_inner();
    match (query.ticket, query.token) {
        (Some(ticket), _) if ticket.len() <= TICKET_BYTES => {
            ask(&auth.redeem_ticket, RedeemTicket { ticket }).await
        }
        (None, Some(token)) => gate.check(&token).await,
        _ => Err(refused()),
    }
}

fn no_handshake() -> Failure {
    Failure::new(
        ErrorCode::BadRequest,
        "a socket is opened by a GET with `Upgrade: websocket`, `Sec-WebSocket-Version: 13`, a \
         `Sec-WebSocket-Key` of 16 bytes in base64, and no body",
    )
}

fn refused() -> Failure {
    Failure::unauthenticated("a socket needs an access token or a ticket")
}

/// A page may open sockets to its own host and where CORS lets it; who is no page sends no origin.
fn check_origin(request: &HttpRequest, config: &Config) -> Answer<()> {
    let Some(origin) = request.headers().get(ORIGIN) else {
        return Ok(());
    };
    let origin = origin.to_str().unwrap_or_default();
    let own = request
        .headers()
        .get(HOST)
        .and_then(|host| host.to_str().ok());
    let same = matches!((origin.split_once("://"), own), (Some((_, page)), Some(own)) if page.eq_ignore_ascii_case(own));
    if same || config.http.cors.allows(origin) {
        return Ok(());
    }
    Err(Failure::forbidden("this page may not open sockets here").into())
}

fn check_client(request: &HttpRequest, config: &Config) -> Answer<()> {
    let client = request.headers().get("x-client");
    let client = client.and_then(|client| client.to_str().ok());
    if client.is_some_and(|client| config.clients.refuses(client)) {
        let message = "this version of the app is too old, update it";
        return Err(Failure::new(ErrorCode::UpgradeRequired, message).into());
    }
    Ok(())
}
