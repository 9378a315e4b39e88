//! The proxy's own tests: each mode does what it says, and nothing of it stays.

use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::{Mode, PATIENCE, Proxy, eventually};

const SOON: Duration = Duration::from_millis(300);

/// Says everything back.
async fn echo() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let (mut reads, mut writes) = stream.split();
                let _ = tokio::io::copy(&mut reads, &mut writes).await;
                let _ = writes.shutdown().await;
            });
        }
    });
    address.to_string()
}

async fn through(seed: u64) -> (Proxy, TcpStream) {
    let proxy = Proxy::to(&echo().await, seed).await;
    let stream = TcpStream::connect(proxy.address()).await.expect("taken");
    (proxy, stream)
}

async fn say(stream: &mut TcpStream, words: &[u8]) -> Vec<u8> {
    stream.write_all(words).await.expect("sent");
    let mut heard = vec![0; words.len()];
    stream.read_exact(&mut heard).await.expect("an echo");
    heard
}

#[tokio::test]
async fn what_passes_is_whole_and_ends_in_order() {
    let (proxy, mut stream) = through(1).await;
    let words: Vec<u8> = (0..300_000_u32).map(|byte| byte as u8).collect();
    let (mut reads, mut writes) = stream.split();
    let mut heard = Vec::new();
    let (_, sent) = tokio::join!(reads.read_to_end(&mut heard), async {
        writes.write_all(&words).await?;
        writes.shutdown().await
    });
    sent.expect("sent");
    assert!(heard == words, "{} bytes of {}", heard.len(), words.len());
    eventually("it is forgotten", async || proxy.open() == 0).await;
}

#[tokio::test]
async fn late_is_late_for_each_and_not_for_all_together() {
    let (proxy, mut stream) = through(2).await;
    proxy.set(Mode::Latency(Duration::from_millis(200)));
    let started = Instant::now();
    let (mut reads, mut writes) = stream.split();
    let mut heard = [0; 20];
    tokio::join!(
        async { reads.read_exact(&mut heard).await.expect("an echo") },
        async {
            for word in 0..20 {
                writes.write_all(&[word]).await.expect("sent");
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        }
    );
    let took = started.elapsed();
    // One by one they would take 20 times as long as the first.
    let bounds = Duration::from_millis(400)..Duration::from_millis(3900);
    assert!(bounds.contains(&took), "{took:?}");
}

#[tokio::test]
async fn a_black_hole_takes_everything_and_gives_it_back() {
    let (proxy, mut stream) = through(3).await;
    assert_eq!(say(&mut stream, b"before").await, b"before");
    proxy.set(Mode::BlackHole);
    stream.write_all(b"meanwhile").await.expect("sent");
    let mut heard = [0; 9];
    assert!(timeout(SOON, stream.read(&mut heard)).await.is_err());
    // A new one is taken as well, and hears nothing.
    let mut other = TcpStream::connect(proxy.address()).await.expect("taken");
    assert!(timeout(SOON, other.read(&mut heard)).await.is_err());
    proxy.set(Mode::Pass);
    stream.read_exact(&mut heard).await.expect("all of it");
    assert_eq!(&heard, b"meanwhile");
    assert_eq!(say(&mut other, b"after").await, b"after");
}

#[tokio::test]
async fn a_black_hole_holds_no_more_than_it_should() {
    let (proxy, mut stream) = through(4).await;
    proxy.set(Mode::BlackHole);
    let megabytes = vec![7; 64 * 1024 * 1024];
    let sent = timeout(Duration::from_secs(1), stream.write_all(&megabytes));
    assert!(sent.await.is_err(), "nobody can send without end");
}

#[tokio::test]
async fn connections_are_reset_at_their_age_or_at_once() {
    let (proxy, mut stream) = through(5).await;
    assert_eq!(say(&mut stream, b"word").await, b"word");
    proxy.break_all();
    let broken = stream.read(&mut [0]).await.expect_err("reset");
    assert_eq!(broken.kind(), std::io::ErrorKind::ConnectionReset);
    let ages = Duration::from_millis(50)..Duration::from_millis(200);
    proxy.set(Mode::Reset(ages));
    let mut lives = Vec::new();
    for _ in 0..4 {
        let born = Instant::now();
        let mut stream = TcpStream::connect(proxy.address()).await.expect("taken");
        stream.read(&mut [0]).await.expect_err("reset");
        lives.push(born.elapsed().as_millis());
    }
    assert!(
        lives.iter().all(|life| (50..2000).contains(life)),
        "{lives:?}"
    );
    assert!(lives.windows(2).any(|two| two[0] != two[1]), "{lives:?}");
}

/// Whoever resets a connection, the other end hears of it and the proxy forgets it.
#[tokio::test]
async fn a_reset_passes() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let proxy = Proxy::to(&address, 10).await;
    for is_far in [true, false] {
        let connected = TcpStream::connect(proxy.address()).await;
        let mut near = connected.expect("taken");
        let (mut far, _) = listener.accept().await.expect("somebody comes");
        near.write_all(b"word").await.expect("sent");
        far.read_exact(&mut [0; 4]).await.expect("heard");
        let (resets, mut hears) = if is_far { (far, near) } else { (near, far) };
        let lingering = SockRef::from(&resets).set_linger(Some(Duration::ZERO));
        lingering.expect("set");
        drop(resets);
        let heard = timeout(PATIENCE, hears.read(&mut [0])).await;
        heard.expect("an end").expect_err("reset");
        eventually("it is forgotten", async || proxy.open() == 0).await;
    }
}

#[tokio::test]
async fn of_a_half_open_connection_one_end_knows() {
    let (proxy, mut stream) = through(9).await;
    assert_eq!(say(&mut stream, b"word").await, b"word");
    proxy.set(Mode::HalfOpen(Duration::ZERO..SOON));
    stream.read(&mut [0]).await.expect_err("reset");
    assert_eq!(proxy.open(), 1, "the other end is as it was");
}

#[tokio::test]
async fn an_end_is_told_late() {
    let (proxy, mut stream) = through(6).await;
    assert_eq!(say(&mut stream, b"word").await, b"word");
    proxy.set(Mode::SlowClose(SOON));
    stream.shutdown().await.expect("said");
    let started = Instant::now();
    assert_eq!(stream.read(&mut [0]).await.expect("an end"), 0);
    assert!(started.elapsed() >= SOON, "{:?}", started.elapsed());
}

#[tokio::test]
async fn slices_come_one_by_one() {
    let (proxy, mut stream) = through(7).await;
    proxy.set(Mode::Slice(3, Duration::from_millis(50)));
    stream.write_all(b"twelve bytes").await.expect("sent");
    let mut heard = [0; 12];
    let first = stream.read(&mut heard).await.expect("a slice");
    assert!(first <= 3, "{first}");
    stream
        .read_exact(&mut heard[first..])
        .await
        .expect("the rest");
    assert_eq!(&heard, b"twelve bytes");
}

#[tokio::test]
async fn down_is_refused_and_up_is_where_it_was() {
    let (proxy, mut stream) = through(8).await;
    assert_eq!(say(&mut stream, b"word").await, b"word");
    proxy.set(Mode::Down);
    stream.read(&mut [0]).await.expect_err("reset");
    let refused = async || TcpStream::connect(proxy.address()).await.is_err();
    eventually("nobody listens", refused).await;
    proxy.set(Mode::Pass);
    let taken = async || TcpStream::connect(proxy.address()).await.is_ok();
    eventually("somebody listens", taken).await;
    let mut stream = TcpStream::connect(proxy.address()).await.expect("taken");
    assert_eq!(say(&mut stream, b"again").await, b"again");
}
