//! Logs: to standard error, so that standard output stays for what a command says.

use tracing::Subscriber;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

use crate::config::{LogConfig, LogFormat};

/// Starts logging for the whole process; a second call changes nothing.
pub fn start(config: &LogConfig) {
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter(config))
        .with_writer(std::io::stderr);
    let _ = match config.format {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// The same beside another layer.
pub fn layer<S>(config: &LogConfig) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    match config.format {
        LogFormat::Text => layer.with_ansi(false).with_filter(filter(config)).boxed(),
        LogFormat::Json => layer
            .json()
            .flatten_event(true)
            .with_filter(filter(config))
            .boxed(),
    }
}

/// The setting was checked when it was read.
fn filter(config: &LogConfig) -> EnvFilter {
    config.filter.parse().unwrap_or_default()
}
