//! Addresses of objects that hold for a while (AWS Signature Version 4, in the query).
//!
//! By hand because they may begin in the past: an address that is the same for half an hour leaves
//! answers and pictures in caches alone. Nobody is asked for one, so lists are full of them.

use std::fmt::Write;

use ring::{digest, hmac};

use crate::clock::Timestamp;

const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Who signs, and for where. `host` is the public one: it is part of what is signed.
#[derive(Clone)]
pub struct Presigner {
    pub scheme: String,
    pub host: String,
    /// Before the key: `/bucket`, or a path below which the server lies.
    pub path: String,
    pub region: String,
    pub access_key: String,
    pub secret_key: String,
}

impl Presigner {
    /// An address for `GET`. `key` is of letters, digits, `-`, `.` and `/` alone.
    pub fn get(&self, key: &str, since: Timestamp, seconds: u64) -> String {
        let (date, time) = stamp(since);
        let scope = format!("{date}/{}/s3/aws4_request", self.region);
        let credential = encoded(&format!("{}/{scope}", self.access_key));
        let path = format!("{}/{key}", self.path);
        let query = format!(
            "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={credential}&X-Amz-Date={time}\
             &X-Amz-Expires={seconds}&X-Amz-SignedHeaders=host"
        );
        let host = &self.host;
        let request = format!("GET\n{path}\n{query}\nhost:{host}\n\nhost\n{UNSIGNED}");
        let hash = hex::encode(digest::digest(&digest::SHA256, request.as_bytes()));
        let wanted = format!("AWS4-HMAC-SHA256\n{time}\n{scope}\n{hash}");
        let signature = hex::encode(hmac::sign(&self.key(&date), wanted.as_bytes()));
        format!(
            "{}://{host}{path}?{query}&X-Amz-Signature={signature}",
            self.scheme
        )
    }

    /// The key of a day.
    fn key(&self, date: &str) -> hmac::Key {
        let secret = format!("AWS4{}", self.secret_key);
        let first = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
        let steps = [date, &self.region, "s3", "aws4_request"];
        steps.into_iter().fold(first, |key, step| {
            let next = hmac::sign(&key, step.as_bytes());
            hmac::Key::new(hmac::HMAC_SHA256, next.as_ref())
        })
    }
}

/// `20260102` and `20260102T030405Z`.
fn stamp(at: Timestamp) -> (String, String) {
    let text: String = at
        .to_string()
        .chars()
        .filter(|c| c.is_ascii_alphanumeric())
        .collect();
    let (date, time) = text.split_at(8);
    (date.to_owned(), format!("{date}{}Z", &time[..7]))
}

fn encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the AWS documentation ("Authenticating Requests: Using Query Parameters").
    #[test]
    fn signs_as_amazon_does() {
        let signer = Presigner {
            scheme: "https".to_owned(),
            host: "examplebucket.s3.amazonaws.com".to_owned(),
            path: String::new(),
            region: "us-east-1".to_owned(),
            access_key: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".to_owned(),
        };
        // 2013-05-24T00:00:00Z
        let address = signer.get("test.txt", Timestamp(1_369_353_600_000), 86_400);
        let signature = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404";
        assert!(address.ends_with(signature), "{address}");
    }
}
