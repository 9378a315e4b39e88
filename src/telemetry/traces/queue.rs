//! Spans on their way out: a bounded queue, and a thread that sends what waits in batches.

use std::sync::mpsc::{Sender as Signal, channel as signal};
use std::time::Duration;

use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{Span, SpanData, SpanProcessor};
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::time::{Instant, timeout_at};

use super::Source;
use super::jaeger::Jaeger;
use super::otlp::Otlp;

/// Spans that may wait; beyond it they are dropped and counted.
const WAITING: usize = 8192;
/// Spans of one batch, and how long the first of them waits for others.
const BATCH: usize = 512;
const GATHER: Duration = Duration::from_millis(500);

enum Order {
    Span(Box<SpanData>),
    /// Send all that came before, then say so.
    Flush(Signal<()>),
}

/// The end into which spans go.
#[derive(Debug)]
pub struct Queue(Sender<Order>);

/// Where spans go; each is tried with each batch.
pub struct Exporters {
    jaeger: Option<Jaeger>,
    otlp: Option<Otlp>,
}

impl Exporters {
    /// An empty address: none there.
    pub fn new(jaeger: &str, otlp: &str, source: &Source) -> Self {
        Self {
            jaeger: (!jaeger.is_empty()).then(|| Jaeger::new(jaeger, source.clone())),
            otlp: (!otlp.is_empty()).then(|| Otlp::new(otlp, source.clone())),
        }
    }

    async fn export(&mut self, batch: Vec<SpanData>) {
        if batch.is_empty() {
            return;
        }
        let count = batch.len() as u64;
        match (&mut self.jaeger, &mut self.otlp) {
            (Some(jaeger), Some(otlp)) => {
                report("jaeger", count, jaeger.export(batch.clone()).await);
                report("otlp", count, otlp.export(batch).await);
            }
            (Some(jaeger), None) => report("jaeger", count, jaeger.export(batch).await),
            (None, Some(otlp)) => report("otlp", count, otlp.export(batch).await),
            (None, None) => {}
        }
    }
}

fn report(exporter: &'static str, spans: u64, sent: Result<(), String>) {
    let outcome = if sent.is_ok() { "sent" } else { "failed" };
    let labels = [("exporter", exporter), ("outcome", outcome)];
    metrics::counter!("troupe_spans_total", &labels).increment(spans);
    if let Err(cause) = sent {
        tracing::warn!(exporter, cause, "spans were not sent");
    }
}

impl Queue {
    /// Starts the thread, which ends with the queue.
    pub fn start(exporters: Exporters) -> Self {
        let (orders, taken) = channel(WAITING);
        let started = std::thread::Builder::new()
            .name("traces".to_owned())
            .spawn(move || run(taken, exporters));
        if let Err(error) = started {
            tracing::error!(cause = %error, "no thread for traces, none will be sent");
        }
        Self(orders)
    }

    fn flush(&self, patience: Duration) -> OTelSdkResult {
        let (done, flushed) = signal();
        let sent = self.0.try_send(Order::Flush(done));
        sent.map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?;
        flushed
            .recv_timeout(patience)
            .map_err(|_| OTelSdkError::Timeout(patience))
    }
}

fn run(orders: Receiver<Order>, exporters: Exporters) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(send(orders, exporters)),
        Err(error) => tracing::error!(cause = %error, "traces will not be sent"),
    }
}

async fn send(mut orders: Receiver<Order>, mut exporters: Exporters) {
    let mut batch = Vec::new();
    let mut due = Instant::now();
    loop {
        let order = if batch.is_empty() {
            orders.recv().await
        } else {
            match timeout_at(due, orders.recv()).await {
                Ok(order) => order,
                Err(_) => {
                    exporters.export(std::mem::take(&mut batch)).await;
                    continue;
                }
            }
        };
        match order {
            Some(Order::Span(span)) => {
                if batch.is_empty() {
                    due = Instant::now() + GATHER;
                }
                batch.push(*span);
                if batch.len() >= BATCH {
                    exporters.export(std::mem::take(&mut batch)).await;
                }
            }
            Some(Order::Flush(done)) => {
                exporters.export(std::mem::take(&mut batch)).await;
                // Whoever asked may have stopped waiting.
                let _ = done.send(());
            }
            None => return exporters.export(batch).await,
        }
    }
}

impl SpanProcessor for Queue {
    fn on_start(&self, _: &mut Span, _: &opentelemetry::Context) {}

    fn on_end(&self, span: SpanData) {
        if span.span_context.is_sampled() && self.0.try_send(Order::Span(Box::new(span))).is_err() {
            metrics::counter!("troupe_spans_dropped_total").increment(1);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.flush(super::LAST)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.flush(timeout)
    }
}
