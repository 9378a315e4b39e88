//! Traces: spans become OpenTelemetry's, and go to a Jaeger agent, an OTLP collector or both.
//!
//! One layer gives each span its ids, so that both exporters tell of the same traces. Jaeger's exporter
//! ended with an older OpenTelemetry; spans are put into its shapes on the way ([`jaeger`]).

mod jaeger;
mod otlp;
mod queue;

use std::time::Duration;

use opentelemetry::trace::{
    SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState, TracerProvider,
};
use opentelemetry::{Context, KeyValue};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracerProvider};
use tracing::{Metadata, Span, Subscriber};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt};
use tracing_subscriber::filter::{FilterFn, filter_fn};
use tracing_subscriber::registry::LookupSpan;

use self::queue::{Exporters, Queue};
use crate::config::TelemetryConfig;
use crate::trace::{self, TraceContext, Tracer};

/// How long the last spans may take to leave.
const LAST: Duration = Duration::from_secs(2);

/// The way of spans out of this process; dropped, it sends what still waits.
pub struct Traces(SdkTracerProvider);

/// Who says all this: the program, its version and this process.
#[derive(Clone, Debug)]
struct Source {
    service: String,
    instance: String,
}

impl Source {
    fn attributes(&self) -> [(&'static str, String); 2] {
        [
            ("service.version", env!("CARGO_PKG_VERSION").to_owned()),
            ("service.instance.id", self.instance.clone()),
        ]
    }

    fn resource(&self) -> Resource {
        let attributes = self.attributes();
        let attributes = attributes.map(|(key, value)| KeyValue::new(key, value));
        Resource::builder_empty()
            .with_service_name(self.service.clone())
            .with_attributes(attributes)
            .build()
    }
}

impl Traces {
    /// A thread of its own sends spans; nothing of it is ever waited for.
    pub fn start(config: &TelemetryConfig) -> Self {
        let source = Source {
            service: config.service_name.clone(),
            instance: uuid::Uuid::new_v4().to_string(),
        };
        let exporters = Exporters::new(&config.jaeger_agent, &config.otlp_endpoint, &source);
        let sampler = Sampler::TraceIdRatioBased(config.sample);
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Queue::start(exporters))
            // Whoever was traced before goes on being traced.
            .with_sampler(Sampler::ParentBased(Box::new(sampler)))
            .with_resource(source.resource())
            .build();
        Self(provider)
    }

    pub fn layer<S>(&self) -> OpenTelemetryLayer<S, opentelemetry_sdk::trace::Tracer>
    where
        S: Subscriber + for<'a> LookupSpan<'a>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("troupe"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
    }

    /// From here on contexts are taken from spans and given to them.
    pub fn attach(&self) {
        trace::start(Box::new(Bridge));
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        if self.0.shutdown_with_timeout(LAST).is_err() {
            tracing::warn!("the last spans were not sent");
        }
    }
}

/// Our own spans, whatever the log shows, and nothing else.
pub fn filter() -> FilterFn<fn(&Metadata<'_>) -> bool> {
    filter_fn(|metadata| metadata.is_span() && metadata.target().starts_with("troupe"))
}

struct Bridge;

impl Tracer for Bridge {
    fn context(&self, span: &Span) -> Option<TraceContext> {
        let context = span.context();
        let context = context.span().span_context().clone();
        context.is_valid().then(|| TraceContext {
            trace_id: u128::from_be_bytes(context.trace_id().to_bytes()),
            span_id: u64::from_be_bytes(context.span_id().to_bytes()),
            is_sampled: context.is_sampled(),
        })
    }

    fn adopt(&self, span: &Span, parent: TraceContext) {
        let flags = if parent.is_sampled {
            TraceFlags::SAMPLED
        } else {
            TraceFlags::default()
        };
        let parent = SpanContext::new(
            TraceId::from_bytes(parent.trace_id.to_be_bytes()),
            SpanId::from_bytes(parent.span_id.to_be_bytes()),
            flags,
            true,
            TraceState::default(),
        );
        // Fails for a span that is filtered out, which is in no trace.
        let _ = span.set_parent(Context::new().with_remote_span_context(parent));
    }
}
