//! Requests that ask for a WebSocket. The app answers them as any other; where it says 101, the
//! connection leaves HTTP, and its stream goes to whom the handler named.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use actix_codec::Framed;
use actix_http::h1::{Codec, Message};
use actix_http::{ConnectionType, Request, Response, StatusCode};
use actix_service::{Service, ServiceFactory, always_ready};
use actix_web::body::{BodySize, BoxBody, to_bytes};
use actix_web::dev::{AppConfig, ServiceResponse};
use actix_web::rt::net::TcpStream;
use actix_web::{Error, HttpResponse};
use bytes::BytesMut;
use futures_util::future::LocalBoxFuture;
use futures_util::{FutureExt, SinkExt};
use tokio::time::timeout;

/// How long a peer may take to read an answer.
const PATIENCE: Duration = Duration::from_secs(5);

type Run = Box<dyn FnOnce(TcpStream, BytesMut) -> LocalBoxFuture<'static, ()>>;

/// What becomes of a connection after its 101: it gets the stream, and what came early.
pub struct Takeover(Run);

impl Takeover {
    /// Puts it into the response that it goes with.
    pub fn put<F>(response: &mut HttpResponse, run: impl FnOnce(TcpStream, BytesMut) -> F + 'static)
    where
        F: Future<Output = ()> + 'static,
    {
        let run: Run = Box::new(move |stream, early| run(stream, early).boxed_local());
        response.extensions_mut().insert(Self(run));
    }
}

/// Makes an [`Upgrade`] for each worker.
pub struct Upgrades<A>(pub A);

/// Answers upgrades with an app.
pub struct Upgrade<S>(Rc<S>);

impl<A> ServiceFactory<(Request, Framed<TcpStream, Codec>)> for Upgrades<A>
where
    A: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<BoxBody>,
            Error = Error,
        >,
    A::Future: 'static,
    A::Service: 'static,
{
    type Response = ();
    type Error = Error;
    type Config = ();
    type Service = Upgrade<A::Service>;
    type InitError = A::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, A::InitError>>;

    fn new_service(&self, (): ()) -> Self::Future {
        let app = self.0.new_service(AppConfig::default());
        async move { Ok(Upgrade(Rc::new(app.await?))) }.boxed_local()
    }
}

impl<S> Service<(Request, Framed<TcpStream, Codec>)> for Upgrade<S>
where
    S: Service<Request, Response = ServiceResponse<BoxBody>, Error = Error> + 'static,
{
    type Response = ();
    type Error = Error;
    type Future = LocalBoxFuture<'static, Result<(), Error>>;

    always_ready!();

    fn call(&self, (request, framed): (Request, Framed<TcpStream, Codec>)) -> Self::Future {
        let app = Rc::clone(&self.0);
        async move {
            let answered = app.call(request).await;
            drop(app);
            let response = match answered {
                Ok(response) => Response::from(response),
                Err(error) => error.error_response().into(),
            };
            // A peer that went before it had its answer is no failure of ours.
            if let Err(error) = answer(framed, response).await {
                tracing::debug!(cause = %error, "an upgrade was not answered");
            }
            Ok(())
        }
        .boxed_local()
    }
}

async fn answer(
    framed: Framed<TcpStream, Codec>,
    mut response: Response<BoxBody>,
) -> io::Result<()> {
    let taken = response.extensions_mut().remove::<Takeover>();
    let said = response.status() == StatusCode::SWITCHING_PROTOCOLS;
    match taken.filter(|_| said) {
        Some(Takeover(run)) => {
            let (stream, early) = timeout(PATIENCE, leave(framed, response)).await??;
            run(stream, early).await;
            Ok(())
        }
        None => timeout(PATIENCE, refuse(framed, response)).await?,
    }
}

/// Says 101 and leaves HTTP, without its buffers.
async fn leave(
    mut framed: Framed<TcpStream, Codec>,
    response: Response<BoxBody>,
) -> io::Result<(TcpStream, BytesMut)> {
    let head = Message::Item((response.drop_body(), BodySize::None));
    framed.send(head).await?;
    let parts = framed.into_parts();
    Ok((parts.io, BytesMut::from(&parts.read_buf[..])))
}

/// Answers anything else, and ends the connection: what the peer says next is no request.
async fn refuse(
    mut framed: Framed<TcpStream, Codec>,
    mut response: Response<BoxBody>,
) -> io::Result<()> {
    response
        .head_mut()
        .set_connection_type(ConnectionType::Close);
    let (response, body) = response.into_parts();
    let body = to_bytes(body)
        .await
        .map_err(|error| io::Error::other(error.to_string()))?;
    let size = BodySize::Sized(body.len() as u64);
    framed.send(Message::Item((response, size))).await?;
    framed.send(Message::Chunk(Some(body))).await?;
    framed.send(Message::Chunk(None)).await?;
    tokio::io::AsyncWriteExt::shutdown(framed.io_mut()).await
}
