//! Requests to a group of another process: a stand-in takes them as the group's own actor would, and
//! where the group runs they are put to it as if they came from there.
//!
//! A request travels as its own JSON under its name. The shapes are those that clients see, or close
//! to them, and serde writes and reads each of them in one line.

use std::sync::Arc;

use actix::{Actor, Context, Handler, ResponseFuture};
use futures_util::future::{BoxFuture, LocalBoxFuture};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cluster::proto::Malformed;
use super::group::Group;
use super::request::{Answer, Request, Traced, Way, ask};
use crate::error::Failure;
use crate::id::NodeId;
use crate::trace::{self, TraceContext};

const MAILBOX: usize = 1024;

/// A request as it travels.
#[derive(Debug)]
pub struct Carried {
    pub name: &'static str,
    /// Its own JSON.
    pub body: Vec<u8>,
    /// Where in a trace it was made.
    pub trace: Option<TraceContext>,
}

/// The way to the groups of other processes.
pub trait Carry: Send + Sync {
    /// Sends a request to whichever process runs the group, and waits for the answer.
    fn carry(&self, group: Group, request: Carried) -> BoxFuture<'static, Answer<Vec<u8>>>;
}

/// The way to one process, whatever it runs.
pub trait CarryTo: Send + Sync {
    /// Sends a request to it, and waits for the answer.
    fn carry_to(&self, node: NodeId, request: Carried) -> BoxFuture<'static, Answer<Vec<u8>>>;
}

/// Asks one process about itself.
pub async fn ask_there<R>(way: &dyn CarryTo, node: NodeId, request: &R) -> Answer<R::Reply>
where
    R: Request + Serialize,
    R::Reply: DeserializeOwned,
{
    let carried = Carried {
        name: R::NAME,
        body: encoded(R::NAME, request)?,
        trace: trace::current(),
    };
    let answer = way.carry_to(node, carried).await?;
    serde_json::from_slice(&answer).map_err(|error| unreadable(R::NAME, &error))
}

/// Stands for a group that runs elsewhere; takes every request.
pub struct StandIn {
    group: Group,
    way: Arc<dyn Carry>,
}

impl StandIn {
    pub fn new(group: Group, way: Arc<dyn Carry>) -> Self {
        Self { group, way }
    }
}

impl Actor for StandIn {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        ctx.set_mailbox_capacity(MAILBOX);
    }
}

impl<R> Handler<Traced<R>> for StandIn
where
    R: Request + Serialize,
    R::Reply: DeserializeOwned,
{
    type Result = ResponseFuture<Answer<R::Reply>>;

    fn handle(&mut self, traced: Traced<R>, _: &mut Self::Context) -> Self::Result {
        let Traced { request, trace } = traced;
        let body = encoded(R::NAME, &request);
        let (group, way) = (self.group, Arc::clone(&self.way));
        Box::pin(async move {
            let carried = Carried {
                name: R::NAME,
                body: body?,
                trace,
            };
            let answer = way.carry(group, carried).await?;
            serde_json::from_slice(&answer).map_err(|error| unreadable(R::NAME, &error))
        })
    }
}

/// The ways into a group, by the names of its requests.
pub trait Serve: Send + Sync {
    /// What may be asked.
    fn names(&self) -> &'static [&'static str];

    /// Puts a request that came from elsewhere to the group.
    fn serve(&self, name: &str, body: &[u8]) -> Result<Served, Malformed>;
}

/// An answer on its way.
pub type Served = LocalBoxFuture<'static, Answer<Vec<u8>>>;

/// [`Serve`] for one request, for `peers!`.
pub fn serve<R>(to: &Way<R>, body: &[u8]) -> Result<Served, Malformed>
where
    R: Request + DeserializeOwned,
    R::Reply: Serialize,
{
    let request: R = serde_json::from_slice(body).map_err(|_| Malformed)?;
    let to = to.clone();
    Ok(Box::pin(async move {
        let reply = ask(&to, request).await?;
        encoded(R::NAME, &reply)
    }))
}

fn encoded(request: &'static str, body: &impl Serialize) -> Answer<Vec<u8>> {
    serde_json::to_vec(body).map_err(|error| unreadable(request, &error))
}

/// The parser's own words may quote what it read, so they are not logged.
fn unreadable(request: &'static str, error: &serde_json::Error) -> Failure {
    let (kind, column) = (error.classify(), error.column());
    tracing::error!(request, ?kind, column, "a body could not be carried");
    Failure::internal()
}
