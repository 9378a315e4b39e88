//! FCM, HTTP v1.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::account::{ServiceAccount, UnusableAccount};
use super::pace::Pace;
use super::refusal::{self, MINUTE, Refusal, retry_after};
use super::token::{AccessTokens, NoToken};
use super::{Sent, read_body};
use crate::clock::Clock;
use crate::config::FcmConfig;
use crate::domain::notification::Push;
use crate::domain::user::Platform;
use crate::storage::devices::Device;

/// Largest refusal that is read, in bytes.
const ANSWER_BYTES: usize = 64 * 1024;

pub struct Fcm {
    client: reqwest::Client,
    /// Where messages go.
    url: String,
    keep: Duration,
    tokens: AccessTokens,
    pace: Pace,
    clock: Clock,
}

/// Why one attempt failed.
enum Failed {
    Refused(Refusal),
    NoToken(NoToken),
    /// No answer, or none in time.
    Silence(reqwest::Error),
}

impl Fcm {
    pub fn new(config: &FcmConfig, clock: Clock) -> Result<Self, UnusableAccount> {
        let account = ServiceAccount::read(&config.service_account, &config.token_url)?;
        let client = reqwest::Client::builder()
            .timeout(config.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .unwrap_or_default();
        let base = config.url.trim_end_matches('/');
        Ok(Self {
            url: format!("{base}/v1/projects/{}/messages:send", account.project_id),
            keep: config.keep,
            tokens: AccessTokens::new(account, client.clone(), clock),
            client,
            pace: Pace::default(),
            clock,
        })
    }

    /// One attempt, or none where it is not time yet.
    pub async fn send(&self, device: &Device, push: &Push) -> Sent {
        let wait = self.pace.wait(device.id);
        if !wait.is_zero() {
            return Sent::Later(wait);
        }
        let began = Instant::now();
        let body = self.body(device, push).to_string();
        match self.attempt(&body).await {
            Ok(()) => {
                self.pace.succeeded(device.id);
                Sent::Done
            }
            Err(failed) => self.take(failed, device, began),
        }
    }

    /// Whether FCM lets this account send, in words for the operator.
    pub async fn examine(&self) -> Result<(), String> {
        let body = json!({"validate_only": true, "message": {"token": "doctor"}}).to_string();
        match self.attempt(&body).await {
            Ok(()) | Err(Failed::Refused(Refusal::TokenGone | Refusal::Push(_))) => Ok(()),
            Err(Failed::NoToken(none)) => Err(format!("no access token: {none}")),
            Err(Failed::Silence(error)) => Err(format!("cannot be reached: {}", described(error))),
            Err(Failed::Refused(Refusal::Unauthenticated)) => {
                Err("does not take the access token it was given".to_owned())
            }
            Err(Failed::Refused(Refusal::Installation(words))) => Err(format!(
                "refuses this account ({words}); turn on the Firebase Cloud Messaging API of the \
                 project and give the account the right to send"
            )),
            Err(Failed::Refused(Refusal::Device(_) | Refusal::Everyone(_))) => {
                Err("has no room for requests now".to_owned())
            }
        }
    }

    /// A token that is not taken is renewed once.
    async fn attempt(&self, body: &str) -> Result<(), Failed> {
        let token = self.tokens.get(None).await.map_err(Failed::NoToken)?;
        match self.post(body, &token).await {
            Err(Failed::Refused(Refusal::Unauthenticated)) => {
                let token = self.tokens.get(Some(&token)).await;
                self.post(body, &token.map_err(Failed::NoToken)?).await
            }
            done => done,
        }
    }

    async fn post(&self, body: &str, token: &SecretString) -> Result<(), Failed> {
        let posted = self
            .client
            .post(&self.url)
            .bearer_auth(token.expose_secret())
            .header("content-type", "application/json")
            .body(body.to_owned())
            .send()
            .await;
        let answer = posted.map_err(Failed::Silence)?;
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let wait = retry_after(answer.headers(), self.clock.now());
        let body = read_body(answer, ANSWER_BYTES).await;
        Err(Failed::Refused(refusal::read(status, wait, &body)))
    }

    fn take(&self, failed: Failed, device: &Device, began: Instant) -> Sent {
        let pace = &self.pace;
        match failed {
            Failed::Refused(Refusal::TokenGone) => Sent::Gone,
            Failed::Refused(Refusal::Push(words)) => {
                tracing::error!(device.id = %device.id, cause = words, "fcm refused a push");
                Sent::Refused
            }
            Failed::Refused(Refusal::Device(wait)) => {
                Sent::Later(pace.device_failed(device.id, began, wait))
            }
            Failed::Refused(Refusal::Everyone(wait)) => {
                tracing::warn!(?wait, "fcm asks to wait");
                Sent::Later(pace.everyone_failed(began, wait))
            }
            Failed::Refused(Refusal::Installation(words)) => {
                tracing::error!(cause = words, "fcm does not let this account send");
                Sent::Later(pace.everyone_failed(began, Some(MINUTE)))
            }
            Failed::Refused(Refusal::Unauthenticated) => {
                tracing::error!("fcm does not take a fresh access token");
                Sent::Later(pace.everyone_failed(began, Some(MINUTE)))
            }
            Failed::NoToken(none) => {
                tracing::warn!(cause = %none, "no access token for fcm");
                Sent::Later(pace.everyone_failed(began, none.retry_after))
            }
            Failed::Silence(error) => {
                tracing::warn!(cause = described(error), "fcm did not answer");
                Sent::Later(pace.device_failed(device.id, began, None))
            }
        }
    }

    /// Data alone, so that the app decides what is shown.
    fn body(&self, device: &Device, push: &Push) -> Value {
        let mut message = json!({"token": device.token, "data": push.data()});
        let (urgent, seconds) = (push.is_news(), self.keep.as_secs());
        match device.platform {
            Platform::Android => {
                let priority = if urgent { "HIGH" } else { "NORMAL" };
                message["android"] = json!({"priority": priority, "ttl": format!("{seconds}s")});
                // Of four keys per device one is used: what is told by it is the same each time.
                if *push == Push::Sync {
                    message["android"]["collapse_key"] = json!("sync");
                }
            }
            // An app that is not running may be woken in the background with this priority alone.
            Platform::Ios => {
                message["apns"] = json!({
                    "headers": {"apns-push-type": "background", "apns-priority": "5"},
                    "payload": {"aps": {"content-available": 1}},
                });
            }
            Platform::Web => {
                let urgency = if urgent { "high" } else { "normal" };
                message["webpush"] =
                    json!({"headers": {"TTL": seconds.to_string(), "Urgency": urgency}});
            }
        }
        json!({ "message": message })
    }
}

/// The error and what lies behind it; no address, which names the project.
fn described(error: reqwest::Error) -> String {
    use std::error::Error;
    let error = error.without_url();
    match error.source() {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
