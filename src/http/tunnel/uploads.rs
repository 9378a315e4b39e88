//! A gateway without media of its own passes uploads on to a process that has them, piece by piece.

use std::time::Duration;

use actix_web::http::header::CONTENT_LENGTH;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream;
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::time::timeout;

use super::{CONNECT, Doors, head, refusal};
use crate::actors::group::Group;
use crate::error::{ErrorCode, Failure};
use crate::http::extract::ClientAddress;
use crate::http::middleware::RequestId;
use crate::http::rest::Rest;

/// Pieces that may wait between the two sides.
const PIECES: usize = 4;

/// The way to the media of other processes. Cheap to clone.
#[derive(Clone)]
pub struct UploadTunnel {
    doors: Doors,
    patience: Duration,
}

impl UploadTunnel {
    /// `patience`: for a whole upload.
    pub fn new(doors: Doors, patience: Duration) -> Self {
        Self { doors, patience }
    }

    /// Passes an upload on, and its answer back, whatever that is; 503 where nobody takes it.
    pub async fn upload(&self, request: &HttpRequest, rest: Rest) -> Result<HttpResponse, Failure> {
        let address = request.extensions().get::<ClientAddress>().copied();
        let id = request.extensions().get::<RequestId>().cloned();
        let (Some(address), Some(id)) = (address, id) else {
            return Err(Failure::internal());
        };
        let door = self.open_door().await?;
        let mut headers =
            head::passed_on(request.headers(), &address, id.as_str(), self.doors.seal());
        if let Some(length) = request.headers().get(CONTENT_LENGTH) {
            head::append(&mut headers, "content-length", length.as_bytes());
        }
        let (pieces, mut taken) = mpsc::channel::<Result<Bytes, std::io::Error>>(PIECES);
        let body = stream::poll_fn(move |cx| taken.poll_recv(cx));
        let asked = self
            .doors
            .client()
            .post(format!("http://{door}{}", request.uri()))
            .headers(headers)
            .body(reqwest::Body::wrap_stream(body))
            .send();
        let both = async { tokio::join!(asked, carry(rest, pieces)).0 };
        match timeout(self.patience, both).await {
            Ok(Ok(response)) => refusal(response).await,
            Ok(Err(error)) => {
                let (is_timeout, is_body) = (error.is_timeout(), error.is_body());
                tracing::warn!(is_timeout, is_body, "a process with media did not answer");
                Err(Failure::unavailable(
                    "the part that keeps media did not answer, try again",
                ))
            }
            Err(_) => Err(Failure::new(ErrorCode::Timeout, "no answer in time")),
        }
    }

    /// A process that can be connected to: a body that is under way cannot be tried elsewhere.
    async fn open_door(&self) -> Result<String, Failure> {
        for door in self.doors.in_turn(Group::Media) {
            match timeout(CONNECT, TcpStream::connect(&door)).await {
                Ok(Ok(_)) => return Ok(door),
                _ => tracing::warn!(node.address = door, "a process with media is not reached"),
            }
        }
        Err(Failure::unavailable(
            "no part that keeps media is running, try again",
        ))
    }
}

/// Hands the body over, and reads what nobody takes any more.
async fn carry(mut rest: Rest, pieces: mpsc::Sender<Result<Bytes, std::io::Error>>) {
    while let Some(piece) = rest.next().await {
        let is_over = piece.is_err();
        if pieces
            .send(piece.map_err(std::io::Error::other))
            .await
            .is_err()
        {
            drop(pieces);
            return rest.drain().await;
        }
        if is_over {
            return;
        }
    }
}
