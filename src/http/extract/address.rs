//! Where a request came from.

use std::future::{Ready, ready};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use actix_web::dev::Payload;
use actix_web::http::header::HeaderMap;
use actix_web::{FromRequest, HttpMessage, HttpRequest};

use crate::config::Network;
use crate::http::error::Problem;

/// The client's address: the peer's, or behind configured proxies the nearest hop that is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

impl ClientAddress {
    /// `X-Forwarded-For` is read from its end and only as far as hops are known proxies.
    pub fn of(peer: Option<IpAddr>, headers: &HeaderMap, proxies: &[Network]) -> Self {
        let mut address = peer
            .unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED))
            .to_canonical();
        let hops: Vec<&str> = headers
            .get_all("x-forwarded-for")
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .collect();
        for hop in hops.iter().rev() {
            if !proxies.iter().any(|proxy| proxy.contains(address)) {
                break;
            }
            match hop.trim().parse::<IpAddr>() {
                Ok(earlier) => address = earlier.to_canonical(),
                Err(_) => break,
            }
        }
        Self(address)
    }

    /// What a budget is counted by: of IPv6 the network that one subscriber has.
    pub fn budget_key(self) -> IpAddr {
        match self.0 {
            IpAddr::V4(_) => self.0,
            IpAddr::V6(address) => {
                IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & (u128::MAX << 64)))
            }
        }
    }
}

impl FromRequest for ClientAddress {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    /// The frame put it there.
    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let known = request.extensions().get::<Self>().copied();
        let peer = request.peer_addr().map(|peer| peer.ip());
        ready(Ok(
            known.unwrap_or_else(|| Self::of(peer, request.headers(), &[]))
        ))
    }
}
