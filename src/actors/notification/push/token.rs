//! Google's access tokens: asked for with a signed assertion, kept until shortly before they end.

use std::time::Duration;

use biscuit::jwa::SignatureAlgorithm;
use biscuit::jws::{Compact, Header, RegisteredHeader};
use biscuit::{CompactJson, Empty};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::account::ServiceAccount;
use super::refusal::retry_after;
use crate::clock::{Clock, Timestamp};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
const GRANT: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// An assertion may not be good for longer.
const ASSERTION: Duration = Duration::from_secs(3600);
/// So long before its end a token is renewed.
const MARGIN: Duration = Duration::from_secs(300);
/// Largest answer that is read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Assertion {
    iss: String,
    scope: String,
    aud: String,
    iat: i64,
    exp: i64,
}

impl CompactJson for Assertion {}

#[derive(Serialize)]
struct TokenRequest<'a> {
    grant_type: &'a str,
    assertion: &'a str,
}

#[derive(Deserialize)]
struct TokenAnswer {
    access_token: SecretString,
    expires_in: u64,
}

struct Held {
    token: SecretString,
    until: Timestamp,
}

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct NoToken {
    pub what: String,
    pub retry_after: Option<Duration>,
}

impl NoToken {
    fn of(what: impl std::fmt::Display) -> Self {
        Self {
            what: what.to_string(),
            retry_after: None,
        }
    }
}

/// The account's token of the hour.
pub struct AccessTokens {
    account: ServiceAccount,
    client: reqwest::Client,
    clock: Clock,
    /// Held while one is asked for: whoever comes meanwhile gets that one.
    held: Mutex<Option<Held>>,
}

impl AccessTokens {
    pub fn new(account: ServiceAccount, client: reqwest::Client, clock: Clock) -> Self {
        Self {
            account,
            client,
            clock,
            held: Mutex::new(None),
        }
    }

    /// A token that is not `refused`, which FCM did not take.
    pub async fn get(&self, refused: Option<&SecretString>) -> Result<SecretString, NoToken> {
        let mut held = self.held.lock().await;
        let now = self.clock.now();
        let is_good = |held: &&Held| {
            let is_refused =
                refused.is_some_and(|one| one.expose_secret() == held.token.expose_secret());
            now < held.until && !is_refused
        };
        if let Some(good) = held.as_ref().filter(is_good) {
            return Ok(good.token.clone());
        }
        *held = None;
        let fresh = self.ask(now).await?;
        let token = fresh.token.clone();
        *held = Some(fresh);
        Ok(token)
    }

    async fn ask(&self, now: Timestamp) -> Result<Held, NoToken> {
        let assertion = self.assertion(now)?;
        let body = serde_urlencoded::to_string(TokenRequest {
            grant_type: GRANT,
            assertion: &assertion,
        });
        let asked = self
            .client
            .post(&self.account.token_url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body.map_err(NoToken::of)?)
            .send()
            .await;
        let answer = asked.map_err(|error| NoToken::of(error.without_url()))?;
        let (status, wait) = (answer.status(), retry_after(answer.headers(), now));
        let body = super::read_body(answer, ANSWER_BYTES).await;
        if !status.is_success() {
            return Err(NoToken {
                what: format!("the token was refused with {status} {}", reason(&body)),
                retry_after: wait,
            });
        }
        let answer: TokenAnswer = serde_json::from_slice(&body)
            .map_err(|_| NoToken::of("the answer to the request for a token holds none"))?;
        let life = Duration::from_secs(answer.expires_in);
        Ok(Held {
            until: now + life.saturating_sub(MARGIN.min(life / 2)),
            token: answer.access_token,
        })
    }

    fn assertion(&self, now: Timestamp) -> Result<String, NoToken> {
        let claims = Assertion {
            iss: self.account.client_email.clone(),
            scope: SCOPE.to_owned(),
            aud: self.account.token_url.clone(),
            iat: now.seconds(),
            exp: (now + ASSERTION).seconds(),
        };
        let header = Header::<Empty>::from(RegisteredHeader {
            algorithm: SignatureAlgorithm::RS256,
            key_id: self.account.key_id.clone(),
            ..RegisteredHeader::default()
        });
        Compact::new_decoded(header, claims)
            .into_encoded(&self.account.signer)
            .and_then(|signed| signed.encoded().map(ToString::to_string))
            .map_err(|_| NoToken::of("the private key of the service account does not sign"))
    }
}

/// OAuth's `error` and its description: words for the operator, no secret.
fn reason(body: &[u8]) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Refused {
        error: String,
        error_description: String,
    }
    let refused: Refused = serde_json::from_slice(body).unwrap_or_default();
    let words = format!("{} {}", refused.error, refused.error_description);
    words.trim().chars().take(200).collect()
}
