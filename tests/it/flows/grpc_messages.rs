//! `MessageService`: another system sends on someone's behalf, and reads as he may.

use prost_types::value::Kind;
use prost_types::{Struct, Value};
use tonic::Code;
use tonic::transport::Channel;

use troupe::actors::group::Group;

use crate::support::grpc::proto::message_service_client::MessageServiceClient;
use crate::support::grpc::proto::{
    GetMessageRequest, ListMessagesRequest, Message, SendMessageRequest,
};
use crate::support::grpc::refused;
use crate::support::{Person, Server};

type Client = MessageServiceClient<Channel>;

fn payload<const N: usize>(fields: [(&str, Kind); N]) -> Option<Struct> {
    let fields = fields.into_iter();
    let fields = fields.map(|(name, kind)| (name.to_owned(), Value { kind: Some(kind) }));
    Some(Struct {
        fields: fields.collect(),
    })
}

fn text(chat: &str, sender: &Person, content: &str) -> SendMessageRequest {
    SendMessageRequest {
        chat_id: chat.to_owned(),
        sender_id: sender.id.clone(),
        r#type: "text".to_owned(),
        payload: payload([("content", Kind::StringValue(content.to_owned()))]),
        ..SendMessageRequest::default()
    }
}

fn content(message: &Message) -> Option<&str> {
    let payload = message.payload.as_ref()?;
    match payload.fields.get("content")?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

async fn stage() -> (Server, Client, [Person; 3]) {
    let server = Server::options().unlimited().grpc().start().await;
    let client = Client::new(server.grpc(Group::Message).await);
    let people = server.people().await;
    (server, client, people)
}

#[tokio::test]
async fn what_is_sent_arrives_and_is_sent_once() {
    let (_server, mut messages, [anna, ben, cleo]) = stage().await;
    let chat = anna.group("Ours", &[&ben]).await;
    let mut socket = ben.socket().await;
    let request = SendMessageRequest {
        client_message_id: Some("one".to_owned()),
        ..text(&chat, &anna, "hello")
    };
    let first = messages.send_message(request.clone()).await;
    let first = first.expect("sent").into_inner();
    assert!(!first.duplicate);
    let sent = first.message.expect("the message");
    assert_eq!((sent.seq, content(&sent)), (1, Some("hello")));
    assert_eq!(sent.sender_id, anna.id);
    let frame = socket.expect_of("message.new", &chat).await;
    assert_eq!(frame["message"]["id"], sent.id.as_str());
    assert_eq!(frame["message"]["payload"]["content"], "hello");

    let again = messages
        .send_message(request.clone())
        .await
        .expect("again")
        .into_inner();
    assert!(again.duplicate);
    assert_eq!(
        again.message.map(|message| message.id),
        Some(sent.id.clone())
    );
    let other = SendMessageRequest {
        client_message_id: Some("one".to_owned()),
        ..text(&chat, &anna, "other words")
    };
    refused(
        messages.send_message(other).await,
        Code::AlreadyExists,
        "conflict",
    );
    let strange = messages.send_message(text(&chat, &cleo, "let me in")).await;
    refused(strange, Code::NotFound, "not_found");
    assert_eq!(ben.history(&chat).await.len(), 1);
}

fn place(degrees: f64) -> Option<Struct> {
    payload([
        ("latitude", Kind::NumberValue(degrees)),
        ("longitude", Kind::NumberValue(2.0)),
    ])
}

#[tokio::test]
async fn what_is_malformed_is_refused_with_its_field() {
    let (_server, mut messages, [anna, ben, _]) = stage().await;
    let chat = anna.direct(&ben).await;
    let located = |request: &mut SendMessageRequest, degrees| {
        request.r#type = "location".to_owned();
        request.payload = place(degrees);
    };
    type Change<'a> = &'a dyn Fn(&mut SendMessageRequest);
    let wrong: [(&str, Change); 10] = [
        ("chat_id", &|request| request.chat_id = "x".to_owned()),
        ("sender_id", &|request| request.sender_id = String::new()),
        ("type", &|request| request.r#type = "song".to_owned()),
        ("content", &|request| request.payload = None),
        ("content", &|request| {
            request.payload = payload([("content", Kind::NumberValue(1.0))]);
        }),
        ("content", &|request| {
            *request = text(&chat, &anna, &"a".repeat(4097))
        }),
        ("reply_to_id", &|request| {
            request.reply_to_id = Some("x".to_owned())
        }),
        ("client_message_id", &|request| {
            request.client_message_id = Some("a".repeat(65));
        }),
        ("payload.latitude", &|request| located(request, 91.0)),
        ("payload.latitude", &|request| located(request, f64::NAN)),
    ];
    for (field, change) in wrong {
        let mut request = text(&chat, &anna, "hello");
        change(&mut request);
        let answer = messages.send_message(request).await;
        let status = refused(answer, Code::InvalidArgument, "invalid");
        assert!(status.message().contains(field), "{field}: {status:?}");
    }
}

#[tokio::test]
async fn a_payload_arrives_as_it_was_sent() {
    let (_server, mut messages, [anna, ben, _]) = stage().await;
    let chat = anna.direct(&ben).await;
    let mut request = text(&chat, &anna, "");
    request.r#type = "location".to_owned();
    request.payload = place(1.5);
    let sent = messages.send_message(request).await;
    let sent = sent.expect("sent").into_inner().message;
    let sent = sent.expect("the message");
    assert_eq!(sent.payload, place(1.5));
    let stored = ben.message(&sent.id).await;
    assert_eq!(
        stored["payload"],
        serde_json::json!({"latitude": 1.5, "longitude": 2.0})
    );
}

fn page(viewer: &Person, chat: &str) -> ListMessagesRequest {
    ListMessagesRequest {
        viewer_id: viewer.id.clone(),
        chat_id: chat.to_owned(),
        limit: 2,
        ..ListMessagesRequest::default()
    }
}

#[tokio::test]
async fn history_is_read_page_by_page() {
    let (_server, mut messages, [anna, ben, _]) = stage().await;
    let chat = anna.direct(&ben).await;
    for number in 1..=5 {
        anna.say(&chat, &number.to_string()).await;
    }
    let mut seen = Vec::new();
    let mut request = page(&ben, &chat);
    loop {
        let answer = messages.list_messages(request.clone()).await;
        let answer = answer.expect("a page").into_inner();
        let contents = answer.messages.iter().filter_map(content);
        seen.extend(contents.map(str::to_owned));
        match answer.next_cursor {
            Some(next) => request.cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
    let mut after = page(&ben, &chat);
    (after.after, after.limit) = (Some(3), 0);
    let answer = messages.list_messages(after).await;
    let answer = answer.expect("a page").into_inner();
    let seqs: Vec<u64> = answer.messages.iter().map(|one| one.seq).collect();
    assert_eq!(seqs, [5, 4]);

    type Change = fn(&mut ListMessagesRequest);
    let wrong: [Change; 4] = [
        |request| request.limit = 201,
        |request| request.before = Some(1 << 53),
        |request| request.cursor = Some("forged".to_owned()),
        |request| request.chat_id = "x".to_owned(),
    ];
    for change in wrong {
        let mut request = page(&ben, &chat);
        change(&mut request);
        let answer = messages.list_messages(request).await;
        refused(answer, Code::InvalidArgument, "invalid");
    }
}

#[tokio::test]
async fn strangers_read_nothing() {
    let (_server, mut messages, [anna, ben, cleo]) = stage().await;
    let chat = anna.direct(&ben).await;
    let sent = anna.say(&chat, "between us").await;
    let message_id = sent["messageId"].as_str().expect("an id").to_owned();
    let one = |viewer: &Person| GetMessageRequest {
        viewer_id: viewer.id.clone(),
        message_id: message_id.clone(),
    };
    let got = messages.get_message(one(&ben)).await;
    let got = got.expect("seen").into_inner();
    assert_eq!((got.seq, content(&got)), (1, Some("between us")));
    let answer = messages.get_message(one(&cleo)).await;
    refused(answer, Code::NotFound, "not_found");
    let answer = messages.list_messages(page(&cleo, &chat)).await;
    refused(answer, Code::NotFound, "not_found");
    let malformed = GetMessageRequest {
        message_id: "x".to_owned(),
        ..one(&ben)
    };
    let answer = messages.get_message(malformed).await;
    refused(answer, Code::InvalidArgument, "invalid");
}
