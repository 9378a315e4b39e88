//! `[auth]`: codes, tokens, sessions.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{BucketConfig, Problems, span};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthConfig {
    /// `iss` and `aud` of access tokens.
    pub issuer: String,
    pub audience: String,
    /// How long an access token lives.
    #[serde(with = "span")]
    pub access_lifetime: Duration,
    /// A session dies this long after its last use.
    #[serde(with = "span")]
    pub session_lifetime: Duration,
    /// How long the last refresh token but one gives its successor again, whatever was used.
    #[serde(with = "span")]
    pub refresh_grace: Duration,
    /// Age at which the signing key is replaced; the old one is accepted while its tokens live.
    #[serde(with = "span")]
    pub renew_keys_after: Duration,
    pub otp: OtpConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OtpConfig {
    pub sender: CodeSender,
    /// Answers the code as `devCode`; with the `log` sender only.
    pub reveal: bool,
    pub webhook: WebhookConfig,
    /// How many codes may be asked for: by phone, by address, by the 10,000 numbers around it.
    pub phone_hour: BucketConfig,
    pub phone_day: BucketConfig,
    pub address: BucketConfig,
    pub prefix: BucketConfig,
}

/// How a code reaches its phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CodeSender {
    /// Into the log; for development.
    Log,
    /// A signed `POST` to an SMS provider's bridge.
    Webhook,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookConfig {
    pub url: String,
    pub secret: SecretString,
}

/// Shortest webhook secret, in bytes.
const SECRET_BYTES: usize = 16;

impl AuthConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            !self.issuer.is_empty() && !self.audience.is_empty(),
            "auth.issuer",
            "is empty, or auth.audience is",
            "name both; they tell this installation's tokens from another's",
        );
        problems.require(
            self.access_lifetime >= Duration::from_secs(60),
            "auth.access_lifetime",
            "is below a minute",
            "give it at least \"1m\"",
        );
        problems.require(
            self.session_lifetime > self.access_lifetime,
            "auth.session_lifetime",
            "is not longer than auth.access_lifetime",
            "give it days",
        );
        problems.require(
            self.renew_keys_after >= self.access_lifetime,
            "auth.renew_keys_after",
            "is shorter than auth.access_lifetime",
            "give it weeks",
        );
        self.otp.check(problems);
    }

    /// What only `troupe dev` may do.
    pub(super) fn check_production(&self, problems: &mut Problems) {
        problems.require(
            self.otp.sender != CodeSender::Log,
            "auth.otp.sender",
            "writes codes to the log",
            "use \"webhook\"",
        );
    }
}

impl OtpConfig {
    fn check(&self, problems: &mut Problems) {
        self.phone_hour.check("auth.otp.phone_hour", problems);
        self.phone_day.check("auth.otp.phone_day", problems);
        self.address.check("auth.otp.address", problems);
        self.prefix.check("auth.otp.prefix", problems);
        problems.require(
            !self.reveal || self.sender == CodeSender::Log,
            "auth.otp.reveal",
            "answers codes to whoever asks for them",
            "turn it off, or use auth.otp.sender = \"log\" in development",
        );
        if self.sender == CodeSender::Webhook {
            problems.require(
                reqwest::Url::parse(&self.webhook.url).is_ok_and(|url| url.has_host()),
                "auth.otp.webhook.url",
                "is no address",
                "name where codes are posted to, as \"https://sms.example.org/codes\"",
            );
            problems.require(
                self.webhook.secret.expose_secret().len() >= SECRET_BYTES,
                "auth.otp.webhook.secret",
                "is too short",
                "give it 16 characters or more, and the receiver the same",
            );
        }
    }
}
