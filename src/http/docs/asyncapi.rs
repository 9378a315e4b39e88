//! The WebSocket as an AsyncAPI document, made from the types of its frames.

use std::sync::LazyLock;

use actix_web::HttpResponse;
use asyncapi_rust::{
    AsyncApiSpec, Channel, ChannelRef, Components, Info, Message, MessageRef, Operation,
    OperationAction, Schema, Server,
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::client_frames::ClientFrames;
use crate::wire::frame::{ErrorFrame, Event, SendAck};
use crate::wire::socket::SocketEvent;

const SCHEMAS: &str = "/components/schemas";

/// One frame: its `type`, what it is for, and its shape.
pub struct FrameShape {
    pub name: String,
    /// Its name, and more where frames with several shapes have it.
    pub key: String,
    pub summary: Option<String>,
    pub schema: Value,
}

/// Every frame of both directions, and the shapes they share by name.
pub struct Frames {
    pub client: Vec<FrameShape>,
    pub server: Vec<FrameShape>,
    pub shared: serde_json::Map<String, Value>,
}

/// The frames as their types have them.
pub fn frames() -> Frames {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = SCHEMAS.into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let client = variants::<ClientFrames>(&mut generator);
    let mut server = variants::<SocketEvent<'_>>(&mut generator);
    // Of a send and of `auth`.
    for renewed in server.iter_mut().filter(|frame| frame.name == "ack") {
        renewed.key = "ack.auth".to_owned();
    }
    server.push(single::<SendAck<'_>>(&mut generator));
    server.push(single::<ErrorFrame<'_>>(&mut generator));
    server.extend(variants::<Event<'_>>(&mut generator));
    Frames {
        client,
        server,
        shared: generator.take_definitions(true),
    }
}

fn variants<T: JsonSchema>(generator: &mut SchemaGenerator) -> Vec<FrameShape> {
    let whole = T::json_schema(generator).to_value();
    let variants = whole.get("oneOf").and_then(Value::as_array);
    let variants = variants.map(Vec::as_slice).unwrap_or_default();
    variants.iter().cloned().map(shape).collect()
}

fn single<T: JsonSchema>(generator: &mut SchemaGenerator) -> FrameShape {
    shape(T::json_schema(generator).to_value())
}

fn shape(mut schema: Value) -> FrameShape {
    beside_its_reference(&mut schema);
    let text = |pointer: &str| schema.pointer(pointer)?.as_str().map(str::to_owned);
    let name = text("/properties/type/const").unwrap_or_default();
    FrameShape {
        key: name.clone(),
        name,
        summary: text("/description"),
        schema,
    }
}

/// What stands beside a `$ref` does not count; beside an `allOf` it does.
fn beside_its_reference(schema: &mut Value) {
    let Some(fields) = schema.as_object_mut().filter(|fields| fields.len() > 1) else {
        return;
    };
    if let Some(reference) = fields.remove("$ref") {
        let all_of = json!([{ "$ref": reference }]);
        fields.insert("allOf".to_owned(), all_of);
    }
}

/// The document.
pub fn asyncapi() -> Value {
    serde_json::to_value(document()).unwrap_or_default()
}

fn document() -> AsyncApiSpec {
    let Frames {
        client,
        server,
        shared,
    } = frames();
    let operations = [
        ("say", OperationAction::Receive, &client),
        ("hear", OperationAction::Send, &server),
    ];
    let operations = operations.map(|(name, action, frames)| {
        let references = frames
            .iter()
            .map(|frame| on_channel(&key(action_name(&action), frame)));
        let operation = Operation {
            messages: Some(references.collect()),
            action,
            channel: ChannelRef {
                reference: "#/channels/socket".to_owned(),
            },
            bindings: None,
        };
        (name.to_owned(), operation)
    });
    let all = || {
        let client = client.iter().map(|frame| (key("client", frame), frame));
        client.chain(server.iter().map(|frame| (key("server", frame), frame)))
    };
    let schemas = shared
        .into_iter()
        .filter_map(|(name, schema)| Some((name, read(schema)?)));
    AsyncApiSpec {
        asyncapi: "3.0.0".to_owned(),
        info: Info {
            title: "Troupe".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            description: Some(DESCRIPTION.to_owned()),
        },
        servers: Some([("this".to_owned(), server_here())].into_iter().collect()),
        channels: Some(
            [("socket".to_owned(), channel(all()))]
                .into_iter()
                .collect(),
        ),
        operations: Some(operations.into_iter().collect()),
        components: Some(Components {
            messages: Some(all().map(|(key, frame)| (key, message(frame))).collect()),
            schemas: Some(schemas.collect()),
        }),
    }
}

const DESCRIPTION: &str = "One JSON object per text frame, at most 64 KiB from the client and 256 KiB \
    from the server. Open it with an `Authorization: Bearer` header, or from a browser with \
    `?ticket=` of `POST /api/v1/auth/ws-ticket`. The subprotocol `troupe.v1` is echoed if it is \
    offered. Skip frames and fields you do not know.\n\n\
    `rev` is dense per chat: with a copy at r apply r+1, drop what is at r or below, and above that \
    ask `sync`.\n\n\
    Close codes: 1001 going away, 1007 not UTF-8, 1009 too large, 4400 protocol, 4401 token over or \
    session gone, 4408 too slow, 4409 too many connections, 4429 flooding. 4400 and 4401 mean do not \
    retry as you are; every other code means reconnect with jitter.";

fn server_here() -> Server {
    Server {
        host: "127.0.0.1:8080".to_owned(),
        protocol: "ws".to_owned(),
        description: Some("What `troupe dev` starts".to_owned()),
        ..Server::default()
    }
}

fn channel<'a>(frames: impl Iterator<Item = (String, &'a FrameShape)>) -> Channel {
    let messages = frames.map(|(key, _)| {
        let reference = format!("#/components/messages/{key}");
        (key, MessageRef::Reference { reference })
    });
    Channel {
        address: Some("/ws".to_owned()),
        messages: Some(messages.collect()),
        parameters: None,
    }
}

fn message(frame: &FrameShape) -> Message {
    Message {
        name: Some(frame.name.clone()),
        title: Some(frame.name.clone()),
        summary: frame.summary.clone(),
        description: None,
        content_type: Some("application/json".to_owned()),
        payload: read(frame.schema.clone()),
        bindings: None,
    }
}

fn on_channel(key: &str) -> MessageRef {
    MessageRef::Reference {
        reference: format!("#/channels/socket/messages/{key}"),
    }
}

/// Both sides may have a frame of one name, as `typing.start`.
fn key(side: &str, frame: &FrameShape) -> String {
    format!("{side}.{}", frame.key)
}

fn action_name(action: &OperationAction) -> &'static str {
    match action {
        OperationAction::Receive => "client",
        OperationAction::Send => "server",
    }
}

fn read(schema: Value) -> Option<Schema> {
    serde_json::from_value(schema).ok()
}

/// This document.
#[utoipa::path(get, path = "/asyncapi.json", tag = "documents", security(()),
    responses((status = 200, content_type = "application/json")))]
pub async fn get_asyncapi() -> HttpResponse {
    static TEXT: LazyLock<String> = LazyLock::new(|| asyncapi().to_string());
    HttpResponse::Ok()
        .content_type("application/json")
        .body(TEXT.as_str())
}
