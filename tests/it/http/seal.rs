//! What a gateway says of its client: believed from it alone, for one request and a minute.

use std::time::Duration;

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use secrecy::SecretString;
use troupe::clock::{Clock, Timestamp};
use troupe::http::tunnel::Seal;

const START: Timestamp = Timestamp(1_800_000_000_000);

fn headers(said: &str, id: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in [("x-troupe-client", said), ("x-request-id", id)] {
        let value = HeaderValue::from_str(value).expect("a value");
        headers.insert(HeaderName::from_static(name), value);
    }
    headers
}

fn seal(secret: &str, clock: Clock) -> Seal {
    Seal::new(&SecretString::from(secret), clock)
}

#[tokio::test(start_paused = true)]
async fn only_a_gateway_says_who_its_client_is() {
    let clock = Clock::tokio(START);
    let (mine, other, none) = (seal("one", clock), seal("other", clock), seal("", clock));
    let address = "203.0.113.7".parse().expect("an address");
    let said = mine.close(address, "r1");
    assert_eq!(mine.open(&headers(&said, "r1")), Some(address));
    assert_eq!(mine.open(&headers(&said, "r2")), None, "another request");
    assert_eq!(other.open(&headers(&said, "r1")), None, "another secret");
    assert_eq!(none.open(&headers(&said, "r1")), None, "no secret");
    let unsealed = none.close(address, "r1");
    assert_eq!(none.open(&headers(&unsealed, "r1")), None);
    assert_eq!(mine.open(&headers(&unsealed, "r1")), None);
    let another = said.replacen("203.0.113.7", "203.0.113.8", 1);
    assert_eq!(mine.open(&headers(&another, "r1")), None, "another client");
    for junk in [
        "",
        "x",
        "203.0.113.7",
        "203.0.113.7 1",
        "203.0.113.7 1 zz",
        "a b c",
    ] {
        assert_eq!(mine.open(&headers(junk, "r1")), None, "{junk}");
    }
    tokio::time::advance(Duration::from_secs(61)).await;
    assert_eq!(mine.open(&headers(&said, "r1")), None, "late");
}
