//! `[notification]`: who sends pushes, and how long they wait.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;

use super::{Problems, span};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PushSenderKind {
    /// Nothing is pushed, no event is read.
    Off,
    /// Into the log and the inbox, for development.
    Log,
    Fcm,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NotificationConfig {
    pub sender: PushSenderKind,
    /// How long a message waits for the acknowledgement of someone who is connected.
    #[serde(with = "span")]
    pub wait: Duration,
    /// Pushes of one chat to one person that are collapsed into one.
    #[serde(with = "span")]
    pub window: Duration,
    /// Events that wait for their decision in one process.
    pub pending: usize,
    /// Pushes to one device within a minute.
    pub per_device_minute: u32,
    pub fcm: FcmConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FcmConfig {
    /// The JSON file of a service account, as Google gives it out.
    pub service_account: PathBuf,
    pub url: String,
    /// Where tokens come from; empty: where the file says.
    pub token_url: String,
    /// One call.
    #[serde(with = "span")]
    pub timeout: Duration,
    /// How long FCM keeps what a device cannot take now.
    #[serde(with = "span")]
    pub keep: Duration,
    /// A push that could not be handed over for so long is given up.
    #[serde(with = "span")]
    pub give_up: Duration,
}

/// FCM keeps nothing longer.
const LONGEST_KEEP: Duration = Duration::from_secs(28 * 24 * 3600);

impl NotificationConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        let minute = Duration::from_secs(60);
        problems.require(
            self.wait < minute && self.window < minute,
            "notification.wait",
            "or notification.window is a minute or more",
            "\"5s\" and \"3s\" do",
        );
        problems.require(
            (64..=1_000_000).contains(&self.pending),
            "notification.pending",
            "is not 64 to 1000000",
            "20000 has room for 2,500 messages a second",
        );
        problems.require(
            self.per_device_minute > 0,
            "notification.per_device_minute",
            "is 0",
            "FCM takes 240",
        );
        if self.sender == PushSenderKind::Fcm {
            self.fcm.check(problems);
        }
    }
}

impl FcmConfig {
    fn check(&self, problems: &mut Problems) {
        problems.require(
            !self.service_account.as_os_str().is_empty(),
            "notification.fcm.service_account",
            "is empty",
            "name the JSON key of a service account that may send, or set notification.sender to \"off\"",
        );
        let is_http = |address: &str| {
            reqwest::Url::parse(address)
                .is_ok_and(|url| url.has_host() && matches!(url.scheme(), "http" | "https"))
        };
        problems.require(
            is_http(&self.url),
            "notification.fcm.url",
            "is no address",
            "\"https://fcm.googleapis.com\" is Google's",
        );
        problems.require(
            self.token_url.is_empty() || is_http(&self.token_url),
            "notification.fcm.token_url",
            "is no address",
            "leave it empty, the service account's file names it",
        );
        problems.require(
            !self.timeout.is_zero() && self.timeout <= Duration::from_secs(60),
            "notification.fcm.timeout",
            "is nothing, or over a minute",
            "\"10s\" does",
        );
        problems.require(
            self.keep <= LONGEST_KEEP,
            "notification.fcm.keep",
            "is over 28 days, which FCM refuses",
            "\"28d\" at most",
        );
    }
}
