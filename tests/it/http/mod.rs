//! The frame around handlers, without a server.

mod seal;

use actix_web::middleware::from_fn;
use actix_web::test::{TestRequest, call_service, init_service, read_body_json};
use actix_web::{App, HttpResponse, web};
use serde_json::Value;
use troupe::http::extract::ClientAddress;
use troupe::http::middleware::{Access, frame, resource};

async fn dies() -> HttpResponse {
    panic!("told to die")
}

async fn answers() -> HttpResponse {
    HttpResponse::Ok().json("fine")
}

/// Sends one request through the frame: status, request id and body.
async fn send(request: TestRequest) -> (u16, String, Value) {
    let app = App::new()
        .service(resource("/dies", &["get"], Access::Anyone).route(web::get().to(dies)))
        .service(
            resource("/answers", &["get", "put"], Access::Anyone).route(web::get().to(answers)),
        )
        .wrap(from_fn(frame));
    let app = init_service(app).await;
    let response = call_service(&app, request.to_request()).await;
    let status = response.status().as_u16();
    let header = |name: &str| {
        let value = response.headers().get(name).expect("a header");
        value.to_str().expect("text").to_owned()
    };
    let (id, kind) = (header("x-request-id"), header("content-type"));
    let body = match status {
        200 => Value::Null,
        _ => {
            assert_eq!(kind, "application/problem+json");
            read_body_json(response).await
        }
    };
    (status, id, body)
}

#[actix::test]
async fn a_handler_that_panics_is_a_problem() {
    let (status, id, body) = send(TestRequest::get().uri("/dies")).await;
    assert_eq!(status, 500);
    assert_eq!(body["code"], "internal");
    assert_eq!(body["requestId"], id.as_str());
    assert!(!body.to_string().contains("told to die"), "{body}");
}

#[actix::test]
async fn what_is_not_there_is_a_problem() {
    let (status, id, body) = send(TestRequest::get().uri("/nowhere")).await;
    assert_eq!((status, &body["code"]), (404, &Value::from("not_found")));
    assert_eq!(body["requestId"], id.as_str());
    let (status, _, body) = send(TestRequest::delete().uri("/answers")).await;
    assert_eq!((status, &body["code"]), (405, &Value::from("bad_request")));
}

#[actix::test]
async fn request_ids_are_taken_when_they_are_well_formed() {
    let long = "x".repeat(128);
    for good in ["a", "A-b_c.9", &long] {
        let request = TestRequest::get()
            .uri("/answers")
            .insert_header(("x-request-id", good));
        assert_eq!(send(request).await.1, good);
    }
    let longer = "x".repeat(129);
    for bad in ["", "a b", "ä", "<script>", &longer] {
        let request = TestRequest::get()
            .uri("/answers")
            .insert_header(("x-request-id", bad));
        let made = send(request).await.1;
        assert_ne!(made, bad);
        assert!(uuid::Uuid::parse_str(&made).is_ok(), "{made}");
    }
}

#[test]
fn forwarded_addresses_are_believed_of_proxies_alone() {
    let proxies = ["10.0.0.0/8".parse().expect("a network")];
    let cases = [
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "1.2.3.4, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "nonsense", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ];
    for (peer, forwarded, expected) in cases {
        let request = TestRequest::default()
            .insert_header(("x-forwarded-for", forwarded))
            .to_http_request();
        let peer = peer.parse().expect("an address");
        let address = ClientAddress::of(Some(peer), request.headers(), &proxies);
        assert_eq!(address.0.to_string(), expected, "{peer} says {forwarded}");
    }
}
