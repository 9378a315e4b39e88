//! A gateway without sockets of its own passes `/ws` on to a process that has them: the upgrade as it
//! came, then bytes both ways, unread but for where a frame ends.
//!
//! Who the client is the other process cannot see, so the gateway says it, sealed (`seal`).

mod head;
mod pump;
mod seal;
mod uploads;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::body::BoxBody;
use actix_web::http::StatusCode;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use tokio::sync::watch;
use tokio::time::timeout;

pub use self::seal::Seal;
pub use self::uploads::UploadTunnel;
use super::extract::ClientAddress;
use super::middleware::RequestId;
use super::upgrade::Takeover;
use crate::actors::cluster::requests::Installation;
use crate::actors::group::Group;
use crate::actors::request::DEADLINE;
use crate::error::{ErrorCode, Failure};

/// How long a process may take to be connected to before another is tried.
const CONNECT: Duration = Duration::from_secs(2);
/// What a process answers that takes no more.
const GOING: reqwest::StatusCode = reqwest::StatusCode::SERVICE_UNAVAILABLE;
/// Largest refusal that is passed on, in bytes; the other process' own are far smaller.
const REFUSAL_BYTES: usize = 64 * 1024;

/// The way to the sockets of other processes. Cheap to clone.
#[derive(Clone)]
pub struct Tunnel(Arc<Inner>);

struct Inner {
    doors: Doors,
    closing: watch::Sender<bool>,
}

/// The processes that something is passed on to. Cheap to clone.
#[derive(Clone)]
pub struct Doors(Arc<Way>);

struct Way {
    installation: Arc<dyn Installation>,
    client: reqwest::Client,
    seal: Seal,
    /// Whose turn it is.
    next: AtomicUsize,
}

impl Doors {
    pub fn new(installation: Arc<dyn Installation>, seal: Seal) -> reqwest::Result<Self> {
        let client = reqwest::Client::builder()
            .no_proxy()
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            // A connection that was upgraded is gone, and refusals are rare.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self(Arc::new(Way {
            installation,
            client,
            seal,
            next: AtomicUsize::new(0),
        })))
    }

    /// The addresses of processes that run a group, each first in turn.
    fn in_turn(&self, group: Group) -> Vec<String> {
        let nodes = self.0.installation.nodes().into_iter();
        let there =
            nodes.filter(|node| !node.is_me && !node.is_draining && node.groups.contains(group));
        let mut doors: Vec<String> = there.map(|node| node.address).collect();
        let first = self.0.next.fetch_add(1, Ordering::Relaxed);
        if !doors.is_empty() {
            let turn = first % doors.len();
            doors.rotate_left(turn);
        }
        doors
    }

    fn client(&self) -> &reqwest::Client {
        &self.0.client
    }

    fn seal(&self) -> &Seal {
        &self.0.seal
    }
}

impl Tunnel {
    pub fn new(doors: Doors) -> Self {
        Self(Arc::new(Inner {
            doors,
            closing: watch::Sender::new(false),
        }))
    }

    /// Ends every tunnel with 1001, each where a frame ends, and waits until they are gone, at most
    /// `patience`.
    pub async fn drain(&self, patience: Duration) {
        self.0.closing.send_replace(true);
        if timeout(patience, self.0.closing.closed()).await.is_err() {
            tracing::warn!("tunnels were cut off");
        }
    }

    /// Passes an upgrade on. What the other process refuses is refused in its words; 503 where none is
    /// there.
    pub async fn open(&self, request: &HttpRequest) -> Result<HttpResponse, Failure> {
        let upstream = self.connect(request).await?;
        if upstream.status() != reqwest::StatusCode::SWITCHING_PROTOCOLS {
            return refusal(upstream).await;
        }
        let mut response = HttpResponse::build(StatusCode::SWITCHING_PROTOCOLS);
        response.upgrade("websocket");
        head::copy_back(upstream.headers(), &mut response);
        let upgraded = upstream.upgrade().await.map_err(|error| lost(&error))?;
        let closing = self.0.closing.subscribe();
        let mut response = response.finish();
        Takeover::put(&mut response, |stream, early| {
            pump::run(stream, early, upgraded, closing)
        });
        Ok(response)
    }

    /// One process after the other, each first in turn, until one answers.
    async fn connect(&self, request: &HttpRequest) -> Result<reqwest::Response, Failure> {
        let address = request.extensions().get::<ClientAddress>().copied();
        let id = request.extensions().get::<RequestId>().cloned();
        let (Some(address), Some(id)) = (address, id) else {
            return Err(Failure::internal());
        };
        let doors = &self.0.doors;
        let mut headers = head::passed_on(request.headers(), &address, id.as_str(), doors.seal());
        head::append(&mut headers, "connection", b"upgrade");
        head::append(&mut headers, "upgrade", b"websocket");
        let mut refused = None;
        for door in doors.in_turn(Group::Websocket) {
            let url = format!("http://{door}{}", request.uri());
            let asked = doors.client().get(url).headers(headers.clone()).send();
            match timeout(DEADLINE, asked).await {
                // On its way out, and not known to be: another may take it.
                Ok(Ok(response)) if response.status() == GOING => refused = Some(response),
                Ok(Ok(response)) => return Ok(response),
                // Nothing was said yet.
                Ok(Err(error)) if error.is_connect() => {
                    tracing::warn!(node.address = door, "a process with sockets is not reached");
                }
                Ok(Err(error)) => return Err(lost(&error)),
                Err(_) => return Err(Failure::new(ErrorCode::Timeout, "no answer in time")),
            }
        }
        let nobody = "no part that keeps sockets is running, try again";
        refused.ok_or_else(|| Failure::unavailable(nobody))
    }
}

/// What the other process answered, as it is.
async fn refusal(mut upstream: reqwest::Response) -> Result<HttpResponse, Failure> {
    let status = StatusCode::from_u16(upstream.status().as_u16());
    let mut response = HttpResponse::build(status.unwrap_or(StatusCode::BAD_GATEWAY));
    head::copy_back(upstream.headers(), &mut response);
    let mut body = Vec::new();
    while let Some(piece) = upstream.chunk().await.map_err(|error| lost(&error))? {
        if body.len() + piece.len() > REFUSAL_BYTES {
            return Err(Failure::internal());
        }
        body.extend_from_slice(&piece);
    }
    Ok(response.body(BoxBody::new(body)))
}

/// The address may hold a token, so it is not logged.
fn lost(error: &reqwest::Error) -> Failure {
    let (is_timeout, is_body) = (error.is_timeout(), error.is_body());
    tracing::warn!(is_timeout, is_body, "a process with sockets did not answer");
    Failure::unavailable("the part that keeps sockets did not answer, try again")
}
