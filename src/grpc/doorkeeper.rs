//! Before any handler: who calls, whether there is room, and until when; and what came of it.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use http::{HeaderMap, Request, Response, header};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tonic::body::Body;
use tonic::{Code, Status};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::trace::{self, TraceContext};

/// What needs no token: it says as little as `/health`, and balancers ask it.
const HEALTH: &str = "/grpc.health.v1.Health/";
/// The transport ends a call with CANCELLED when the caller's time is over; we are this much earlier.
const BEFORE_TRANSPORT: Duration = Duration::from_millis(5);

/// Who is let in, and how many at once. Cheap to clone.
#[derive(Clone)]
pub struct Doorkeeper(Arc<Door>);

struct Door {
    /// SHA-256 of the token; `None`: nothing is asked.
    token: Option<[u8; 32]>,
    room: Arc<Semaphore>,
    deadline: Duration,
}

impl Doorkeeper {
    pub fn new(token: &SecretString, calls: usize, deadline: Duration) -> Self {
        let token = token.expose_secret();
        Self(Arc::new(Door {
            token: (!token.is_empty()).then(|| Sha256::digest(token).into()),
            room: Arc::new(Semaphore::new(calls)),
            deadline,
        }))
    }
}

impl<S> Layer<S> for Doorkeeper {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded {
            inner,
            door: Arc::clone(&self.0),
        }
    }
}

#[derive(Clone)]
pub struct Guarded<S> {
    inner: S,
    door: Arc<Door>,
}

impl<S> Service<Request<Body>> for Guarded<S>
where
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
    S::Error: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<Response<Body>, S::Error>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        // The one that said it is ready is the one to be called.
        let fresh = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, fresh);
        let door = Arc::clone(&self.door);
        let began = Instant::now();
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let span =
                tracing::info_span!("grpc", rpc.method = path, rpc.code = tracing::field::Empty);
            let sent = request.headers().get("traceparent");
            let sent = sent.and_then(|value| TraceContext::parse(value.to_str().ok()?));
            trace::adopt(&span, sent);
            let response = match door.admit(&path, request.headers()) {
                Ok(room) => {
                    let until = began + door.patience(request.headers());
                    let call = inner.call(request).instrument(span.clone());
                    let call =
                        tokio::time::timeout_at(until, AssertUnwindSafe(call).catch_unwind());
                    let outcome = call.await;
                    drop(room);
                    match outcome {
                        Ok(Ok(answered)) => answered?,
                        Ok(Err(_)) => {
                            tracing::error!(parent: &span, "handler panicked");
                            Status::internal("something went wrong on our side").into_http()
                        }
                        Err(_) => {
                            let late = "no answer in time; it may still have happened";
                            Status::deadline_exceeded(late).into_http()
                        }
                    }
                }
                Err(refusal) => refusal.into_http(),
            };
            account(&path, &response, &span, began);
            Ok(response)
        })
    }
}

impl Door {
    fn admit(
        &self,
        path: &str,
        headers: &HeaderMap,
    ) -> Result<tokio::sync::OwnedSemaphorePermit, Status> {
        if !path.starts_with(HEALTH) && !self.knows(headers) {
            let message = "send the installation's token as authorization: Bearer …";
            return Err(Status::unauthenticated(message));
        }
        let room = Arc::clone(&self.room).try_acquire_owned();
        room.map_err(|_| Status::resource_exhausted("too many calls are under way, try again"))
    }

    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else {
            return true;
        };
        let sent = headers.get(header::AUTHORIZATION);
        let sent = sent.and_then(|value| value.to_str().ok());
        let sent = sent.and_then(|value| value.split_once(' '));
        // Sums of one length are compared, so that neither words nor length can be guessed by time.
        sent.is_some_and(|(scheme, sent)| {
            let sum: [u8; 32] = Sha256::digest(sent.trim()).into();
            scheme.eq_ignore_ascii_case("bearer") && bool::from(sum.ct_eq(token))
        })
    }

    fn patience(&self, headers: &HeaderMap) -> Duration {
        let asked = headers.get("grpc-timeout");
        let asked = asked.and_then(|value| value.to_str().ok()).and_then(span);
        match asked {
            Some(asked) => self.deadline.min(asked.saturating_sub(BEFORE_TRANSPORT)),
            None => self.deadline,
        }
    }
}

/// A `grpc-timeout`: up to eight digits and a unit.
fn span(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(count * 3600),
        "M" => Duration::from_secs(count * 60),
        "S" => Duration::from_secs(count),
        "m" => Duration::from_millis(count),
        "u" => Duration::from_micros(count),
        "n" => Duration::from_nanos(count),
        _ => return None,
    })
}

/// Counts. A method that is not there may be named anything, so its name is not counted by.
fn account(path: &str, response: &Response<Body>, span: &tracing::Span, began: Instant) {
    // What succeeds says so after its body.
    let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
    let method = match code {
        Code::Unimplemented | Code::Unauthenticated if !path.starts_with("/troupe.v1.") => "other",
        Code::Unimplemented => "other",
        _ => path,
    };
    let labels = [("method", method.to_owned()), ("code", format!("{code:?}"))];
    metrics::counter!("grpc_requests_total", &labels).increment(1);
    metrics::histogram!("grpc_request_seconds", "method" => method.to_owned())
        .record(began.elapsed().as_secs_f64());
    span.record("rpc.code", i32::from(code));
    let _entered = span.enter();
    tracing::debug!("call answered");
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use http::{Request, Response};
    use secrecy::SecretString;
    use tonic::body::Body;
    use tonic::{Code, Status};
    use tower::{Layer, Service, service_fn};

    use super::{Doorkeeper, span};

    fn request(timeout: Option<&str>) -> Request<Body> {
        let mut request = Request::builder().uri("/troupe.v1.UserService/GetUser");
        if let Some(timeout) = timeout {
            request = request.header("grpc-timeout", timeout);
        }
        request.body(Body::empty()).unwrap()
    }

    fn doorkeeper() -> Doorkeeper {
        Doorkeeper::new(&SecretString::from(""), 1, Duration::from_secs(10))
    }

    fn code(response: &Response<Body>) -> Code {
        Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code())
    }

    #[tokio::test(start_paused = true)]
    async fn the_shorter_deadline_ends_a_call() {
        let never = service_fn(|_| std::future::pending::<Result<Response<Body>, Infallible>>());
        let mut service = doorkeeper().layer(never);
        for (timeout, seconds) in [
            (None, 10),
            (Some("3S"), 3),
            (Some("9H"), 10),
            (Some("?"), 10),
        ] {
            let began = tokio::time::Instant::now();
            let response = service.call(request(timeout)).await.unwrap();
            assert_eq!(code(&response), Code::DeadlineExceeded, "{timeout:?}");
            assert_eq!(
                began.elapsed().as_secs_f64().round() as u64,
                seconds,
                "{timeout:?}"
            );
        }
    }

    #[tokio::test(start_paused = true)]
    async fn who_finds_no_room_is_told_at_once() {
        let never = service_fn(|_| std::future::pending::<Result<Response<Body>, Infallible>>());
        let mut service = doorkeeper().layer(never);
        let first = tokio::spawn(service.call(request(None)));
        tokio::task::yield_now().await;
        let second = service.call(request(None)).await.unwrap();
        assert_eq!(code(&second), Code::ResourceExhausted);
        let first = first.await.unwrap().unwrap();
        assert_eq!(code(&first), Code::DeadlineExceeded);
        let third = service.call(request(Some("1S"))).await.unwrap();
        assert_eq!(
            code(&third),
            Code::DeadlineExceeded,
            "the room is free again"
        );
    }

    #[tokio::test]
    async fn a_panic_is_one_calls_end() {
        let broken =
            service_fn(async |_| -> Result<Response<Body>, Infallible> { panic!("broken") });
        let mut service = doorkeeper().layer(broken);
        for _ in 0..3 {
            let response = service.call(request(None)).await.unwrap();
            assert_eq!(code(&response), Code::Internal);
        }
    }

    #[test]
    fn timeouts_are_read_as_they_are_written() {
        assert_eq!(span("250m"), Some(Duration::from_millis(250)));
        assert_eq!(
            span("99999999H"),
            Some(Duration::from_secs(99_999_999 * 3600))
        );
        for wrong in ["", "1", "S", "-1S", "123456789S", "1x", "1é"] {
            assert_eq!(span(wrong), None, "{wrong}");
        }
    }
}
