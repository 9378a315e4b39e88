//! `[s3]`: where the distributed storage keeps files.

use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Problems, span};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// As processes reach it.
    pub endpoint: String,
    /// As clients reach it; empty: the same.
    pub public_endpoint: String,
    pub region: String,
    pub bucket: String,
    pub access_key: SecretString,
    pub secret_key: SecretString,
    #[serde(with = "span")]
    pub timeout: Duration,
}

impl S3Config {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            is_address(&self.endpoint),
            "s3.endpoint",
            "is no address of an S3 server",
            "write it as \"http://minio:9000\"",
        );
        problems.require(
            self.public_endpoint.is_empty() || is_address(&self.public_endpoint),
            "s3.public_endpoint",
            "is no address",
            "write it as clients reach it, \"https://media.example.org\"",
        );
        let is_name = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        problems.require(
            (3..=63).contains(&self.bucket.len()) && self.bucket.bytes().all(is_name),
            "s3.bucket",
            "is no name of a bucket",
            "3 to 63 lower-case letters, digits and dashes, as \"troupe-media\"",
        );
        for (setting, key) in [
            ("s3.access_key", &self.access_key),
            ("s3.secret_key", &self.secret_key),
        ] {
            problems.require(
                !key.expose_secret().is_empty(),
                setting,
                "is missing",
                "give it from an account that may read and write the bucket",
            );
        }
        problems.require(
            !self.region.is_empty(),
            "s3.region",
            "is empty",
            "\"us-east-1\" is what servers without regions take",
        );
        problems.require(
            !self.timeout.is_zero(),
            "s3.timeout",
            "gives no time",
            "\"10s\" is enough",
        );
    }
}

fn is_address(text: &str) -> bool {
    let url = reqwest::Url::parse(text);
    url.is_ok_and(|url| {
        url.has_host() && matches!(url.scheme(), "http" | "https") && url.query().is_none()
    })
}
