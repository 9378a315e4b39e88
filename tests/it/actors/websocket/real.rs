//! The same over real TCP: a peer that stops reading, and how a close reaches the wire.

use std::net::TcpListener;
use std::time::{Duration, Instant};

use actix_service::IntoServiceFactory;
use actix_web::{App, HttpRequest, HttpResponse, web};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use troupe::actors::websocket::link::Admission;
use troupe::actors::websocket::{Doorway, connection};
use troupe::clock::{Clock, Timestamp};
use troupe::config::Loader;
use troupe::http::server::listen;
use troupe::http::upgrade::Takeover;
use troupe::id::{SessionId, UserId};
use troupe::wire::frame::FrameClass;

use super::stage::Stage;
use crate::support::{eventually, eventually_within};

async fn open(
    request: HttpRequest,
    doorway: web::Data<Doorway>,
    user: web::Path<uuid::Uuid>,
) -> actix_web::Result<HttpResponse> {
    let admission = Admission {
        user_id: UserId(user.into_inner()),
        session_id: SessionId::new(),
        expires_at: Timestamp(i64::MAX),
    };
    let (response, accepted) =
        connection::accept(&request, &doorway, admission, "http://h".to_owned())?;
    let mut response = response.map_into_boxed_body();
    Takeover::put(&mut response, |stream, early| accepted.run(stream, early));
    Ok(response)
}

/// Serves the stage; answers the address.
fn serve(stage: &Stage) -> std::net::SocketAddr {
    assert!(matches!(stage.clock, Clock::System));
    let websocket = stage.websocket.clone();
    let sockets = move || {
        App::new()
            .app_data(web::Data::new(websocket.doorway()))
            .route("/ws/{user}", web::get().to(open))
            .into_factory()
    };
    let plain = || App::new().into_factory();
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let address = listener.local_addr().expect("an address");
    let http = Loader::dev().load().expect("settings").http;
    let server = listen(vec![listener], &http, 1, plain, sockets);
    actix::spawn(server.expect("served"));
    address
}

type Client = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(address: std::net::SocketAddr, user: UserId) -> Client {
    let (mut client, _) = tokio_tungstenite::connect_async(format!("ws://{address}/ws/{user}"))
        .await
        .expect("connected");
    assert_eq!(read(&mut client).await["type"], "hello");
    client
}

async fn read(client: &mut Client) -> Value {
    loop {
        match client.next().await {
            Some(Ok(Message::Text(text))) => return serde_json::from_str(&text).expect("JSON"),
            Some(Ok(Message::Ping(_))) => {}
            other => panic!("{other:?}"),
        }
    }
}

/// Connects, and never reads what comes after the upgrade.
async fn connect_deaf(address: std::net::SocketAddr, user: UserId) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(4096).expect("a small buffer");
    let mut stream = socket.connect(address).await.expect("connected");
    let request = format!(
        "GET /ws/{user} HTTP/1.1\r\nHost: {address}\r\nConnection: Upgrade\r\n\
         Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await.expect("sent");
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.expect("an answer");
    assert_eq!(&status, b"HTTP/1.1 101");
    stream
}

#[actix::test]
async fn a_stalled_peer_is_closed_and_the_others_go_on() {
    let stage = Stage::real();
    let address = serve(&stage);
    let (deaf, fine) = (UserId::new(), UserId::new());
    let _deaf_stream = connect_deaf(address, deaf).await;
    let mut client = connect(address, fine).await;
    eventually("both are there", || async {
        stage.fanout.count_here() == 2
    })
    .await;
    let stalled = Instant::now();
    let text = "x".repeat(700);
    let mut slowest = Duration::ZERO;
    for number in 0..5000 {
        let body = json!({"type": "message.new", "number": number, "text": text});
        let sent = Instant::now();
        stage.tell(&[deaf, fine], FrameClass::Message, &body);
        assert_eq!(read(&mut client).await["number"], number);
        slowest = slowest.max(sent.elapsed());
    }
    assert!(slowest < Duration::from_secs(2), "{slowest:?}");
    while stage.fanout.is_online(deaf) {
        assert!(stalled.elapsed() < Duration::from_secs(30), "still there");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert!(stage.fanout.is_online(fine));
    client.close(None).await.expect("closed");
    eventually("all have gone", || async { stage.fanout.count_here() == 0 }).await;
}

/// It is not read meanwhile, for too much waits for it.
#[actix::test]
async fn a_peer_that_goes_with_much_unread_is_missed_before_it_counts_as_stalled() {
    let stage = Stage::real();
    let address = serve(&stage);
    let gone = UserId::new();
    let stream = connect_deaf(address, gone).await;
    eventually("it is there", || async { stage.fanout.count_here() == 1 }).await;
    let body = json!({"type": "message.new", "text": "x".repeat(8000)});
    for _ in 0..110 {
        stage.tell(&[gone], FrameClass::Message, &body);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    drop(stream);
    let missed = async || stage.fanout.count_here() == 0;
    eventually_within(Duration::from_secs(10), "it is missed", missed).await;
}

#[actix::test]
async fn a_client_that_is_still_sending_sees_the_close_code() {
    let stage = Stage::real();
    let address = serve(&stage);
    let mut client = connect(address, UserId::new()).await;
    for _ in 0..2000 {
        if client.feed(Message::Ping(Vec::new().into())).await.is_err() {
            break;
        }
    }
    let _ = client.flush().await;
    let closed = Instant::now();
    let code = loop {
        match client.next().await {
            Some(Ok(Message::Close(Some(close)))) => break u16::from(close.code),
            Some(Ok(_)) => {}
            other => panic!("no close frame: {other:?}"),
        }
    };
    assert_eq!(code, 4429);
    while client.next().await.is_some_and(|next| next.is_ok()) {}
    assert!(
        closed.elapsed() < Duration::from_secs(3),
        "the server lets go"
    );
}

#[actix::test]
async fn large_frames_arrive_whole() {
    let stage = Stage::real();
    let address = serve(&stage);
    let user = UserId::new();
    let mut client = connect(address, user).await;
    for size in [1, 125, 126, 4094, 4096, 65_536, 262_000] {
        let text = "y".repeat(size);
        stage.tell(
            &[user],
            FrameClass::Message,
            &json!({"type": "message.new", "text": text}),
        );
        assert_eq!(read(&mut client).await["text"], text, "{size}");
    }
}
