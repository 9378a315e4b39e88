//! Tickets: a browser cannot send a header when it opens a WebSocket, so it shows one of these.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::actor::Auth;
use super::requests::{IssueTicket, RedeemTicket, TokenClaims};
use super::secrets::plain_hash;
use crate::actors::request::Answer;
use crate::error::Failure;

/// How long a ticket is good.
pub const LIFETIME: Duration = Duration::from_secs(30);
/// Longest text that is looked at, in bytes.
const TICKET_BYTES: usize = 64;

impl Auth {
    pub(super) async fn issue_ticket(&self, request: IssueTicket) -> Answer<String> {
        let secret: [u8; 32] = rand::random();
        let text = URL_SAFE_NO_PAD.encode(secret);
        let expires_at = self.clock.now() + LIFETIME;
        let hash = plain_hash(text.as_bytes());
        let codes = &self.stores.codes;
        codes
            .insert_ticket(hash, request.ticket, expires_at)
            .await?;
        Ok(text)
    }

    pub(super) async fn redeem_ticket(&self, request: RedeemTicket) -> Answer<TokenClaims> {
        if request.ticket.len() > TICKET_BYTES {
            return Err(refused());
        }
        let now = self.clock.now();
        let hash = plain_hash(request.ticket.as_bytes());
        let ticket = self
            .stores
            .codes
            .remove_ticket(hash, now)
            .await?
            .filter(|ticket| now < ticket.token_expires_at)
            .ok_or_else(refused)?;
        let session = self.live_session(ticket.session_id, now).await?;
        Ok(TokenClaims {
            user_id: session.user_id,
            session_id: session.id,
            expires_at: ticket.token_expires_at,
        })
    }
}

fn refused() -> Failure {
    Failure::unauthenticated("the ticket is used or too old, ask for another")
}
