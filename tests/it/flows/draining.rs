//! How a server ends, and what the next one finds.

use std::time::Duration;

use serde_json::json;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{Person, Server};

/// The contract's own 10 s for an idle server, and the busy machine.
const DRAIN: Duration = Duration::from_secs(15);

/// The same account on another server: tokens outlive a restart.
fn on(server: &Server, person: &Person) -> Person {
    Person {
        api: server.api().with_token(&person.access_token),
        ..person.clone()
    }
}

#[tokio::test]
async fn sigterm_says_goodbye_and_everything_is_there_again() {
    let mut server = Server::start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut of_anna = anna.socket().await;
    of_anna.say(&chat, "before").await;
    server.terminate();
    let goaway = of_anna.expect_type("goaway").await;
    assert!(goaway["reconnectAfterMs"].is_u64(), "{goaway}");
    assert_eq!(of_anna.closed_within(DRAIN).await, Some(1001));
    let status = server.exit(DRAIN).await;
    assert_eq!(status.code(), Some(0), "{}", server.output());

    let next = Server::options().data(server.data()).start().await;
    let (anna, ben) = (on(&next, &anna), on(&next, &ben));
    let seen = ben.history(&chat).await;
    assert_eq!(seen[0]["payload"]["content"], "before");
    ben.say(&chat, "after").await;
    assert_eq!(anna.chat(&chat).await["headSeq"], 2);
    let refreshed = next
        .api()
        .post("/auth/refresh", json!({"refreshToken": anna.refresh_token}))
        .await;
    refreshed.ok();
}

#[tokio::test]
async fn a_server_on_its_way_out_takes_no_new_socket() {
    let server = Server::start().await;
    let person = server.person().await;
    // It is not read from after `goaway`, so the server is still there for a second and more.
    let mut socket = person.socket().await;
    let mut late = TcpStream::connect(("127.0.0.1", server.port())).await;
    let late = late.as_mut().expect("a connection");
    server.terminate();
    socket.expect_type("goaway").await;
    let head = format!(
        "GET /ws HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        person.access_token
    );
    late.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = [0; 12];
    late.read_exact(&mut answer).await.expect("an answer");
    assert_eq!(&answer, b"HTTP/1.1 503");
}

#[tokio::test]
async fn requests_that_never_end_keep_a_server_once_not_at_each_listener() {
    let mut server = Server::start().await;
    let asked = [
        (server.origin(), "/api/v1/auth/refresh"),
        (server.admin_origin(), "/admin/test-users"),
    ];
    let mut kept = Vec::new();
    for (origin, path) in asked {
        let address = origin.trim_start_matches("http://");
        let mut connection = TcpStream::connect(address).await.expect("a connection");
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
             Content-Length: 100\r\n\r\n{{"
        );
        connection.write_all(head.as_bytes()).await.expect("asked");
        kept.push(connection);
    }
    server.root().get("/health").await.ok();
    server.terminate();
    // Each listener gives them 8 s: one after the other would be too long.
    assert_eq!(server.exit(DRAIN).await.code(), Some(0));
}

#[tokio::test]
async fn what_was_acked_survives_sigkill() {
    let server = Server::options().unlimited().start().await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let mut socket = anna.socket().await;
    let mut acked = Vec::new();
    for number in 0..30 {
        let ack = socket.say(&chat, &format!("message {number}")).await;
        acked.push(ack["messageId"].clone());
    }
    let id = acked[3].as_str().expect("an id").to_owned();
    anna.api
        .patch(&format!("/messages/{id}"), json!({"content": "edited"}))
        .await
        .ok();
    // Sent, and the process dies before an answer: either there or not, never half.
    socket
        .send(
            json!({"type": "message.send", "id": "x", "chatId": chat, "clientMessageId": "last",
                     "message": {"type": "text", "content": "last"}}),
        )
        .await;
    let data = server.kill();
    let next = Server::options().unlimited().data(data).start().await;
    let (anna, ben) = (on(&next, &anna), on(&next, &ben));
    let again = anna
        .post_message(
            &chat,
            json!({"type": "text", "content": "last", "clientMessageId": "last"}),
        )
        .await;
    assert!(again.status == 200 || again.status == 201, "{again:?}");
    let mut history = ben.history(&chat).await;
    history.reverse();
    let ids: Vec<_> = history
        .iter()
        .map(|message| message["id"].clone())
        .collect();
    assert_eq!(ids[..30], acked);
    assert_eq!(ids.len(), 31);
    assert_eq!(history[3]["payload"]["content"], "edited");
    let seqs: Vec<_> = history
        .iter()
        .filter_map(|message| message["seq"].as_u64())
        .collect();
    assert_eq!(seqs, (1..=31).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_data_directory_in_use_is_refused_with_2() {
    let server = Server::options().embedded().start().await;
    let (code, said) = Server::options().run(&server.data_path()).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("use"), "says why: {said}");
    server.root().get("/health/ready").await.ok();
}

#[tokio::test]
async fn a_wrong_argument_is_refused_with_2() {
    let data = tempfile::tempdir().expect("a directory");
    let (code, said) = Server::options()
        .argument("--colour")
        .run(data.path())
        .await;
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = Server::options()
        .setting("HTTP__NO_SUCH_KEY", "1")
        .run(data.path())
        .await;
    assert_eq!(code, Some(2), "{said}");
    assert!(said.to_lowercase().contains("no_such_key"), "{said}");
}
