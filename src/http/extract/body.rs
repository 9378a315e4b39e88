//! JSON bodies: 400 what is no JSON, 422 the wrong shape, 413 too large, 408 too slow, 415 not JSON or
//! in an encoding other than gzip.

use actix_web::dev::Payload;
use actix_web::http::{StatusCode, header};
use actix_web::{FromRequest, HttpRequest, web};
use bytes::BytesMut;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use garde::Validate;
use serde::de::{DeserializeOwned, IgnoredAny};

use super::inflate::{Encoding, Inflow};
use super::shape;
use crate::config::{Config, HttpConfig};
use crate::error::{ErrorCode, Failure};
use crate::http::error::Problem;

/// A checked JSON body.
#[derive(Clone, Debug)]
pub struct Body<T>(pub T);

impl<T> FromRequest for Body<T>
where
    T: DeserializeOwned + Validate<Context = ()> + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        Box::pin(async move { Ok(Self(parse(&bytes.await?)?)) })
    }
}

/// A checked JSON body that may be absent: no bytes stand for the default.
#[derive(Clone, Debug)]
pub struct MaybeBody<T>(pub T);

impl<T> FromRequest for MaybeBody<T>
where
    T: DeserializeOwned + Default + Validate<Context = ()> + 'static,
{
    type Error = Problem;
    type Future = LocalBoxFuture<'static, Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let bytes = read(request, payload);
        Box::pin(async move {
            let bytes = bytes.await?;
            if bytes.is_empty() {
                return Ok(Self(T::default()));
            }
            Ok(Self(parse(&bytes)?))
        })
    }
}

fn read(
    request: &HttpRequest,
    payload: &mut Payload,
) -> impl Future<Output = Result<BytesMut, Problem>> + use<> {
    let accepted = check_headers(request);
    let config = request.app_data::<web::Data<Config>>().cloned();
    let payload = payload.take();
    let announced: Option<usize> = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok()?.parse().ok());
    async move {
        let encoding = accepted?;
        let config = config.ok_or_else(Failure::internal)?;
        if announced.is_some_and(|length| length > config.http.body_bytes) {
            return Err(Problem::of_status(StatusCode::PAYLOAD_TOO_LARGE));
        }
        collect(payload, encoding, &config.http).await
    }
}

/// A missing content type is taken for JSON.
fn check_headers(request: &HttpRequest) -> Result<Encoding, Problem> {
    let refused = || Problem::of_status(StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let headers = request.headers();
    let encoding = Encoding::of(headers).ok_or_else(refused)?;
    let Some(content_type) = headers.get(header::CONTENT_TYPE) else {
        return Ok(encoding);
    };
    let essence = content_type
        .to_str()
        .unwrap_or_default()
        .split(';')
        .next()
        .unwrap_or_default()
        .trim()
        .to_ascii_lowercase();
    if essence == "application/json" || essence.ends_with("+json") {
        return Ok(encoding);
    }
    Err(refused())
}

async fn collect(
    payload: Payload,
    encoding: Encoding,
    config: &HttpConfig,
) -> Result<BytesMut, Problem> {
    let reading = async {
        let mut payload = std::pin::pin!(payload);
        let mut inflow = Inflow::new(encoding, config.body_bytes);
        while let Some(chunk) = payload.next().await {
            inflow.push(&chunk.map_err(|_| Problem::of_status(StatusCode::BAD_REQUEST))?)?;
        }
        inflow.finish()
    };
    match tokio::time::timeout(config.body_timeout, reading).await {
        Ok(read) => read,
        Err(_) => Err(Problem::of_status(StatusCode::REQUEST_TIMEOUT)),
    }
}

/// Reads and checks; every field that is wrong is named as the contract spells it.
fn parse<T: DeserializeOwned + Validate<Context = ()>>(bytes: &[u8]) -> Result<T, Failure> {
    // serde would take the items of a list for the fields, in their order.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(match is_json(bytes) {
            true => Failure::invalid("body", "must be an object"),
            false => not_json(),
        });
    }
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let value: T = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        // A field may be wrong before what is no JSON was come to.
        match is_json(bytes) {
            true => shape::refused(&path, &error.into_inner().to_string()),
            false => not_json(),
        }
    })?;
    reader.end().map_err(|_| not_json())?;
    value.validate().map_err(|report| shape::report(&report))?;
    Ok(value)
}

fn is_json(bytes: &[u8]) -> bool {
    std::str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

fn not_json() -> Failure {
    Failure::new(ErrorCode::BadRequest, "the body is no JSON")
}
