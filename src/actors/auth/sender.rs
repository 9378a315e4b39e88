//! How codes reach their phones.

use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use ring::hmac;
use secrecy::ExposeSecret;
use serde::Serialize;

use crate::clock::Timestamp;
use crate::config::{CodeSender, OtpConfig, WebhookConfig};
use crate::domain::phone::Phone;
use crate::error::Failure;

/// One attempt; with the retries it stays below the caller's deadline.
const ATTEMPT: Duration = Duration::from_secs(2);
const RETRIES: usize = 2;
/// `t=<seconds since 1970>,v1=<hex HMAC-SHA256 of "<t>.<body>">`.
const SIGNATURE: &str = "x-troupe-signature";

/// Sends codes the way the settings say.
#[derive(Clone)]
pub enum Sender {
    /// Into the log, for development.
    Log,
    Webhook(Box<Webhook>),
}

/// A signed `POST {phone, code, locale}`.
#[derive(Clone)]
pub struct Webhook {
    client: reqwest::Client,
    url: String,
    key: hmac::Key,
}

#[derive(Serialize)]
struct CodeBody<'a> {
    phone: &'a str,
    code: &'a str,
    locale: Option<&'a str>,
}

impl Sender {
    pub fn new(config: &OtpConfig) -> Result<Self, reqwest::Error> {
        match config.sender {
            CodeSender::Log => Ok(Self::Log),
            CodeSender::Webhook => {
                Webhook::new(&config.webhook).map(|webhook| Self::Webhook(Box::new(webhook)))
            }
        }
    }

    /// Sends a code; `unavailable` when it could not be handed over.
    pub async fn send(
        &self,
        phone: &Phone,
        code: &str,
        locale: Option<&str>,
        now: Timestamp,
    ) -> Result<(), Failure> {
        match self {
            Self::Log => {
                tracing::info!(otp.code = code, "one-time code");
                Ok(())
            }
            Self::Webhook(webhook) => {
                let phone = phone.as_str();
                let body = CodeBody {
                    phone,
                    code,
                    locale,
                };
                webhook.send(&body, now).await
            }
        }
    }
}

impl Webhook {
    fn new(config: &WebhookConfig) -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .timeout(ATTEMPT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        Ok(Self {
            client,
            url: config.url.clone(),
            key: hmac::Key::new(hmac::HMAC_SHA256, config.secret.expose_secret().as_bytes()),
        })
    }

    async fn send(&self, body: &CodeBody<'_>, now: Timestamp) -> Result<(), Failure> {
        let body = serde_json::to_string(body).map_err(|_| Failure::internal())?;
        let signature = self.signature(&body, now);
        let attempt = || async {
            self.client
                .post(&self.url)
                .header(reqwest::header::CONTENT_TYPE, "application/json")
                .header(SIGNATURE, &signature)
                .body(body.clone())
                .send()
                .await?
                .error_for_status()
                .map(|answer| answer.status())
        };
        let policy = ExponentialBuilder::default()
            .with_min_delay(Duration::from_millis(200))
            .with_max_times(RETRIES)
            .with_jitter();
        let sent = attempt.retry(policy).when(may_succeed_later).await;
        let cause = match sent {
            Ok(status) if status.is_success() => return Ok(()),
            // Redirections are not followed: the code would go where no setting says.
            Ok(status) => format!("it answered {status}, a 2xx was expected"),
            Err(error) => error.without_url().to_string(),
        };
        tracing::warn!(cause, "a code could not be handed to the webhook");
        metrics::counter!("troupe_codes_unsent_total").increment(1);
        Err(Failure::unavailable("the code could not be sent right now"))
    }

    fn signature(&self, body: &str, now: Timestamp) -> String {
        let seconds = now.seconds();
        let signed = hmac::sign(&self.key, format!("{seconds}.{body}").as_bytes());
        format!("t={seconds},v1={}", hex::encode(signed))
    }
}

/// A refusal of the request itself stays one.
fn may_succeed_later(error: &reqwest::Error) -> bool {
    match error.status() {
        Some(status) => status.is_server_error() || status.as_u16() == 429,
        None => true,
    }
}
