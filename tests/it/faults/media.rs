//! Media while files cannot be kept, and after a process died with an upload in hand.

use std::time::Duration;

use serde_json::json;
use troupe::actors::media::sweep::sweep_orphans;
use troupe::clock::Clock;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::actors::stage::open_stores;
use crate::support::media::{Form, png};
use crate::support::{Mode, Proxy, Server, Shape, eventually, servers};

/// Whether messages go on, and pictures are `unavailable`.
async fn media_alone_are_away(endpoint: &str) {
    let server = Server::options()
        .shape(Shape::Servers)
        .unlimited()
        .setting("S3__ENDPOINT", endpoint)
        .setting("S3__TIMEOUT", "2s")
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    let form = Form::new("image", "a.png", &png(4, 4));
    form.send(&anna.api).await.refused(503);
    form.send(&anna.api).await.refused(503);
    anna.say(&chat, "without pictures").await;
    assert_eq!(
        ben.history(&chat).await[0]["payload"]["content"],
        "without pictures"
    );
    server.root().get("/health/ready").await.ok();
    let unknown = json!({"type": "image", "payload": {"mediaId": anna.id}});
    anna.post_message(&chat, unknown).await.refused(404);
}

#[tokio::test]
async fn without_s3_there_are_no_media_and_all_else() {
    media_alone_are_away("http://127.0.0.1:1").await;
}

#[tokio::test]
async fn an_s3_server_that_refuses_is_away() {
    let s3 = MockServer::start().await;
    let refuses =
        ResponseTemplate::new(503).set_body_string("<Error><Code>SlowDown</Code></Error>");
    Mock::given(any()).respond_with(refuses).mount(&s3).await;
    media_alone_are_away(&s3.uri()).await;
}

#[tokio::test]
async fn a_slow_s3_server_keeps_media_waiting_and_nothing_else() {
    let endpoint = servers::s3("unused").endpoint;
    let (scheme, place) = endpoint.split_once("//").expect("an address");
    let way = Proxy::to(place, 71).await;
    let server = Server::options()
        .shape(Shape::Servers)
        .unlimited()
        .setting("S3__ENDPOINT", &format!("{scheme}//{}", way.address()))
        .setting("S3__TIMEOUT", "10s")
        .start()
        .await;
    let [anna, ben] = server.people().await;
    let chat = anna.direct(&ben).await;
    way.set(Mode::Latency(Duration::from_millis(300)));
    let media_id = anna.picture().await;
    let picture = json!({"type": "image", "payload": {"mediaId": media_id}});
    anna.post_message(&chat, picture).await.created();
    // It answers no more: who uploads is told so in time, and all else goes on meanwhile.
    way.set(Mode::BlackHole);
    let form = Form::new("image", "a.png", &png(4, 4));
    let upload = tokio::spawn({
        let (form, api) = (form.clone(), anna.api.clone());
        async move { form.send(&api).await }
    });
    anna.say(&chat, "without pictures").await;
    assert!(!upload.is_finished(), "messages do not wait for it");
    upload.await.expect("joined").refused(503);
    way.set(Mode::Pass);
    let uploads = async || form.send(&anna.api).await.status == 201;
    eventually("media are back", uploads).await;
    assert_eq!(ben.history(&chat).await.len(), 2);
}

/// Dies at a place of an upload; what it left is gone after a sweep.
async fn nothing_stays(place: &str, blobs: usize) {
    let server = Server::options()
        .embedded()
        .unlimited()
        .abort_at(place)
        .start()
        .await;
    let anna = server.person().await;
    let form = Form::new("image", "a.png", &png(4, 4));
    let api = anna.api.clone();
    let sent = tokio::spawn(async move { form.send(&api).await });
    assert!(sent.await.is_err(), "no answer from a process that died");
    let data = server.kill();
    let media = data.path().join("media");
    let kept = || {
        let found = std::process::Command::new("find")
            .args([
                media.as_os_str(),
                "-name".as_ref(),
                "[ot]*".as_ref(),
                "-type".as_ref(),
                "f".as_ref(),
            ])
            .output()
            .expect("find runs");
        String::from_utf8_lossy(&found.stdout).lines().count()
    };
    assert_eq!(kept(), blobs);
    let server = Server::options()
        .embedded()
        .unlimited()
        .data(data)
        .start()
        .await;
    let stores = open_stores(&server.data_path(), Clock::System, true);
    let day = Duration::from_secs(86_400);
    let now = Clock::System.now();
    let early = sweep_orphans(&stores, now, day).await.expect("swept");
    assert_eq!(early.looked_at, 0, "uploads in flight are let be");
    let late = sweep_orphans(&stores, now + day * 2, day)
        .await
        .expect("swept");
    assert_eq!((late.removed, late.failed), (1, 0));
    assert_eq!(kept(), 0);
}

#[tokio::test]
async fn an_upload_cut_off_before_its_file_is_swept() {
    nothing_stays("media.before-original", 1).await;
}

#[tokio::test]
async fn an_upload_cut_off_before_its_index_is_swept() {
    nothing_stays("media.before-index", 2).await;
}
