//! `[telemetry]`: where traces go.

use serde::Deserialize;

use super::Problems;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// `host:port` of a Jaeger agent; empty: none.
    pub jaeger_agent: String,
    /// Where an OTLP collector takes traces over HTTP; empty: none.
    pub otlp_endpoint: String,
    /// The share of requests that is traced, from 0 to 1.
    pub sample: f64,
    pub service_name: String,
}

impl TelemetryConfig {
    pub fn is_on(&self) -> bool {
        !self.jaeger_agent.is_empty() || !self.otlp_endpoint.is_empty()
    }

    pub(super) fn check(&self, problems: &mut Problems) {
        let agent = self.jaeger_agent.rsplit_once(':');
        let has_port =
            agent.is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
        problems.require(
            self.jaeger_agent.is_empty() || has_port,
            "telemetry.jaeger_agent",
            "is no host and port",
            "write it as \"jaeger:6831\"",
        );
        let endpoint = reqwest::Url::parse(&self.otlp_endpoint);
        let is_http =
            endpoint.is_ok_and(|url| url.has_host() && matches!(url.scheme(), "http" | "https"));
        problems.require(
            self.otlp_endpoint.is_empty() || is_http,
            "telemetry.otlp_endpoint",
            "is no address",
            "write it as \"http://collector:4318/v1/traces\"",
        );
        problems.require(
            (0.0..=1.0).contains(&self.sample),
            "telemetry.sample",
            "is not from 0 to 1",
            "0.05 traces every twentieth request",
        );
        problems.require(
            !self.service_name.is_empty(),
            "telemetry.service_name",
            "is empty",
            "\"troupe\" tells it from other programs",
        );
    }
}
