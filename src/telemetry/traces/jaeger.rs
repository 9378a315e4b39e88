//! To a Jaeger agent, as compact Thrift over UDP.
//!
//! The exporter's last release speaks of an OpenTelemetry of its time; ours is put into its words here.

use opentelemetry::trace::{Link, SpanContext, SpanKind, Status};
use opentelemetry::{Array, KeyValue, Value};
use opentelemetry_023 as old;
use opentelemetry_sdk::trace::SpanData;
use opentelemetry_sdk_023 as old_sdk;
use opentelemetry_sdk_023::export::trace::SpanExporter as _;

use super::Source;

/// Largest packet: what an agent reads at once.
const PACKET_BYTES: usize = 9216;

#[expect(deprecated, reason = "Jaeger's agent protocol is what this is for")]
type Exporter = opentelemetry_jaeger::Exporter;

pub struct Jaeger {
    agent: String,
    source: Source,
    /// Made with the first batch, and again after one that failed: the agent's name may have moved.
    exporter: Option<Exporter>,
}

impl Jaeger {
    pub fn new(agent: &str, source: Source) -> Self {
        Self {
            agent: agent.to_owned(),
            source,
            exporter: None,
        }
    }

    pub async fn export(&mut self, batch: Vec<SpanData>) -> Result<(), String> {
        let mut exporter = match self.exporter.take() {
            Some(exporter) => exporter,
            None => self.build()?,
        };
        let spans = batch.into_iter().map(span).collect();
        let sent = exporter.export(spans).await;
        sent.map_err(|error| error.to_string())?;
        self.exporter = Some(exporter);
        Ok(())
    }

    #[expect(deprecated, reason = "Jaeger's agent protocol is what this is for")]
    fn build(&self) -> Result<Exporter, String> {
        let attributes = self.source.attributes();
        let attributes = attributes.map(|(key, value)| old::KeyValue::new(key, value));
        let resource = old_sdk::Resource::new(attributes);
        let built = opentelemetry_jaeger::new_agent_pipeline()
            .with_endpoint(self.agent.clone())
            .with_service_name(self.source.service.clone())
            .with_trace_config(old_sdk::trace::Config::default().with_resource(resource))
            .with_max_packet_size(PACKET_BYTES)
            .with_auto_split_batch(true)
            .build_sync_agent_exporter();
        built.map_err(|error| error.to_string())
    }
}

fn span(span: SpanData) -> old_sdk::export::trace::SpanData {
    let mut events = old_sdk::trace::SpanEvents::default();
    events.events = span.events.events.into_iter().map(event).collect();
    events.dropped_count = span.events.dropped_count;
    let mut links = old_sdk::trace::SpanLinks::default();
    links.links = span.links.links.into_iter().map(link).collect();
    links.dropped_count = span.links.dropped_count;
    old_sdk::export::trace::SpanData {
        span_context: context(&span.span_context),
        parent_span_id: old::trace::SpanId::from_bytes(span.parent_span_id.to_bytes()),
        span_kind: kind(&span.span_kind),
        name: span.name,
        start_time: span.start_time,
        end_time: span.end_time,
        attributes: attributes(span.attributes),
        dropped_attributes_count: span.dropped_attributes_count,
        events,
        links,
        status: status(span.status),
        resource: std::borrow::Cow::Owned(old_sdk::Resource::empty()),
        instrumentation_lib: old_sdk::InstrumentationLibrary::builder("troupe").build(),
    }
}

fn context(context: &SpanContext) -> old::trace::SpanContext {
    old::trace::SpanContext::new(
        old::trace::TraceId::from_bytes(context.trace_id().to_bytes()),
        old::trace::SpanId::from_bytes(context.span_id().to_bytes()),
        old::trace::TraceFlags::new(context.trace_flags().to_u8()),
        context.is_remote(),
        old::trace::TraceState::default(),
    )
}

fn event(event: opentelemetry::trace::Event) -> old::trace::Event {
    let dropped = event.dropped_attributes_count;
    old::trace::Event::new(
        event.name,
        event.timestamp,
        attributes(event.attributes),
        dropped,
    )
}

fn link(link: Link) -> old::trace::Link {
    old::trace::Link::new(
        context(&link.span_context),
        attributes(link.attributes),
        link.dropped_attributes_count,
    )
}

fn kind(kind: &SpanKind) -> old::trace::SpanKind {
    match kind {
        SpanKind::Client => old::trace::SpanKind::Client,
        SpanKind::Server => old::trace::SpanKind::Server,
        SpanKind::Producer => old::trace::SpanKind::Producer,
        SpanKind::Consumer => old::trace::SpanKind::Consumer,
        SpanKind::Internal => old::trace::SpanKind::Internal,
    }
}

fn status(status: Status) -> old::trace::Status {
    match status {
        Status::Unset => old::trace::Status::Unset,
        Status::Ok => old::trace::Status::Ok,
        Status::Error { description } => old::trace::Status::Error { description },
    }
}

fn attributes(attributes: Vec<KeyValue>) -> Vec<old::KeyValue> {
    let attributes = attributes.into_iter();
    attributes
        .map(|pair| old::KeyValue::new(pair.key.as_str().to_owned(), value(pair.value)))
        .collect()
}

fn value(value: Value) -> old::Value {
    match value {
        Value::Bool(value) => value.into(),
        Value::I64(value) => value.into(),
        Value::F64(value) => value.into(),
        Value::String(text) => text.as_str().to_owned().into(),
        Value::Array(Array::Bool(values)) => old::Value::Array(values.into()),
        Value::Array(Array::I64(values)) => old::Value::Array(values.into()),
        Value::Array(Array::F64(values)) => old::Value::Array(values.into()),
        other => other.to_string().into(),
    }
}
