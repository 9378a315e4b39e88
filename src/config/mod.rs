//! Settings: `default.toml` in the binary < `--config` file < `TROUPE__SECTION__KEY` < options.
//!
//! One file per section. The only reader of the environment. Unknown keys are refused, and all
//! problems are reported at once, each with the setting's name and its cure.

mod admin;
mod auth;
mod clients;
mod events;
mod groups;
mod grpc;
mod http;
mod jobs;
mod limits;
mod loader;
mod log;
mod media;
mod notification;
mod problems;
mod s3;
mod servers;
pub mod span;
mod storage;
mod telemetry;
mod websocket;

use serde::Deserialize;

use crate::actors::group::GroupSet;

pub use admin::AdminConfig;
pub use auth::{AuthConfig, CodeSender, OtpConfig, WebhookConfig};
pub use clients::{ClientVersion, ClientsConfig};
pub use events::EventsConfig;
pub use groups::PortsConfig;
pub use grpc::{GrpcConfig, GrpcPorts, GrpcTlsConfig};
pub use http::{CorsConfig, HttpConfig, Network};
pub use jobs::JobsConfig;
pub use limits::{BucketConfig, LimitsConfig};
pub use loader::{Loader, Setting};
pub use log::{LogConfig, LogFormat};
pub use media::{MediaConfig, QUOTA_UNIT};
pub use notification::{FcmConfig, NotificationConfig, PushSenderKind};
pub use problems::{ConfigError, Problem, Problems};
pub use s3::S3Config;
pub use servers::{MongodbConfig, NatsConfig, PostgresConfig, RedisConfig};
pub use storage::{Backend, StorageConfig};
pub use telemetry::TelemetryConfig;
pub use websocket::WebsocketConfig;

/// Settings that are never printed.
const SECRETS: &[&str] = &[
    "auth.otp.webhook.secret",
    "auth.otp.webhook.url",
    "grpc.token",
    "storage.keys_secret",
    "postgres.url",
    "mongodb.url",
    "redis.url",
    "nats.url",
    "s3.access_key",
    "s3.secret_key",
];

/// Every setting, checked.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// What this process runs.
    #[serde(deserialize_with = "groups::deserialize")]
    pub groups: GroupSet,
    pub ports: PortsConfig,
    pub http: HttpConfig,
    pub admin: AdminConfig,
    pub grpc: GrpcConfig,
    pub storage: StorageConfig,
    pub postgres: PostgresConfig,
    pub mongodb: MongodbConfig,
    pub redis: RedisConfig,
    pub nats: NatsConfig,
    pub s3: S3Config,
    pub media: MediaConfig,
    pub limits: LimitsConfig,
    pub jobs: JobsConfig,
    pub auth: AuthConfig,
    pub clients: ClientsConfig,
    pub websocket: WebsocketConfig,
    pub notification: NotificationConfig,
    pub log: LogConfig,
    pub telemetry: TelemetryConfig,
}

impl Config {
    /// Rules that a type cannot say; each section checks its own.
    fn check(&self, problems: &mut Problems) {
        self.http.check(problems);
        self.admin.check(problems);
        self.grpc.check(problems);
        self.storage.check(problems);
        if self.storage.backend == Backend::Distributed {
            servers::check(self, problems);
            self.s3.check(problems);
        }
        self.media.check(problems);
        self.limits.check(problems);
        self.jobs.check(problems);
        self.auth.check(problems);
        self.clients.check(problems);
        self.websocket.check(problems);
        self.notification.check(problems);
        self.log.check(problems);
        self.telemetry.check(problems);
        self.check_groups(problems);
        self.check_grpc_ports(problems);
    }

    fn check_grpc_ports(&self, problems: &mut Problems) {
        let ports = self.grpc.every_port();
        let others: Vec<u16> = self.listening().into_iter().map(|(_, port)| port).collect();
        for (index, (name, port)) in ports.iter().enumerate() {
            let earlier = ports[..index].iter().map(|(_, port)| *port);
            let mut taken = others
                .iter()
                .copied()
                .chain([self.admin.port])
                .chain(earlier);
            problems.require(
                !self.grpc.enabled || *port == 0 || taken.all(|other| other != *port),
                name,
                "is the port of another listener",
                "give each a port of its own",
            );
        }
    }

    /// What only `troupe dev` may do.
    fn check_production(&self, problems: &mut Problems) {
        self.auth.check_production(problems);
        problems.require(
            !self.limits.unlimited,
            "limits.unlimited",
            "lifts every budget",
            "turn it off; it is for load tests with `troupe dev`",
        );
        problems.require(
            !self.admin.faults,
            "admin.faults",
            "lets whoever reaches the admin listener break everything",
            "turn it off; it is for trying apps with `troupe dev`",
        );
    }
}

/// Has this process die where `TROUPE_ABORT_AT` says, and panic where `TROUPE_PANIC_AT` says; for tests.
#[cfg(debug_assertions)]
#[expect(
    clippy::disallowed_methods,
    reason = "the one room that reads the environment"
)]
pub fn arm_failpoint() {
    let wish = |name| std::env::var(name).ok();
    let (aborts, panics) = (wish("TROUPE_ABORT_AT"), wish("TROUPE_PANIC_AT"));
    crate::failpoint::arm(aborts.as_deref(), panics.as_deref());
}
