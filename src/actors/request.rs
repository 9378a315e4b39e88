//! The seam between actor groups: one request trait, one place that sends.
//!
//! A group is reached through `Recipient`s alone, so a stand-in that forwards to another node has
//! the same type as the actor itself. Nothing else in the crate may send to an actor: a full
//! mailbox must be an answer (`unavailable`), never a queue that grows or a message that vanishes.

use std::time::Duration;

use actix::dev::SendError;
use actix::{MailboxError, Message, Recipient};
use futures_util::future::Either;
use tokio::sync::oneshot;

use crate::error::{ErrorCode, Failure};
use crate::trace::{self, TraceContext};

/// How long a caller waits before it gets `timeout`.
pub const DEADLINE: Duration = Duration::from_secs(10);

/// The answer to every request.
pub type Answer<T> = Result<T, Failure>;

/// A message that is answered. Named in the imperative: `SendMessage`, `ValidateToken`.
pub trait Request: Message<Result = Answer<Self::Reply>> + Send + 'static {
    type Reply: Send + 'static;
    /// For metrics and traces, and for other processes: it never changes.
    const NAME: &'static str;
}

/// Declares that a type is a request: `request!(ListSessions => Vec<Session>)`.
#[macro_export]
macro_rules! request {
    ($($name:ty => $reply:ty),* $(,)?) => {$(
        impl actix::Message for $name {
            type Result = $crate::actors::request::Answer<$reply>;
        }
        impl $crate::actors::request::Request for $name {
            type Reply = $reply;
            const NAME: &'static str = stringify!($name);
        }
    )*};
}

/// Handles requests with async methods of the actor's shared part, each in a task of its own, so a
/// panic ends one request only: `handles! { UserActor.users: GetMe => get_me }`.
#[macro_export]
macro_rules! handles {
    ($actor:ident.$shared:ident: $($request:ident => $method:ident),* $(,)?) => {$(
        impl actix::Handler<$request> for $actor {
            type Result = actix::ResponseFuture<
                $crate::actors::request::Answer<
                    <$request as $crate::actors::request::Request>::Reply,
                >,
            >;

            fn handle(&mut self, request: $request, _: &mut Self::Context) -> Self::Result {
                let shared = std::sync::Arc::clone(&self.$shared);
                Box::pin(async move { shared.$method(request).await })
            }
        }
    )*};
}

/// Declares what one group may ask of another: a [`Way`] per request, `of`, which takes them from any
/// actor that handles them all, `elsewhere`, which takes them from a stand-in, and the same by name for
/// requests of other processes.
#[macro_export]
macro_rules! peers {
    ($(#[$doc:meta])* $name:ident { $($field:ident: $request:ty),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name {
            $(pub $field: $crate::actors::request::Way<$request>,)*
        }

        impl $name {
            pub fn of<A>(actor: &actix::Addr<A>) -> Self
            where
                A: actix::Actor<Context = actix::Context<A>> $(+ actix::Handler<$request>)*,
            {
                Self { $($field: $crate::actors::request::Way::Here(actor.clone().recipient()),)* }
            }

            /// The same of a group that another process runs.
            pub fn elsewhere<A>(stand_in: &actix::Addr<A>) -> Self
            where
                A: actix::Actor<Context = actix::Context<A>>
                    $(+ actix::Handler<$crate::actors::request::Traced<$request>>)*,
            {
                Self {
                    $($field: $crate::actors::request::Way::Elsewhere(stand_in.clone().recipient()),)*
                }
            }
        }

        impl $crate::actors::remote::Serve for $name {
            fn names(&self) -> &'static [&'static str] {
                &[$(<$request as $crate::actors::request::Request>::NAME,)*]
            }

            fn serve(
                &self,
                name: &str,
                body: &[u8],
            ) -> Result<$crate::actors::remote::Served, $crate::actors::cluster::proto::Malformed>
            {
                $(if name == <$request as $crate::actors::request::Request>::NAME {
                    return $crate::actors::remote::serve(&self.$field, body);
                })*
                Err($crate::actors::cluster::proto::Malformed)
            }
        }
    };
}

/// A request on its way out of this process, with where in a trace it was made.
#[derive(Debug)]
pub struct Traced<R> {
    pub request: R,
    pub trace: Option<TraceContext>,
}

impl<R: Request> Message for Traced<R> {
    type Result = Answer<R::Reply>;
}

impl<R: Request> Request for Traced<R> {
    type Reply = R::Reply;
    const NAME: &'static str = R::NAME;
}

/// The way to whoever answers a request: the group's own actor, or a stand-in for one that runs
/// elsewhere, which is told where in a trace it was made.
pub enum Way<R: Request> {
    Here(Recipient<R>),
    Elsewhere(Recipient<Traced<R>>),
}

impl<R: Request> Clone for Way<R> {
    fn clone(&self) -> Self {
        match self {
            Self::Here(to) => Self::Here(to.clone()),
            Self::Elsewhere(to) => Self::Elsewhere(to.clone()),
        }
    }
}

impl<R: Request> From<Recipient<R>> for Way<R> {
    fn from(to: Recipient<R>) -> Self {
        Self::Here(to)
    }
}

/// Where a request can be put.
pub trait Door<R: Request> {
    fn put(
        &self,
        request: R,
    ) -> impl Future<Output = Result<Answer<R::Reply>, MailboxError>> + Send;
}

impl<R: Request> Door<R> for Recipient<R> {
    fn put(
        &self,
        request: R,
    ) -> impl Future<Output = Result<Answer<R::Reply>, MailboxError>> + Send {
        self.send(request).timeout(DEADLINE)
    }
}

impl<R: Request> Door<R> for Way<R> {
    fn put(
        &self,
        request: R,
    ) -> impl Future<Output = Result<Answer<R::Reply>, MailboxError>> + Send {
        match self {
            Self::Here(to) => Either::Left(to.send(request).timeout(DEADLINE)),
            Self::Elsewhere(to) => {
                let trace = trace::current();
                let traced = Traced { request, trace };
                Either::Right(to.send(traced).timeout(DEADLINE))
            }
        }
    }
}

/// Sends a request and waits for its answer, at most [`DEADLINE`].
///
/// A full or closed mailbox is `unavailable`; a handler that died is `internal`; a late answer is
/// `timeout`, and whether it took effect is then unknown.
pub async fn ask<R: Request>(to: &impl Door<R>, request: R) -> Answer<R::Reply> {
    match to.put(request).await {
        Ok(answer) => answer,
        Err(MailboxError::Timeout) => Err(Failure::new(
            ErrorCode::Timeout,
            "no answer in time; it may still have happened",
        )),
        Err(MailboxError::Closed) => {
            tracing::warn!(request = R::NAME, "request was dropped by its actor");
            Err(Failure::unavailable("this part is restarting, try again"))
        }
    }
}

/// Why a one-way message was not taken; it comes back to the sender.
#[derive(Debug)]
pub enum Refused<M> {
    Full(M),
    Closed(M),
}

impl<M> Refused<M> {
    /// The message, and how its sender is answered.
    pub fn into_parts(self) -> (M, Failure) {
        match self {
            Self::Full(message) => {
                let failure = Failure::unavailable("too much is waiting here, try again");
                (message, failure)
            }
            Self::Closed(message) => {
                let failure = Failure::unavailable("this part is restarting, try again");
                (message, failure)
            }
        }
    }
}

/// Sends a one-way message. The sender must say what a refusal means.
pub fn tell<M>(to: &Recipient<M>, message: M) -> Result<(), Refused<M>>
where
    M: Message<Result = ()> + Send + 'static,
{
    to.try_send(message).map_err(|error| match error {
        SendError::Full(message) => Refused::Full(message),
        SendError::Closed(message) => Refused::Closed(message),
    })
}

/// Where the answer of a one-way request goes when a caller is waiting for it.
#[derive(Debug)]
pub struct ReplyTo<T>(oneshot::Sender<Answer<T>>);

impl<T> ReplyTo<T> {
    /// A reply target and the end that waits for it.
    pub fn channel() -> (Self, oneshot::Receiver<Answer<T>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Whether the caller no longer waits.
    pub fn is_abandoned(&self) -> bool {
        self.0.is_closed()
    }

    /// Answers; a caller who no longer waits is no error.
    pub fn answer(self, answer: Answer<T>) {
        let _ = self.0.send(answer);
    }
}

/// Waits for the answer of a one-way request, with the rules of [`ask`].
pub async fn wait<T>(receiver: oneshot::Receiver<Answer<T>>) -> Answer<T> {
    match tokio::time::timeout(DEADLINE, receiver).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(_)) => Err(Failure::unavailable("this part is restarting, try again")),
        Err(_) => Err(Failure::new(
            ErrorCode::Timeout,
            "no answer in time; it may still have happened",
        )),
    }
}
