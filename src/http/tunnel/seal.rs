//! What a gateway says of the client whose request it passes on: sealed with the installation's secret,
//! so that nobody else can say it, and good for this request and a minute.

use std::net::IpAddr;
use std::time::Duration;

use actix_web::http::header::HeaderMap;
use ring::hmac;
use secrecy::{ExposeSecret, SecretString};

use crate::clock::{Clock, Timestamp};

pub const HEADER: &str = "x-troupe-client";

/// How far the clocks of two machines may be apart.
const GOOD_FOR: Duration = Duration::from_secs(60);

/// Writes and reads seals. Cheap to clone.
#[derive(Clone)]
pub struct Seal {
    /// `None` where there is no secret: nobody is believed.
    key: Option<hmac::Key>,
    clock: Clock,
}

impl Seal {
    /// `secret`: `storage.keys_secret`, which every process of an installation has.
    pub fn new(secret: &SecretString, clock: Clock) -> Self {
        let secret = secret.expose_secret();
        let key = (!secret.is_empty()).then(|| {
            let master = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
            let derived = hmac::sign(&master, b"clients of gateways");
            hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref())
        });
        Self { key, clock }
    }

    /// The header's value: address, time and seal.
    pub fn close(&self, address: IpAddr, request_id: &str) -> String {
        let at = self.clock.now();
        let tag = self.key.as_ref().map(|key| {
            let tag = hmac::sign(key, &said(address, at, request_id));
            hex::encode(tag.as_ref())
        });
        format!("{address} {} {}", at.0, tag.unwrap_or_default())
    }

    /// The client of a request that a gateway passed on; `None`: it came from no gateway.
    pub fn open(&self, headers: &HeaderMap) -> Option<IpAddr> {
        let key = self.key.as_ref()?;
        let mut parts = headers.get(HEADER)?.to_str().ok()?.split(' ');
        let address: IpAddr = parts.next()?.parse().ok()?;
        let at = Timestamp(parts.next()?.parse().ok()?);
        let tag = hex::decode(parts.next()?).ok()?;
        let id = headers.get(crate::http::middleware::REQUEST_ID)?;
        hmac::verify(key, &said(address, at, id.to_str().ok()?), &tag).ok()?;
        let now = self.clock.now();
        (now.since(at) <= GOOD_FOR && at.since(now) <= GOOD_FOR).then_some(address)
    }
}

fn said(address: IpAddr, at: Timestamp, request_id: &str) -> Vec<u8> {
    format!("{address}\0{}\0{request_id}", at.0).into_bytes()
}
