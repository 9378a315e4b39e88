//! A way between two that talk TCP, on which faults can be made while they talk.

use std::io;
use std::net::SocketAddr;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use socket2::SockRef;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{ReadHalf, WriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, sleep_until};
use twox_hash::XxHash3_64;

use super::process::listen;

/// What becomes of what is sent, both ways.
#[derive(Clone, Debug, PartialEq)]
pub enum Mode {
    Pass,
    /// Everything arrives so much later.
    Latency(Duration),
    /// Connections are taken; what is sent waits until the mode is another.
    BlackHole,
    /// Every connection is reset at an age within these.
    Reset(Range<Duration>),
    /// The same, and only the one who connected hears of it.
    HalfOpen(Range<Duration>),
    /// Who ends is noticed so much later.
    SlowClose(Duration),
    /// So many bytes at a time, and a pause after each.
    Slice(usize, Duration),
    /// Every connection breaks, and none is taken.
    Down,
}

/// Bytes of one reading, and how many of those wait in one direction of a connection.
const PIECE: usize = 16 * 1024;
const WAITING: usize = 16;

/// Ends with everything on it when dropped.
pub struct Proxy {
    port: u16,
    mode: watch::Sender<Mode>,
    /// Moves when every connection of now is to break.
    broken: watch::Sender<u64>,
    open: Arc<AtomicUsize>,
    doors: JoinHandle<()>,
}

impl Proxy {
    /// To `host:port`. The same seed makes the same choices for the same connections.
    pub async fn to(target: &str, seed: u64) -> Self {
        let target = target.parse().expect("an address");
        let free = listen();
        let port = free.local_addr().expect("an address").port();
        let mode = watch::Sender::new(Mode::Pass);
        let broken = watch::Sender::new(0);
        let open = Arc::<AtomicUsize>::default();
        let way = Way {
            target,
            seed,
            count: Arc::new(AtomicU64::new(0)),
            mode: mode.subscribe(),
            broken: broken.subscribe(),
            open: Arc::clone(&open),
        };
        let doors = tokio::spawn(way.serve(free));
        Self {
            port,
            mode,
            broken,
            open,
            doors,
        }
    }

    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    pub fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }

    /// Resets every connection there is now.
    pub fn break_all(&self) {
        self.broken.send_modify(|times| *times += 1);
    }

    /// Connections on it.
    pub fn open(&self) -> usize {
        self.open.load(Ordering::Relaxed)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.doors.abort();
    }
}

#[derive(Clone)]
struct Way {
    target: SocketAddr,
    seed: u64,
    count: Arc<AtomicU64>,
    mode: watch::Receiver<Mode>,
    broken: watch::Receiver<u64>,
    open: Arc<AtomicUsize>,
}

/// Counts a connection as long as it is there.
struct Counted(Arc<AtomicUsize>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Way {
    async fn serve(self, mut listener: TcpListener) {
        let mut mode = self.mode.clone();
        let here = listener.local_addr().expect("an address");
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                changed = mode.wait_for(|mode| *mode == Mode::Down) => {
                    if changed.is_err() {
                        return;
                    }
                }
                taken = listener.accept() => {
                    while connections.try_join_next().is_some() {}
                    if let Ok((near, _)) = taken {
                        connections.spawn(self.clone().connection(near));
                    }
                    continue;
                }
            }
            // The port stays ours: bound, it refuses as long as nobody listens.
            drop(listener);
            let socket = TcpSocket::new_v4().expect("a socket");
            socket.set_reuseaddr(true).expect("set");
            socket.bind(here).expect("the same port");
            if mode.wait_for(|mode| *mode != Mode::Down).await.is_err() {
                return;
            }
            listener = socket.listen(1024).expect("listens");
        }
    }

    async fn connection(mut self, near: TcpStream) {
        self.open.fetch_add(1, Ordering::Relaxed);
        let _counted = Counted(Arc::clone(&self.open));
        let number = self.count.fetch_add(1, Ordering::Relaxed);
        let choice = XxHash3_64::oneshot_with_seed(self.seed, &number.to_le_bytes());
        let end = breaks(self.mode.clone(), self.broken.clone(), choice);
        let mode = self.mode.clone();
        let mut near = broken_when_dropped(near);
        tokio::pin!(end);
        // Into a black hole nobody is connected.
        let leads = |mode: &Mode| !matches!(mode, Mode::BlackHole | Mode::Down);
        tokio::select! {
            () = &mut end => return,
            _ = self.mode.wait_for(leads) => {}
        }
        let Ok(far) = TcpStream::connect(self.target).await else {
            return;
        };
        let mut far = broken_when_dropped(far);
        tokio::select! {
            () = end => {
                drop(near);
                if matches!(*mode.borrow(), Mode::HalfOpen(_)) {
                    // To its end, which is the other's affair.
                    let _ = tokio::io::copy(&mut far, &mut tokio::io::sink()).await;
                }
            }
            // One that broke breaks at both ends.
            _ = through(&mut near, &mut far, &mode) => {}
        }
    }
}

/// Both directions, until both have ended in order or one has not.
async fn through(
    near: &mut TcpStream,
    far: &mut TcpStream,
    mode: &watch::Receiver<Mode>,
) -> io::Result<()> {
    let (near_reads, near_writes) = near.split();
    let (far_reads, far_writes) = far.split();
    tokio::try_join!(
        pump(near_reads, far_writes, mode.clone()),
        pump(far_reads, near_writes, mode.clone()),
    )?;
    for stream in [&*near, &*far] {
        SockRef::from(stream).set_linger(None)?;
    }
    Ok(())
}

/// It is reset if it ends with this program's hand on it.
fn broken_when_dropped(stream: TcpStream) -> TcpStream {
    stream.set_nodelay(true).expect("set");
    let lingering = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
    lingering.expect("set");
    stream
}

/// Until a connection that begins now is to break.
async fn breaks(mut mode: watch::Receiver<Mode>, mut broken: watch::Receiver<u64>, choice: u64) {
    let born = Instant::now();
    let share = (choice >> 11) as f64 / (1_u64 << 53) as f64;
    broken.mark_unchanged();
    loop {
        let due = match &*mode.borrow_and_update() {
            Mode::Down => return,
            Mode::Reset(ages) | Mode::HalfOpen(ages) => {
                Some(born + ages.start + (ages.end - ages.start).mul_f64(share))
            }
            _ => None,
        };
        tokio::select! {
            () = sleep_until(due.unwrap_or(born)), if due.is_some() => return,
            changed = mode.changed() => if changed.is_err() { return },
            _ = broken.changed() => return,
        }
    }
}

/// One direction of a connection, to its end.
async fn pump(
    mut from: ReadHalf<'_>,
    to: WriteHalf<'_>,
    mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    let (pieces, waiting) = mpsc::channel(WAITING);
    let read = async move {
        loop {
            let mut piece = vec![0; PIECE];
            let length = from.read(&mut piece).await?;
            piece.truncate(length);
            // The writer ends before its pieces only with an error of its own.
            if length == 0 || pieces.send((Instant::now(), piece)).await.is_err() {
                return Ok(());
            }
        }
    };
    tokio::try_join!(read, write(to, waiting, mode)).map(|_| ())
}

async fn write(
    mut to: WriteHalf<'_>,
    mut pieces: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut mode: watch::Receiver<Mode>,
) -> io::Result<()> {
    while let Some((came, piece)) = pieces.recv().await {
        let mut left = piece.as_slice();
        while !left.is_empty() {
            let allowed = allowance(came, &mut mode).await.min(left.len());
            to.write_all(&left[..allowed]).await?;
            left = &left[allowed..];
        }
    }
    allowance(Instant::now(), &mut mode).await;
    let late = match *mode.borrow() {
        Mode::SlowClose(late) => late,
        _ => Duration::ZERO,
    };
    sleep(late).await;
    to.shutdown().await
}

/// Waits until something may go on its way, and says how much of it.
async fn allowance(came: Instant, mode: &mut watch::Receiver<Mode>) -> usize {
    loop {
        let (due, bytes) = match *mode.borrow_and_update() {
            Mode::Pass | Mode::Reset(_) | Mode::HalfOpen(_) | Mode::SlowClose(_) => {
                return usize::MAX;
            }
            Mode::Latency(late) => (Some(came + late), usize::MAX),
            Mode::Slice(bytes, pause) => (Some(Instant::now() + pause), bytes),
            Mode::BlackHole | Mode::Down => (None, 0),
        };
        tokio::select! {
            () = sleep_until(due.unwrap_or(came)), if due.is_some() => return bytes,
            changed = mode.changed() => if changed.is_err() { return usize::MAX },
        }
    }
}
