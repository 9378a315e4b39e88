//! What is still to come of a body, for whoever reads it next.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::error::PayloadError;
use actix_web::web::{Bytes, Payload};
use futures_util::{Stream, StreamExt};
use tokio::time::timeout;

/// Most that is read only so that a client gets to hear why it is refused.
const DRAINED_BYTES: usize = 256 * 1024 * 1024;
const DRAINED_FOR: Duration = Duration::from_secs(60);
/// How long nothing may come meanwhile.
const SILENCE: Duration = Duration::from_secs(5);

/// A body as a stream; clones go on where the others are.
#[derive(Clone)]
pub struct Rest(Rc<RefCell<Option<Payload>>>);

impl Rest {
    pub fn new(payload: Payload) -> Self {
        Self(Rc::new(RefCell::new(Some(payload))))
    }

    /// Reads and drops the rest, within bounds.
    pub async fn drain(mut self) {
        let drained = async {
            let mut bytes = 0;
            while let Ok(Some(Ok(piece))) = timeout(SILENCE, self.next()).await {
                bytes += piece.len();
                if bytes > DRAINED_BYTES {
                    break;
                }
            }
        };
        let _ = timeout(DRAINED_FOR, drained).await;
    }
}

impl Stream for Rest {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut payload = self.0.borrow_mut();
        let Some(stream) = payload.as_mut() else {
            return Poll::Ready(None);
        };
        let next = Pin::new(stream).poll_next(cx);
        if matches!(next, Poll::Ready(None | Some(Err(_)))) {
            *payload = None;
        }
        next
    }
}
