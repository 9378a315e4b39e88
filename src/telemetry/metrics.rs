//! Metrics, as Prometheus reads them.

use std::sync::OnceLock;
use std::time::Duration;

use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};

/// Bounds of every histogram of times, in seconds.
const SECONDS: &[f64] = &[
    0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0,
];
/// Bounds of every histogram of counts.
const COUNTS: &[f64] = &[1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0, 128.0, 256.0, 512.0];
/// How often samples are folded into their histograms.
const UPKEEP: Duration = Duration::from_secs(5);

/// What `/metrics` renders. Cheap to clone.
#[derive(Clone)]
pub struct Metrics(PrometheusHandle);

impl Metrics {
    pub fn render(&self) -> String {
        self.0.render()
    }

    /// Folds samples in until the runtime ends.
    pub async fn keep_up(self) {
        let mut ticks = tokio::time::interval(UPKEEP);
        loop {
            ticks.tick().await;
            self.0.run_upkeep();
        }
    }
}

/// Starts collecting for the whole process; called again it answers the same collector.
pub fn start_metrics() -> Metrics {
    static STARTED: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = STARTED.get_or_init(|| {
        let recorder = builder().build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("metrics are collected elsewhere");
        }
        handle
    });
    Metrics(handle.clone())
}

fn builder() -> PrometheusBuilder {
    let plain = PrometheusBuilder::new();
    // Fails only for an empty list of bounds.
    plain
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), SECONDS)
        .and_then(|builder| {
            builder.set_buckets_for_metric(Matcher::Suffix("_writes".to_owned()), COUNTS)
        })
        .unwrap_or_default()
}
