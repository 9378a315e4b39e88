//! Bodies sent as gzip.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::Method;
use serde_json::json;

use crate::support::{Person, Reply, Server};

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).expect("compressed");
    encoder.finish().expect("compressed")
}

async fn sync(person: &Person, encoding: &str, body: Vec<u8>) -> Reply {
    let api = person.api.with_header("content-encoding", encoding);
    api.send(Method::POST, "/sync", Some(body), "application/json")
        .await
}

/// A body of `/sync` with this many bytes.
fn plain(size: usize) -> Vec<u8> {
    let body = json!({"chats": {}, "me": 0}).to_string();
    format!("{body}{}", " ".repeat(size - body.len())).into_bytes()
}

#[tokio::test]
async fn a_gzip_body_is_read_like_any_other() {
    let server = Server::shared().await;
    let person = server.person().await;
    for encoding in ["gzip", "GZIP", "x-gzip"] {
        sync(&person, encoding, gzip(&plain(60))).await.ok();
    }
    let members = [gzip(b"{\"chats\":{}"), gzip(b",\"me\":0}")].concat();
    sync(&person, "gzip", members).await.ok();
    sync(&person, "identity", plain(60)).await.ok();
    let renamed = gzip(
        json!({"displayName": "Zoë Ångström"})
            .to_string()
            .as_bytes(),
    );
    let api = person.api.with_header("content-encoding", "gzip");
    let me = api
        .send(
            Method::PATCH,
            "/users/me",
            Some(renamed),
            "application/json",
        )
        .await
        .ok();
    assert_eq!(me["displayName"], "Zoë Ångström");
    let wrong = gzip(b"{\"chats\":[]}");
    sync(&person, "gzip", wrong).await.refused_field("chats");
    sync(&person, "gzip", gzip(b"{")).await.refused(400);
    sync(&person, "gzip", gzip(b"")).await.refused(400);
}

#[tokio::test]
async fn what_inflates_beyond_the_limit_is_413() {
    let server = Server::shared().await;
    let person = server.person().await;
    sync(&person, "gzip", gzip(&plain(1 << 20))).await.ok();
    for size in [(1 << 20) + 1, 200 << 20] {
        let bomb = gzip(&plain(size));
        assert!(bomb.len() < 1 << 20);
        sync(&person, "gzip", bomb).await.refused(413);
    }
}

#[tokio::test]
async fn a_corrupt_gzip_body_is_400() {
    let server = Server::shared().await;
    let person = server.person().await;
    let good = gzip(&plain(600));
    let mut bad_sum = good.clone();
    let at = bad_sum.len() - 6;
    bad_sum[at] ^= 1;
    let cut = good[..good.len() - 9].to_vec();
    let without_sum = good[..good.len() - 1].to_vec();
    let trailed = [&good[..], b"and more"].concat();
    let no_gzip = plain(60);
    for body in [
        bad_sum,
        cut,
        without_sum,
        trailed,
        no_gzip,
        vec![0x1f, 0x8b],
    ] {
        sync(&person, "gzip", body).await.refused(400);
    }
}

#[tokio::test]
async fn other_encodings_are_415() {
    let server = Server::shared().await;
    let person = server.person().await;
    for encoding in ["br", "zstd", "deflate", "compress", "gzip, gzip", "", "x"] {
        sync(&person, encoding, gzip(&plain(60))).await.refused(415);
    }
}

#[tokio::test]
async fn an_encoding_said_twice_is_415() {
    let server = Server::shared().await;
    let person = server.person().await;
    let answer = reqwest::Client::new()
        .post(format!("{}/api/v1/sync", server.origin()))
        .bearer_auth(&person.access_token)
        .header("content-encoding", "gzip")
        .header("content-encoding", "gzip")
        .body(gzip(&gzip(&plain(60))))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 415);
}
