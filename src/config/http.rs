//! `[http]`: the public listener.

use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, de};

use super::{Problems, span};

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpConfig {
    pub host: IpAddr,
    /// 0: any free one.
    pub port: u16,
    /// Where other processes reach this one, as host:port; empty: to be found out.
    pub advertised: String,
    /// 0: one per processor.
    pub workers: usize,
    pub body_bytes: usize,
    #[serde(with = "span")]
    pub head_timeout: Duration,
    #[serde(with = "span")]
    pub body_timeout: Duration,
    #[serde(with = "span")]
    pub keep_alive: Duration,
    pub trusted_proxies: Vec<Network>,
    pub demo_page: bool,
    pub cors: CorsConfig,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorsConfig {
    /// `*` for any.
    pub origins: Vec<String>,
    pub methods: Vec<String>,
    pub headers: Vec<String>,
    #[serde(with = "span")]
    pub max_age: Duration,
}

impl CorsConfig {
    /// Whether pages of this origin may call, and open sockets.
    pub fn allows(&self, origin: &str) -> bool {
        self.origins
            .iter()
            .any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
    }
}

impl HttpConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            (1024..=1 << 24).contains(&self.body_bytes),
            "http.body_bytes",
            "is not between 1 KiB and 16 MiB",
            "1048576 is what clients expect",
        );
        let port = self.advertised.rsplit_once(':').map(|(_, port)| port);
        problems.require(
            self.advertised.is_empty() || port.is_some_and(|port| port.parse::<u16>().is_ok()),
            "http.advertised",
            "has no port",
            "write it as \"10.0.0.7:8087\"",
        );
        problems.require(
            self.workers <= 64,
            "http.workers",
            "is above 64",
            "leave it at 0 for one per processor",
        );
        for (name, value) in [
            ("http.head_timeout", self.head_timeout),
            ("http.body_timeout", self.body_timeout),
            ("http.keep_alive", self.keep_alive),
        ] {
            problems.require(
                !value.is_zero(),
                name,
                "is zero",
                "give it a span such as \"30s\"",
            );
        }
        for origin in &self.cors.origins {
            let plausible = origin == "*"
                || origin
                    .split_once("://")
                    .is_some_and(|(_, rest)| !rest.is_empty() && !rest.contains('/'));
            problems.require(
                plausible,
                "http.cors.origins",
                &format!("has {origin:?}, which is no origin"),
                "write scheme, host and port alone, as \"https://chat.example.com\"",
            );
        }
        for method in &self.cors.methods {
            problems.require(
                actix_web::http::Method::from_str(method).is_ok(),
                "http.cors.methods",
                &format!("has {method:?}, which is no method"),
                "write methods as \"GET\"",
            );
        }
        for header in &self.cors.headers {
            problems.require(
                actix_web::http::header::HeaderName::from_str(header).is_ok(),
                "http.cors.headers",
                &format!("has {header:?}, which is no header name"),
                "write header names as \"content-type\"",
            );
        }
    }
}

/// An address, or a network as `10.0.0.0/8`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        let (own, other, width) = match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                (u128::from(own.to_bits()), u128::from(other.to_bits()), 32)
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => (own.to_bits(), other.to_bits(), 128),
            _ => return false,
        };
        let host_bits = width - u32::from(self.prefix);
        own.checked_shr(host_bits).unwrap_or(0) == other.checked_shr(host_bits).unwrap_or(0)
    }
}

impl FromStr for Network {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| ())?;
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            Some(prefix) => prefix.parse().map_err(|_| ())?,
            None => widest,
        };
        if prefix > widest {
            return Err(());
        }
        Ok(Self { address, prefix })
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| de::Error::custom("expected an address or a network as \"10.0.0.0/8\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let network: Network = "10.0.0.0/8".parse().unwrap();
        assert!(network.contains("10.9.8.7".parse().unwrap()));
        assert!(network.contains("::ffff:10.9.8.7".parse().unwrap()));
        assert!(!network.contains("11.0.0.1".parse().unwrap()));
        assert!(!network.contains("::1".parse().unwrap()));
        let any: Network = "0.0.0.0/0".parse().unwrap();
        assert!(any.contains("203.0.113.9".parse().unwrap()));
        let one: Network = "::1".parse().unwrap();
        assert!(one.contains("::1".parse().unwrap()));
        assert!(!one.contains("::2".parse().unwrap()));
        assert!("10.0.0.0/33".parse::<Network>().is_err());
    }
}
