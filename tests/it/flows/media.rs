//! Uploads: what is answered, and how files come back.

use serde_json::{Value, json};

use crate::support::media::{Form, fetch, fetch_with, film, jpeg, png, turned_jpeg, wav};
use crate::support::{Person, Server};

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    let found = value[field].as_str();
    found.unwrap_or_else(|| panic!("no {field} in {value}"))
}

#[tokio::test]
async fn a_picture_comes_back_as_it_was_and_smaller() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let bytes = jpeg(800, 400);
    let made = anna.upload("image", "beach.jpg", &bytes).await;
    assert_eq!(made["type"], "image");
    assert_eq!(made["mimeType"], "image/jpeg");
    assert_eq!(made["sizeBytes"], bytes.len());
    assert_eq!(
        (&made["width"], &made["height"]),
        (&json!(800), &json!(400))
    );
    assert_eq!(made["durationMs"], Value::Null);
    let (status, headers, whole) = fetch(text(&made, "url")).await;
    assert_eq!(status, 200);
    assert!(whole == bytes, "byte for byte");
    assert_eq!(headers["content-type"], "image/jpeg");
    let (status, headers, small) = fetch(text(&made, "thumbnailUrl")).await;
    assert_eq!(
        (status, &headers["content-type"]),
        (200, &"image/jpeg".parse().unwrap())
    );
    let small = image::load_from_memory(&small).expect("a picture");
    assert_eq!((small.width(), small.height()), (320, 160));
}

#[tokio::test]
async fn a_thumbnail_is_turned_and_says_nothing_else() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let bytes = turned_jpeg(640, 320);
    let made = anna.upload("image", "x.jpg", &bytes).await;
    assert_eq!(
        (&made["width"], &made["height"]),
        (&json!(320), &json!(640))
    );
    let (_, _, whole) = fetch(text(&made, "url")).await;
    assert!(whole == bytes);
    let (_, _, small) = fetch(text(&made, "thumbnailUrl")).await;
    assert!(
        !small
            .windows(4)
            .any(|some| some == b"Exif" || some == b"home")
    );
    let small = image::load_from_memory(&small)
        .expect("a picture")
        .to_rgb8();
    assert_eq!((small.width(), small.height()), (160, 320));
    let (top, bottom) = (small.get_pixel(80, 20).0, small.get_pixel(80, 300).0);
    assert!(top[0] > 200 && top[2] < 60, "red is on top: {top:?}");
    assert!(
        bottom[2] > 200 && bottom[0] < 60,
        "blue is below: {bottom:?}"
    );
}

#[tokio::test]
async fn films_and_sounds_have_their_length() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let made = anna.upload("video", "a.mp4", &film(false)).await;
    assert_eq!((&made["width"], &made["height"]), (&json!(64), &json!(48)));
    assert_eq!(made["durationMs"], 2000);
    let (status, _, frame) = fetch(text(&made, "thumbnailUrl")).await;
    let frame = image::load_from_memory(&frame).expect("a first frame");
    assert_eq!((status, frame.width(), frame.height()), (200, 64, 48));

    let turned = anna.upload("video", "b.mp4", &film(true)).await;
    assert_eq!(
        (&turned["width"], &turned["height"]),
        (&json!(48), &json!(64))
    );
    let (_, _, frame) = fetch(text(&turned, "thumbnailUrl")).await;
    let frame = image::load_from_memory(&frame).expect("a first frame");
    assert_eq!((frame.width(), frame.height()), (48, 64));

    let sound = anna.upload("audio", "a.wav", &wav(3)).await;
    assert_eq!(
        (text(&sound, "mimeType"), &sound["durationMs"]),
        ("audio/wav", &json!(3000))
    );
    assert_eq!(sound["thumbnailUrl"], Value::Null);
}

#[tokio::test]
async fn a_document_is_anything_and_is_offered_to_be_kept() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let page = b"<script>alert(1)</script>";
    let made = anna.upload("document", "../päge.html", page).await;
    let (status, headers, bytes) = fetch(text(&made, "url")).await;
    assert_eq!((status, bytes.as_slice()), (200, page.as_slice()));
    let offered = headers["content-disposition"].to_str().unwrap();
    assert_eq!(offered, "attachment; filename*=UTF-8''p%C3%A4ge.html");
}

#[tokio::test]
async fn a_medium_is_looked_up_with_fresh_addresses() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let id = anna.picture().await;
    let reply = anna.api.get(&format!("/media/{id}")).await;
    let tag = reply.header("etag").expect("a tag").to_owned();
    let found = reply.ok();
    for field in [
        "media_id",
        "type",
        "mime_type",
        "size_bytes",
        "url",
        "thumbnail_url",
        "width",
        "height",
        "duration_ms",
        "created_at",
        "expires_at",
    ] {
        assert!(found.get(field).is_some(), "{field}: {found}");
    }
    assert_eq!(
        (text(&found, "media_id"), text(&found, "type")),
        (id.as_str(), "image")
    );
    assert_eq!(fetch(text(&found, "url")).await.2, png(8, 6));
    let known = anna.api.with_header("if-none-match", &tag);
    assert_eq!(known.get(&format!("/media/{id}")).await.status, 304);
    ben.api.get(&format!("/media/{id}")).await.refused(404);
    ben.api
        .get(&format!("/media/{id}/content"))
        .await
        .refused(404);
    ben.api.delete(&format!("/media/{id}")).await.refused(404);

    for (query, size) in [("", 6), ("?thumbnail=false", 6), ("?thumbnail=", 6)] {
        let moved = anna.api.get(&format!("/media/{id}/content{query}")).await;
        assert_eq!(moved.status, 302, "{moved:?}");
        let (status, _, bytes) = fetch(moved.header("location").expect("a place")).await;
        let height = image::load_from_memory(&bytes).expect("a picture").height();
        assert_eq!((status, height), (200, size), "{query}");
    }
    let page = anna.upload("document", "a.txt", b"hi").await;
    let page = text(&page, "mediaId");
    let none = format!("/media/{page}/content?thumbnail=true");
    anna.api.get(&none).await.refused(404);
    let wrong = format!("/media/{page}/content?thumbnail=7");
    anna.api.get(&wrong).await.refused_field("thumbnail");

    for _ in 0..2 {
        anna.api.delete(&format!("/media/{id}")).await.no_content();
    }
    ben.api.delete(&format!("/media/{id}")).await.refused(404);
    anna.api.get(&format!("/media/{id}")).await.refused(404);
    assert!(
        matches!(fetch(text(&found, "url")).await.0, 403 | 404),
        "the file is gone"
    );
}

#[tokio::test]
async fn a_part_of_a_file_is_given() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let bytes: Vec<u8> = (0..300_000_u32).map(|place| (place % 253) as u8).collect();
    let made = anna.upload("document", "a.bin", &bytes).await;
    let url = text(&made, "url");
    let some = async |range: &str| fetch_with(url, &[("range", range)]).await;
    let (status, headers, part) = some("bytes=1000-200999").await;
    assert_eq!((status, part.len()), (206, 200_000));
    assert!(part == bytes[1000..201_000]);
    assert_eq!(headers["content-range"], "bytes 1000-200999/300000");
    let (status, _, tail) = some("bytes=-5").await;
    assert_eq!((status, tail.as_slice()), (206, &bytes[299_995..]));
    assert_eq!(some("bytes=300000-").await.0, 416);
    let tag = headers["etag"].to_str().unwrap();
    let same = [("range", "bytes=0-0"), ("if-range", tag)];
    assert_eq!(fetch_with(url, &same).await.0, 206);
}

#[tokio::test]
async fn a_repeat_under_a_key_is_the_first_medium() {
    let server = Server::shared().await;
    let anna = server.person().await;
    let form = Form::new("image", "a.png", &png(4, 4)).key("my upload");
    let first = form.send(&anna.api).await.created();
    let again = form.send(&anna.api).await.ok();
    assert_eq!(again["mediaId"], first["mediaId"]);
    let other = Form::new("image", "a.png", &png(4, 4)).key("another");
    assert_ne!(
        other.send(&anna.api).await.created()["mediaId"],
        first["mediaId"]
    );
}

#[tokio::test]
async fn a_form_that_is_wrong_is_refused_by_field() {
    let server = Server::shared().await;
    let [anna, ben, cleo] = server.people().await;
    let good = Form::new("image", "a.png", &png(4, 4));
    let send = async |form: Form| form.send(&anna.api).await;
    send(good.clone().without_fields())
        .await
        .refused_field("type");
    send(good.clone().without_fields().field("type", "film"))
        .await
        .refused_field("type");
    send(good.clone().without_file())
        .await
        .refused_field("file");
    send(good.clone().field("colour", "red"))
        .await
        .refused_field("colour");
    send(good.clone().field("type", "image"))
        .await
        .refused_field("type");
    send(good.clone().field("chat_id", "x"))
        .await
        .refused_field("chat_id");
    send(Form::new("image", "a.png", b""))
        .await
        .refused_field("file");
    let foreign = ben.direct(&cleo).await;
    send(good.clone().field("chat_id", &foreign))
        .await
        .refused(404);
    let own = anna.direct(&ben).await;
    send(good.clone().field("chat_id", &own)).await.created();
    send(good.field("chatId", &own)).await.created();
    let json = anna
        .api
        .post("/media/upload", json!({"type": "image"}))
        .await;
    json.refused(415);
    let kind = "multipart/form-data";
    let post = reqwest::Method::POST;
    let bare = anna
        .api
        .send(post, "/media/upload", Some(b"x".to_vec()), kind);
    bare.await.refused(400);
}

async fn size(person: &Person, kind: &str, name: &str, bytes: &[u8]) -> u16 {
    Form::new(kind, name, bytes).send(&person.api).await.status
}

#[tokio::test]
async fn files_are_as_large_as_is_set() {
    let server = Server::options()
        .setting("MEDIA__IMAGE_BYTES", "2000")
        .setting("MEDIA__DOCUMENT_BYTES", "300000")
        .setting("MEDIA__DAILY_BYTES", "1000000000")
        .start()
        .await;
    let anna = server.person().await;
    assert_eq!(size(&anna, "document", "a", &vec![7; 300_000]).await, 201);
    assert_eq!(size(&anna, "document", "a", &vec![7; 300_001]).await, 413);
    let mut large = jpeg(300, 300);
    large.resize(2001, 0);
    assert_eq!(size(&anna, "image", "a.jpg", &large).await, 413);
    // Far more than any file may have: read to its end, so that the refusal is heard.
    assert_eq!(
        size(&anna, "document", "a", &vec![7; 80_000_000]).await,
        413
    );
}

#[tokio::test]
async fn a_day_has_its_bytes() {
    let server = Server::options()
        .setting("MEDIA__DOCUMENT_BYTES", "100000")
        .setting("MEDIA__IMAGE_BYTES", "100000")
        .setting("MEDIA__VIDEO_BYTES", "100000")
        .setting("MEDIA__AUDIO_BYTES", "100000")
        .setting("MEDIA__DAILY_BYTES", "250000")
        .start()
        .await;
    let [anna, ben] = server.people().await;
    for _ in 0..2 {
        assert_eq!(size(&anna, "document", "a", &vec![7; 90_000]).await, 201);
    }
    let full = Form::new("document", "a", &vec![7; 90_000])
        .send(&anna.api)
        .await;
    full.refused(429);
    assert_eq!(size(&ben, "document", "a", &vec![7; 90_000]).await, 201);
}
