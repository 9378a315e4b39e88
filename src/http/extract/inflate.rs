//! The bytes of a body as they come, plain or as gzip, and never more of them than a body may have.

use std::io::{self, ErrorKind, Write};

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_ENCODING, HeaderMap};
use bytes::BytesMut;
use flate2::write::MultiGzDecoder;

use crate::http::error::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    Plain,
    Gzip,
}

impl Encoding {
    /// What `Content-Encoding` says; `None` is what is not understood, as two of them.
    pub fn of(headers: &HeaderMap) -> Option<Self> {
        let mut values = headers.get_all(CONTENT_ENCODING);
        let Some(value) = values.next() else {
            return Some(Self::Plain);
        };
        if values.next().is_some() {
            return None;
        }
        let is = |name: &[u8]| value.as_bytes().eq_ignore_ascii_case(name);
        if is(b"identity") {
            Some(Self::Plain)
        } else {
            (is(b"gzip") || is(b"x-gzip")).then_some(Self::Gzip)
        }
    }
}

/// Takes chunks and gives the body. 413 beyond the limit, sent or inflated; 400 what is no gzip.
pub struct Inflow {
    received: usize,
    limit: usize,
    kept: Kept,
}

enum Kept {
    Plain(BytesMut),
    Gzip(Box<MultiGzDecoder<Bounded>>),
}

impl Inflow {
    pub fn new(encoding: Encoding, limit: usize) -> Self {
        let bytes = BytesMut::new();
        let kept = match encoding {
            Encoding::Plain => Kept::Plain(bytes),
            Encoding::Gzip => Kept::Gzip(Box::new(MultiGzDecoder::new(Bounded { bytes, limit }))),
        };
        Self {
            received: 0,
            limit,
            kept,
        }
    }

    pub fn push(&mut self, chunk: &[u8]) -> Result<(), Problem> {
        self.received += chunk.len();
        if self.received > self.limit {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        match &mut self.kept {
            Kept::Plain(bytes) => bytes.extend_from_slice(chunk),
            Kept::Gzip(decoder) => decoder.write_all(chunk).map_err(|error| refusal(&error))?,
        }
        Ok(())
    }

    pub fn finish(self) -> Result<BytesMut, Problem> {
        match self.kept {
            Kept::Plain(bytes) => Ok(bytes),
            // No body at all, whatever its encoding would have been.
            Kept::Gzip(_) if self.received == 0 => Ok(BytesMut::new()),
            Kept::Gzip(decoder) => match decoder.finish() {
                Ok(bounded) => Ok(bounded.bytes),
                Err(error) => Err(refusal(&error)),
            },
        }
    }
}

fn refusal(error: &io::Error) -> Problem {
    Problem::of_status(match error.kind() {
        ErrorKind::FileTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        _ => StatusCode::BAD_REQUEST,
    })
}

/// Refuses to grow beyond its limit: a decoder gives some kilobytes at a time, so no more than those
/// are ever inflated in vain.
struct Bounded {
    bytes: BytesMut,
    limit: usize,
}

impl Write for Bounded {
    fn write(&mut self, data: &[u8]) -> io::Result<usize> {
        if self.bytes.len() + data.len() > self.limit {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.bytes.extend_from_slice(data);
        Ok(data.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
