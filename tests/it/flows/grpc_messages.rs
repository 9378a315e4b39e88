//! `MessageService`: another system sends on someone's behalf, and reads as he may.

use prost_types::value::Kind;
use prost_types::{Struct, Value};
use tonic::Code;
use tonic::transport::Channel;

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
    let client = Client::new(server.grpc().await);
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

#[tokio::test]
async fn what_is_malformed_is_refused_with_its_field() {
    let (_server, mut messages, [anna, ben, _]) = stage().await;
    let chat = anna.direct(&ben).await;
    let good = text(&chat, &anna, "hello");
    let number = payload([("content", Kind::NumberValue(1.0))]);
    let place = |degrees| {
        payload([
            ("latitude", Kind::NumberValue(degrees)),
            ("longitude", Kind::NumberValue(2.0)),
        ])
    };
    let location = SendMessageRequest {
        r#type: "location".to_owned(),
        ..good.clone()
    };
    for (field, request) in [
        (
            "chat_id",
            SendMessageRequest {
                chat_id: "x".to_owned(),
                ..good.clone()
            },
        ),
        (
            "sender_id",
            SendMessageRequest {
                sender_id: String::new(),
                ..good.clone()
            },
        ),
        (
            "type",
            SendMessageRequest {
                r#type: "song".to_owned(),
                ..good.clone()
            },
        ),
        (
            "content",
            SendMessageRequest {
                payload: None,
                ..good.clone()
            },
        ),
        (
            "content",
            SendMessageRequest {
                payload: number,
                ..good.clone()
            },
        ),
        ("content", text(&chat, &anna, &"a".repeat(4097))),
        (
            "reply_to_id",
            SendMessageRequest {
                reply_to_id: Some("x".to_owned()),
                ..good.clone()
            },
        ),
        (
            "client_message_id",
            SendMessageRequest {
                client_message_id: Some("a".repeat(65)),
                ..good.clone()
            },
        ),
        (
            "payload.latitude",
            SendMessageRequest {
                payload: place(91.0),
                ..location.clone()
            },
        ),
        (
            "payload.latitude",
            SendMessageRequest {
                payload: place(f64::NAN),
                ..location.clone()
            },
        ),
    ] {
        let status = refused(
            messages.send_message(request).await,
            Code::InvalidArgument,
            "invalid",
        );
        assert!(status.message().contains(field), "{field}: {status:?}");
    }
    let sent = SendMessageRequest {
        payload: place(1.5),
        ..location
    };
    let sent = messages
        .send_message(sent)
        .await
        .expect("sent")
        .into_inner();
    let id = sent.message.expect("the message").id;
    let stored = ben.message(&id).await;
    assert_eq!(stored["payload"]["latitude"], 1.5);
}

#[tokio::test]
async fn history_is_read_as_someone_may_see_it() {
    let (_server, mut messages, [anna, ben, cleo]) = stage().await;
    let chat = anna.direct(&ben).await;
    for number in 1..=5 {
        anna.say(&chat, &number.to_string()).await;
    }
    let page = |viewer: &Person, cursor: Option<String>| ListMessagesRequest {
        viewer_id: viewer.id.clone(),
        chat_id: chat.clone(),
        limit: 2,
        cursor,
        ..ListMessagesRequest::default()
    };
    let mut seen = Vec::new();
    let mut cursor = None;
    loop {
        let answer = messages.list_messages(page(&ben, cursor.take())).await;
        let answer = answer.expect("a page").into_inner();
        seen.extend(
            answer
                .messages
                .iter()
                .filter_map(content)
                .map(str::to_owned),
        );
        match answer.next_cursor {
            Some(next) => cursor = Some(next),
            None => break,
        }
    }
    assert_eq!(seen, ["5", "4", "3", "2", "1"]);
    let after = ListMessagesRequest {
        after: Some(3),
        limit: 0,
        ..page(&ben, None)
    };
    let after = messages
        .list_messages(after)
        .await
        .expect("a page")
        .into_inner();
    assert_eq!(
        after.messages.iter().map(|one| one.seq).collect::<Vec<_>>(),
        [5, 4]
    );

    refused(
        messages.list_messages(page(&cleo, None)).await,
        Code::NotFound,
        "not_found",
    );
    let many = ListMessagesRequest {
        limit: 201,
        ..page(&ben, None)
    };
    refused(
        messages.list_messages(many).await,
        Code::InvalidArgument,
        "invalid",
    );
    let beyond = ListMessagesRequest {
        before: Some(1 << 53),
        ..page(&ben, None)
    };
    refused(
        messages.list_messages(beyond).await,
        Code::InvalidArgument,
        "invalid",
    );
    let forged = page(&ben, Some("forged".to_owned()));
    refused(
        messages.list_messages(forged).await,
        Code::InvalidArgument,
        "invalid",
    );

    let message_id = after.messages[0].id.clone();
    let one = |viewer: &Person| GetMessageRequest {
        viewer_id: viewer.id.clone(),
        message_id: message_id.clone(),
    };
    let got = messages
        .get_message(one(&ben))
        .await
        .expect("seen")
        .into_inner();
    assert_eq!((got.seq, content(&got)), (5, Some("5")));
    refused(
        messages.get_message(one(&cleo)).await,
        Code::NotFound,
        "not_found",
    );
}
