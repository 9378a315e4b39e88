//! Logs, metrics and traces.

mod logs;
mod metrics;
mod traces;

use tracing_subscriber::Layer;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use self::traces::Traces;
use crate::config::{LogConfig, TelemetryConfig};

pub use metrics::{Metrics, start_metrics};

/// What must live as long as the process does something worth telling of; dropped, it sends what still
/// waits.
#[must_use]
pub struct Telemetry {
    _traces: Option<Traces>,
}

/// Starts logs for the whole process, and traces where the settings say so; a second call changes
/// nothing.
pub fn start(log: &LogConfig, telemetry: &TelemetryConfig) -> Telemetry {
    if !telemetry.is_on() {
        logs::start(log);
        return Telemetry { _traces: None };
    }
    let traces = Traces::start(telemetry);
    // Events stay out: a log line of a development code belongs to no trace.
    let layer = traces.layer().with_filter(traces::filter());
    let subscriber = tracing_subscriber::registry()
        .with(layer)
        .with(logs::layer(log));
    if subscriber.try_init().is_ok() {
        traces.attach();
    }
    Telemetry {
        _traces: Some(traces),
    }
}
