//! Hostile uploads and addresses.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::media::{Form, fetch, fetch_with, film, flood, jpeg, png, wav};
use crate::support::{Person, Server};

/// Files below a folder, but for the key.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if path.file_name().is_some_and(|name| name != "key") {
                found.push(path);
            }
        }
    }
    found
}

async fn send(person: &Person, kind: &str, bytes: &[u8]) -> u16 {
    Form::new(kind, "x", bytes).send(&person.api).await.status
}

fn cut(bytes: &[u8], part: usize) -> Vec<u8> {
    bytes[..bytes.len() * part / 100].to_vec()
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    let spoilt = |mut bytes: Vec<u8>| {
        let length = bytes.len();
        bytes[16..length - 4].fill(0x41);
        bytes
    };
    let playlist = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n".to_vec();
    let polyglot = [b"GIF89a".as_slice(), b"<script>alert(1)</script>"].concat();
    let cases: Vec<(&str, Vec<u8>, u16)> = vec![
        ("image", film(false), 415),
        ("video", png(4, 4), 415),
        ("audio", film(false), 415),
        ("audio", png(4, 4), 415),
        (
            "image",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec(),
            415,
        ),
        ("video", playlist.clone(), 415),
        ("audio", playlist, 415),
        ("image", cut(&jpeg(600, 400), 60), 422),
        ("image", cut(&png(600, 400), 60), 422),
        ("image", spoilt(png(60, 40)), 422),
        ("image", jpeg(60, 40)[..20].to_vec(), 422),
        ("image", flood(60_000, 60_000), 422),
        ("image", flood(1, 2_000_000_000), 422),
        ("image", polyglot, 422),
        ("video", cut(&film(false), 30), 422),
        ("video", spoilt(film(false)), 422),
        ("audio", wav(1)[..30].to_vec(), 422),
        ("image", Vec::new(), 422),
    ];
    for (place, (kind, bytes, status)) in cases.iter().enumerate() {
        assert_eq!(
            send(&anna, kind, bytes).await,
            *status,
            "case {place}: {kind}"
        );
    }
    let kept = files(&server.data_path().join("media"));
    assert!(kept.is_empty(), "{kept:?}");
    assert_eq!(
        send(&anna, "image", &png(4, 4)).await,
        201,
        "and it goes on"
    );
}

/// Of the server, in kilobytes: what it has had at most.
fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse().ok())
        .expect("a peak")
}

#[tokio::test]
async fn a_flood_of_pixels_takes_no_memory() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    assert_eq!(send(&anna, "image", &png(64, 64)).await, 201);
    let before = peak(server.pid());
    for bytes in [
        flood(60_000, 60_000),
        flood(9_000, 9_000),
        flood(1, 400_000_000),
    ] {
        assert_eq!(send(&anna, "image", &bytes).await, 422);
    }
    let grown = peak(server.pid()) - before;
    assert!(
        grown < 32 * 1024,
        "{grown} kB for pictures that are not opened"
    );
}

#[tokio::test]
async fn names_do_no_harm() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    let long = "n".repeat(10_000);
    for name in [
        "../../../escape",
        "a\\..\\b",
        "/etc/passwd",
        "..",
        "a%00b",
        &long,
    ] {
        let made = anna.upload("document", name, b"words").await;
        let id = made["mediaId"].as_str().unwrap();
        let found = anna.api.get(&format!("/media/{id}")).await.ok();
        let kept = found["file_name"].as_str().unwrap_or_default().to_owned();
        assert!(
            !kept.contains(['/', '\\']) && kept.chars().count() <= 255,
            "{kept}"
        );
        assert_eq!(fetch(made["url"].as_str().unwrap()).await.2, b"words");
    }
    let media = server.data_path().join("media");
    for path in files(&server.data_path()) {
        let is_own = path.starts_with(&media) && path.ends_with("original");
        let name = path
            .file_name()
            .and_then(|name| name.to_str())
            .unwrap_or_default();
        let is_other = ["troupe.db", "search.db", "keys.json", "lock"]
            .iter()
            .any(|one| name.contains(one));
        assert!(is_own || is_other, "{path:?}");
    }
    let two = "a\"; filename=\"../b";
    anna.upload("document", two, b"words").await;
}

#[tokio::test]
async fn an_altered_or_old_address_is_refused() {
    let server = Server::options()
        .embedded()
        .unlimited()
        .setting("MEDIA__ADDRESS_LIFE", "1m")
        .start()
        .await;
    let anna = server.person().await;
    let made = anna.upload("image", "a.png", &png(4, 4)).await;
    let other = anna.upload("image", "b.png", &png(5, 5)).await;
    let url = made["url"].as_str().unwrap();
    assert_eq!(fetch(url).await.0, 200);
    let (id, other) = (
        made["mediaId"].as_str().unwrap(),
        other["mediaId"].as_str().unwrap(),
    );
    let expires = url
        .split("expires=")
        .nth(1)
        .unwrap()
        .split('&')
        .next()
        .unwrap();
    let later = (expires.parse::<i64>().unwrap() + 3600).to_string();
    for altered in [
        url.replace(id, other),
        url.replace("original", "thumb.jpg"),
        url.replace(expires, &later),
        format!("{url}00"),
        url[..url.len() - 2].to_owned(),
        url.replace(expires, "-1"),
        url.replace(expires, "9223372036854775807"),
        url.replace(expires, "soon"),
        url.replace("signature", "signed"),
        format!("{url}&more=1"),
    ] {
        let (status, headers, _) = fetch(&altered).await;
        assert_eq!(status, 403, "{altered}");
        assert_eq!(headers["content-type"], "application/problem+json");
    }
    let bare = server.root().get(&format!("/files/{id}/original")).await;
    bare.refused(403);
    assert_eq!(fetch(&url.replace("original", "key")).await.0, 404);
    assert_eq!(fetch(&url.replace(id, "..%2f..%2fkey")).await.0, 404);
}

#[tokio::test]
async fn a_page_that_was_uploaded_can_do_nothing() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    let page = b"<html><script>alert(1)</script>";
    let made = anna.upload("document", "x.html", page).await;
    let (_, headers, _) = fetch(made["url"].as_str().unwrap()).await;
    assert_eq!(headers["x-content-type-options"], "nosniff");
    assert_eq!(
        headers["content-security-policy"],
        "default-src 'none'; sandbox"
    );
    let offered = headers["content-disposition"].to_str().unwrap();
    assert!(offered.starts_with("attachment"), "{offered}");
}

#[tokio::test]
async fn ranges_of_nonsense_are_the_whole_or_nothing() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    let made = anna.upload("document", "x", b"0123456789").await;
    let url = made["url"].as_str().unwrap();
    for (range, status) in [
        ("bytes=99999999999999999999-", 200),
        ("bytes=0-1,2-3,4-5", 200),
        ("bytes=5-1", 200),
        ("junk", 200),
        ("bytes=18446744073709551615-", 416),
        ("bytes=0-18446744073709551615", 206),
    ] {
        let (found, _, _) = fetch_with(url, &[("range", range)]).await;
        assert_eq!(found, status, "{range}");
    }
    let stale = [("range", "bytes=1-2"), ("if-range", "\"another\"")];
    assert_eq!(fetch_with(url, &stale).await.2, b"0123456789");
}

#[tokio::test]
async fn forms_of_junk_are_refused() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    let post = async |body: Vec<u8>, kind: &str| {
        let method = reqwest::Method::POST;
        anna.api
            .send(method, "/media/upload", Some(body), kind)
            .await
            .status
    };
    let form = "multipart/form-data; boundary=b";
    let endless = [b"--b\r\nX: ".as_slice(), &vec![b'x'; 200_000]].concat();
    assert_eq!(post(endless, form).await, 400);
    assert_eq!(post(b"--b\r\n".to_vec(), form).await, 400);
    assert_eq!(post(b"junk".to_vec(), form).await, 400);
    let many: String = (0..50)
        .map(|_| "--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage\r\n")
        .collect();
    assert_eq!(post(many.into_bytes(), form).await, 422);
    let long = format!(
        "--b\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\n{}\r\n--b--\r\n",
        "x".repeat(100_000)
    );
    assert_eq!(post(long.into_bytes(), form).await, 422);
    let stranger = anna.api.without_header("authorization");
    Form::new("image", "a", &png(2, 2))
        .send(&stranger)
        .await
        .refused(401);
}

#[tokio::test]
async fn what_a_client_may_not_set_is_refused() {
    let server = Server::options().embedded().unlimited().start().await;
    let anna = server.person().await;
    for field in ["owner_id", "mimeType", "id", "created_at"] {
        let form = Form::new("image", "a.png", &png(2, 2)).field(field, "x");
        form.send(&anna.api).await.refused_field(field);
    }
    let ben = server.person().await;
    let chat = anna.direct(&ben).await;
    let id = anna.picture().await;
    for field in ["mediaUrl", "thumbnailUrl", "width", "durationMs"] {
        let mut message = json!({"type": "image", "payload": {"mediaId": id}});
        message["payload"][field] = Value::from("http://evil");
        let name = format!("payload.{field}");
        anna.post_message(&chat, message).await.refused_field(&name);
    }
}
