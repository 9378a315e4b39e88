//! The pages in the binary: the demo client and the readable documents.

use crate::support::Server;

#[tokio::test]
async fn the_page_and_its_files_have_types_and_tags() {
    let server = Server::shared().await;
    let root = server.root();
    for (path, kind) in [
        ("/", "text/html"),
        ("/demo/main.js", "text/javascript"),
        ("/demo/style.css", "text/css"),
        ("/demo/icon.svg", "image/svg+xml"),
    ] {
        let file = root.get(path).await;
        assert_eq!(file.status, 200, "{path}");
        let sent = file.header("content-type").unwrap_or_default();
        assert!(sent.starts_with(kind), "{path} is {sent}");
        let tag = file.header("etag").expect("a tag").to_owned();
        let again = root.with_header("if-none-match", &tag).get(path).await;
        assert_eq!(again.status, 304, "{path}");
        let other = root
            .with_header("if-none-match", "\"other\"")
            .get(path)
            .await;
        assert_eq!(other.status, 200, "{path}");
    }
    root.get("/demo/nothing.js").await.refused(404);
    root.get("/demo/..%2fmod.rs").await.refused(404);
}

#[tokio::test]
async fn pages_load_what_the_page_names() {
    let server = Server::shared().await;
    let root = server.root();
    let page = root.get("/").await.text;
    let named: Vec<&str> = page
        .split('"')
        .filter(|text| text.starts_with("/demo/"))
        .collect();
    assert!(named.len() > 3, "{named:?}");
    for path in named {
        assert_eq!(root.get(path).await.status, 200, "{path}");
    }
}

#[tokio::test]
async fn documents_can_be_read() {
    let server = Server::shared().await;
    let root = server.root();
    let frames = root.get("/docs/frames").await;
    assert_eq!(frames.status, 200);
    for frame in ["message.send", "message.new", "hello", "goaway", "4408"] {
        assert!(frames.text.contains(frame), "{frame} is not on the page");
    }
    let viewer = root.get("/docs/rest/").await;
    assert_eq!(viewer.status, 200);
    assert!(viewer.text.contains("width=device-width"), "{viewer:?}");
    let moved = root.get("/docs/rest").await;
    assert_eq!(moved.status, 308);
    assert_eq!(moved.header("location"), Some("/docs/rest/"));
    let script = root.get("/docs/rest/swagger-initializer.js").await;
    assert!(
        script.text.contains("/api/v1/openapi.json"),
        "{}",
        script.text
    );
    root.get("/docs/rest/nothing.js").await.refused(404);
}

#[tokio::test]
async fn pages_may_run_no_foreign_script() {
    let server = Server::shared().await;
    for path in ["/", "/docs", "/docs/frames", "/docs/rest/"] {
        let page = server.root().get(path).await;
        let policy = page.header("content-security-policy").expect("a policy");
        assert!(policy.contains("default-src 'self'"), "{path}: {policy}");
        assert!(
            !policy.contains("script-src 'unsafe-inline'"),
            "{path}: {policy}"
        );
        assert_eq!(page.header("x-frame-options"), Some("DENY"), "{path}");
    }
}
