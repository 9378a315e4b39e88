//! `[grpc]`: the listener for systems beside the installation.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::{Problems, span};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcConfig {
    pub enabled: bool,
    pub host: IpAddr,
    /// Of a process that serves everything. 0: any free one.
    pub port: u16,
    pub ports: GrpcPorts,
    /// What callers send as `authorization: Bearer …`; empty: nothing is asked.
    pub token: SecretString,
    pub message_bytes: usize,
    /// Calls under way.
    pub calls: usize,
    /// The longest that a call may take, whatever its caller allows.
    #[serde(with = "span")]
    pub deadline: Duration,
    pub tls: GrpcTlsConfig,
}

/// The ports where groups run in processes of their own.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcPorts {
    pub auth: u16,
    pub user: u16,
    pub chat: u16,
    pub message: u16,
    pub media: u16,
}

/// Files in PEM; all empty: no TLS.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrpcTlsConfig {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whose certificates callers must show.
    pub client_ca: PathBuf,
}

/// Shortest token, in bytes.
const TOKEN_BYTES: usize = 32;

impl GrpcTlsConfig {
    pub fn is_on(&self) -> bool {
        is_set(&self.certificate)
    }

    /// Whether callers must show a certificate.
    pub fn is_mutual(&self) -> bool {
        self.is_on() && is_set(&self.client_ca)
    }
}

fn is_set(path: &Path) -> bool {
    !path.as_os_str().is_empty()
}

impl GrpcConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        if !self.enabled {
            return;
        }
        self.check_callers(problems);
        problems.require(
            (16 * 1024..=1 << 26).contains(&self.message_bytes),
            "grpc.message_bytes",
            "is not between 16 KiB and 64 MiB",
            "4194304 holds a page of the longest messages",
        );
        problems.require(
            self.calls > 0,
            "grpc.calls",
            "lets no one through",
            "give it 256 or so",
        );
        problems.require(
            !self.deadline.is_zero(),
            "grpc.deadline",
            "is zero",
            "give it a span such as \"10s\"",
        );
    }

    /// Whoever may call may read everyone's messages and send as anyone.
    fn check_callers(&self, problems: &mut Problems) {
        let token = self.token.expose_secret();
        problems.require(
            self.host.is_loopback() || !token.is_empty() || self.tls.is_mutual(),
            "grpc.token",
            "is empty while grpc.host is not loopback: anyone who reaches it could read and send everything",
            "set it, or grpc.tls.client_ca for mutual TLS, or set grpc.host to 127.0.0.1",
        );
        problems.require(
            token.is_empty() || token.len() >= TOKEN_BYTES,
            "grpc.token",
            "is too short",
            "give it 32 characters or more, as from `openssl rand -hex 32`",
        );
        problems.require(
            is_set(&self.tls.certificate) == is_set(&self.tls.key),
            "grpc.tls.key",
            "and grpc.tls.certificate do not go together",
            "name both files, or neither",
        );
        problems.require(
            self.tls.is_on() || !is_set(&self.tls.client_ca),
            "grpc.tls.client_ca",
            "asks callers for certificates without TLS",
            "name grpc.tls.certificate and grpc.tls.key too",
        );
    }

    /// Every port it may listen on, by its setting.
    pub(super) fn every_port(&self) -> [(&'static str, u16); 6] {
        [
            ("grpc.port", self.port),
            ("grpc.ports.auth", self.ports.auth),
            ("grpc.ports.user", self.ports.user),
            ("grpc.ports.chat", self.ports.chat),
            ("grpc.ports.message", self.ports.message),
            ("grpc.ports.media", self.ports.media),
        ]
    }
}
