//! The heads of what is passed on, without what is between two neighbours alone.

use actix_web::HttpResponseBuilder;
use actix_web::http::header::HeaderMap;
use reqwest::header::{HeaderName, HeaderValue};

use super::Seal;
use super::seal::HEADER as SEALED;
use crate::http::extract::ClientAddress;
use crate::http::middleware::REQUEST_ID;

/// Between two neighbours alone, or said anew.
const NOT_PASSED_ON: [&str; 11] = [
    "connection",
    "upgrade",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "content-length",
    "proxy-authorization",
    "x-forwarded-for",
    REQUEST_ID,
    SEALED,
];

/// The client's own head, its address and the request's id.
pub fn passed_on(
    headers: &HeaderMap,
    address: &ClientAddress,
    id: &str,
    seal: &Seal,
) -> reqwest::header::HeaderMap {
    let mut passed = reqwest::header::HeaderMap::new();
    for (name, value) in headers {
        if !NOT_PASSED_ON.contains(&name.as_str()) {
            append(&mut passed, name.as_str(), value.as_bytes());
        }
    }
    append(
        &mut passed,
        "x-forwarded-for",
        address.0.to_string().as_bytes(),
    );
    append(&mut passed, REQUEST_ID, id.as_bytes());
    append(&mut passed, SEALED, seal.close(address.0, id).as_bytes());
    passed
}

pub fn append(headers: &mut reqwest::header::HeaderMap, name: &str, value: &[u8]) {
    let name = HeaderName::from_bytes(name.as_bytes());
    if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(value)) {
        headers.append(name, value);
    }
}

/// What the other process answered.
pub fn copy_back(headers: &reqwest::header::HeaderMap, response: &mut HttpResponseBuilder) {
    for (name, value) in headers {
        if !NOT_PASSED_ON.contains(&name.as_str()) {
            response.append_header((name.as_str(), value.as_bytes()));
        }
    }
}
