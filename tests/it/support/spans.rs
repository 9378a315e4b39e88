//! What the program tells of its traces: an OTLP collector and a Jaeger agent that only listen.

use std::net::UdpSocket;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use parking_lot::Mutex;
use prost::Message;
use thrift::protocol::{TCompactInputProtocol, TInputProtocol, TType};
use wiremock::matchers::{header, method, path};
use wiremock::{Mock, MockServer, ResponseTemplate};

use super::options::ServerOptions;

/// One span that was told of.
#[derive(Clone, Debug)]
pub struct Told {
    pub name: String,
    /// Hex, as in a `traceparent`.
    pub trace_id: String,
    pub span_id: String,
    /// Empty of a root.
    pub parent_id: String,
    /// The process it is of.
    pub instance: String,
    /// Every attribute as `key=value`.
    pub attributes: Vec<String>,
}

/// Listens where `telemetry.otlp_endpoint` says.
pub struct Collector(MockServer);

impl Collector {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        Mock::given(method("POST"))
            .and(path("/v1/traces"))
            .and(header("content-type", "application/x-protobuf"))
            .respond_with(ResponseTemplate::new(200))
            .mount(&server)
            .await;
        Self(server)
    }

    pub fn endpoint(&self) -> String {
        format!("{}/v1/traces", self.0.uri())
    }

    /// Every span so far.
    pub async fn spans(&self) -> Vec<Told> {
        let requests = self.0.received_requests().await.expect("recorded");
        let mut spans = Vec::new();
        for request in requests {
            let batch = ExportTraceServiceRequest::decode(request.body.as_slice()).expect("OTLP");
            for of_resource in batch.resource_spans {
                let resource = of_resource.resource.expect("a resource");
                let instance = text(&resource.attributes, "service.instance.id");
                let scopes = of_resource.scope_spans.into_iter();
                spans.extend(scopes.flat_map(|scope| scope.spans).map(|span| Told {
                    name: span.name,
                    trace_id: hex::encode(span.trace_id),
                    span_id: hex::encode(span.span_id),
                    parent_id: hex::encode(span.parent_span_id),
                    instance: instance.clone(),
                    attributes: span.attributes.iter().map(shown).collect(),
                }));
            }
        }
        spans
    }
}

fn shown(attribute: &KeyValue) -> String {
    let value = attribute
        .value
        .as_ref()
        .and_then(|value| value.value.as_ref());
    match value {
        Some(Value::StringValue(text)) => format!("{}={text}", attribute.key),
        other => format!("{}={other:?}", attribute.key),
    }
}

fn text(attributes: &[KeyValue], key: &str) -> String {
    let found = attributes.iter().find(|attribute| attribute.key == key);
    let shown = found.map(shown).unwrap_or_default();
    shown
        .split_once('=')
        .map_or_else(String::new, |(_, value)| value.to_owned())
}

/// Listens where `telemetry.jaeger_agent` says.
pub struct Agent {
    address: String,
    packets: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Agent {
    pub fn start() -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        socket
            .set_read_timeout(Some(Duration::from_secs(120)))
            .expect("a timeout");
        let address = socket.local_addr().expect("an address").to_string();
        let packets = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&packets);
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(length) = socket.recv(&mut buffer) {
                heard.lock().push(buffer[..length].to_vec());
            }
        });
        Self { address, packets }
    }

    pub fn address(&self) -> &str {
        &self.address
    }

    pub fn largest_packet(&self) -> usize {
        self.packets.lock().iter().map(Vec::len).max().unwrap_or(0)
    }

    /// Every span so far.
    pub fn spans(&self) -> Vec<Told> {
        let packets = self.packets.lock();
        packets
            .iter()
            .flat_map(|packet| read_batch(packet))
            .collect()
    }
}

/// A value of Thrift, as much of it as is told.
#[derive(Debug)]
enum Thrift {
    Number(i64),
    Text(String),
    List(Vec<Thrift>),
    Fields(Vec<(i16, Thrift)>),
}

impl Thrift {
    fn field(&self, wanted: i16) -> Option<&Self> {
        match self {
            Self::Fields(fields) => fields
                .iter()
                .find(|(id, _)| *id == wanted)
                .map(|(_, value)| value),
            _ => None,
        }
    }

    fn number(&self, field: i16) -> i64 {
        match self.field(field) {
            Some(Self::Number(number)) => *number,
            other => panic!("no number in field {field}: {other:?}"),
        }
    }

    fn text(&self, field: i16) -> String {
        match self.field(field) {
            Some(Self::Text(text)) => text.clone(),
            _ => String::new(),
        }
    }

    fn list(&self, field: i16) -> &[Self] {
        match self.field(field) {
            Some(Self::List(list)) => list,
            _ => &[],
        }
    }
}

fn read_batch(packet: &[u8]) -> Vec<Told> {
    let mut protocol = TCompactInputProtocol::new(packet);
    let message = protocol.read_message_begin().expect("a message");
    assert_eq!(message.name, "emitBatch");
    let arguments = read(&mut protocol, TType::Struct);
    let batch = arguments.field(1).expect("a batch");
    let process = batch.field(1).expect("a process");
    let instance = process
        .list(2)
        .iter()
        .find(|tag| tag.text(1) == "service.instance.id");
    let instance = instance.map(|tag| tag.text(3)).unwrap_or_default();
    let spans = batch.list(2).iter();
    spans
        .map(|span| Told {
            name: span.text(5),
            trace_id: format!("{:016x}{:016x}", span.number(2), span.number(1)),
            span_id: format!("{:016x}", span.number(3)),
            parent_id: match span.number(4) {
                0 => String::new(),
                id => format!("{id:016x}"),
            },
            instance: instance.clone(),
            attributes: span
                .list(10)
                .iter()
                .map(|tag| format!("{}={}", tag.text(1), tag.text(3)))
                .collect(),
        })
        .collect()
}

fn read(protocol: &mut impl TInputProtocol, kind: TType) -> Thrift {
    match kind {
        TType::Bool => Thrift::Number(protocol.read_bool().expect("a flag").into()),
        TType::I08 => Thrift::Number(protocol.read_i8().expect("a number").into()),
        TType::I16 => Thrift::Number(protocol.read_i16().expect("a number").into()),
        TType::I32 => Thrift::Number(protocol.read_i32().expect("a number").into()),
        TType::I64 => Thrift::Number(protocol.read_i64().expect("a number")),
        TType::Double => {
            protocol.read_double().expect("a number");
            Thrift::Number(0)
        }
        TType::String => Thrift::Text(protocol.read_string().expect("a text")),
        TType::List => {
            let list = protocol.read_list_begin().expect("a list");
            let items = (0..list.size).map(|_| read(protocol, list.element_type));
            let items = items.collect();
            protocol.read_list_end().expect("its end");
            Thrift::List(items)
        }
        TType::Struct => {
            protocol.read_struct_begin().expect("a struct");
            let mut fields = Vec::new();
            loop {
                let field = protocol.read_field_begin().expect("a field");
                if field.field_type == TType::Stop {
                    break;
                }
                let value = read(protocol, field.field_type);
                protocol.read_field_end().expect("its end");
                fields.push((field.id.expect("its number"), value));
            }
            protocol.read_struct_end().expect("its end");
            Thrift::Fields(fields)
        }
        other => panic!("no {other:?} is expected"),
    }
}

impl ServerOptions {
    /// Tells of every trace to these two.
    #[must_use]
    pub fn traced(self, collector: &Collector, agent: &Agent) -> Self {
        self.setting("TELEMETRY__OTLP_ENDPOINT", &collector.endpoint())
            .setting("TELEMETRY__JAEGER_AGENT", agent.address())
            .setting("TELEMETRY__SAMPLE", "1")
    }
}
