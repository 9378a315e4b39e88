//! Where a client finds this server. Addresses on the server itself are made before anyone knows who
//! will read them, so they begin with a stand-in; where an answer or a frame leaves, the host that its
//! reader used takes its place.

use std::borrow::Cow;
use std::net::SocketAddr;
use std::sync::OnceLock;

use bytes::{Bytes, BytesMut};
use memchr::memmem::Finder;
use uuid::Uuid;

struct StandIn {
    text: String,
    finder: Finder<'static>,
}

/// Made when it is first used. No one can guess it, so no text of a client's holds it.
static STAND_IN: OnceLock<StandIn> = OnceLock::new();

/// Where this server listens, for readers of whom no more is known.
static LISTENING: OnceLock<String> = OnceLock::new();

/// Remembers where this server listens.
pub fn listening_at(address: SocketAddr) {
    let _ = LISTENING.set(format!("http://{address}"));
}

/// The text for who reads it beside HTTP and sockets: with where this server listens.
pub fn plain(text: &str) -> Cow<'_, str> {
    let put = LISTENING
        .get()
        .and_then(|origin| put_into(text.as_bytes(), origin));
    match put.map(|bytes| String::from_utf8(bytes.to_vec())) {
        Some(Ok(text)) => Cow::Owned(text),
        _ => Cow::Borrowed(text),
    }
}

/// What addresses on this server begin with.
pub fn stand_in() -> &'static str {
    let made = STAND_IN.get_or_init(|| {
        let text = format!("http://{}.invalid", Uuid::new_v4().simple());
        let finder = Finder::new(&text).into_owned();
        StandIn { text, finder }
    });
    &made.text
}

/// Whether it stands in this text. Costs nothing where media have a server of their own.
pub fn is_in(text: &[u8]) -> bool {
    let made = STAND_IN.get();
    made.is_some_and(|made| made.finder.find(text).is_some())
}

/// The text with an origin for the stand-in; `None` when it is not there.
pub fn put_into(text: &[u8], origin: &str) -> Option<Bytes> {
    let made = STAND_IN.get()?;
    let mut places = made.finder.find_iter(text).peekable();
    places.peek()?;
    let mut written = BytesMut::with_capacity(text.len());
    let mut from = 0;
    for place in places {
        written.extend_from_slice(&text[from..place]);
        written.extend_from_slice(origin.as_bytes());
        from = place + made.text.len();
    }
    written.extend_from_slice(&text[from..]);
    Some(written.freeze())
}

/// The origin that a client used, by its `Host`; `None` when that could not stand in an address.
pub fn of_host(host: &str, is_secure: bool) -> Option<String> {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]".contains(&byte);
    let is_host = !host.is_empty() && host.len() <= 255 && host.bytes().all(fits);
    let scheme = if is_secure { "https" } else { "http" };
    is_host.then(|| format!("{scheme}://{host}"))
}

/// The same for a single address.
pub fn at<'a>(address: &'a str, origin: &str) -> Cow<'a, str> {
    match address.strip_prefix(stand_in()) {
        Some(rest) => Cow::Owned(format!("{origin}{rest}")),
        None => Cow::Borrowed(address),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stand_in_is_replaced_and_nothing_else() {
        let text = format!(
            "{{\"a\":\"{0}/x\",\"b\":\"{0}/y\",\"c\":\"http://z\"}}",
            stand_in()
        );
        assert!(is_in(text.as_bytes()));
        let put = put_into(text.as_bytes(), "http://10.0.2.2:8080").unwrap();
        let expected = "{\"a\":\"http://10.0.2.2:8080/x\",\"b\":\"http://10.0.2.2:8080/y\",\"c\":\"http://z\"}";
        assert_eq!(put, expected);
        assert!(put_into(&put, "http://h").is_none());
    }

    #[test]
    fn a_host_that_could_break_an_answer_is_none() {
        assert_eq!(
            of_host("10.0.2.2:8080", false).as_deref(),
            Some("http://10.0.2.2:8080")
        );
        assert_eq!(
            of_host("[::1]:8080", true).as_deref(),
            Some("https://[::1]:8080")
        );
        for host in ["", "a\"b", "a/b", "a b", "a@b"] {
            assert_eq!(of_host(host, false), None, "{host:?}");
        }
    }
}
