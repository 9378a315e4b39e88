//! A REST client that holds every refusal against the contract's problem shape.

use std::time::Duration;

use reqwest::Method;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// Speaks to one listener of one server, with or without a token.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    prefix: &'static str,
    headers: HeaderMap,
}

impl Client {
    /// `base` is `http://host:port`; calls go below `prefix`.
    pub fn new(base: String, prefix: &'static str) -> Self {
        let http = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(Duration::from_secs(40))
            .build()
            .expect("an http client");
        Self {
            http,
            base,
            prefix,
            headers: HeaderMap::new(),
        }
    }

    #[must_use]
    pub fn with_token(&self, token: &str) -> Self {
        self.with_header("authorization", &format!("Bearer {token}"))
    }

    #[must_use]
    pub fn with_header(&self, name: &str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.insert(
            HeaderName::from_bytes(name.as_bytes()).expect("a header name"),
            HeaderValue::from_str(value).expect("a header value"),
        );
        other
    }

    #[must_use]
    pub fn without_header(&self, name: &str) -> Self {
        let mut other = self.clone();
        other.headers.remove(name);
        other
    }

    /// `http://host:port` of the listener.
    pub fn base(&self) -> &str {
        &self.base
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, None).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.call(Method::POST, path, Some(body)).await
    }

    /// A POST without a body.
    pub async fn post_empty(&self, path: &str) -> Reply {
        self.call(Method::POST, path, None).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PUT, path, Some(body)).await
    }

    /// A PUT without a body.
    pub async fn put_empty(&self, path: &str) -> Reply {
        self.call(Method::PUT, path, None).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Reply {
        self.call(Method::PATCH, path, Some(body)).await
    }

    pub async fn delete(&self, path: &str) -> Reply {
        self.call(Method::DELETE, path, None).await
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<Value>) -> Reply {
        let bytes = body.map(|body| body.to_string().into_bytes());
        self.send(method, path, bytes, "application/json").await
    }

    /// Any bytes under any content type.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
        content_type: &str,
    ) -> Reply {
        let what = format!("{method} {path}");
        let url = format!("{}{}{path}", self.base, self.prefix);
        let mut request = self.http.request(method, url).headers(self.headers.clone());
        if let Some(body) = body {
            request = request.header("content-type", content_type).body(body);
        }
        let response = request
            .send()
            .await
            .unwrap_or_else(|error| panic!("{what}: no answer: {error:?}"));
        Reply::read(what, response).await
    }
}

/// What came back, with the call that asked for it.
#[derive(Debug)]
pub struct Reply {
    what: String,
    pub status: u16,
    pub headers: HeaderMap,
    /// The body as text, and as JSON where it is some.
    pub text: String,
    pub body: Value,
}

impl Reply {
    async fn read(what: String, response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let text = response
            .text()
            .await
            .unwrap_or_else(|error| panic!("{what}: the answer broke off: {error:?}"));
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Self {
            what,
            status,
            headers,
            text,
            body,
        }
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}: {}", self.what, self.text);
        if status == 204 {
            assert_eq!(self.text, "", "{}: a 204 has no body", self.what);
        } else {
            assert!(
                self.header("content-type")
                    .is_some_and(|value| value.starts_with("application/json")),
                "{}: content type {:?}",
                self.what,
                self.header("content-type")
            );
            assert!(!self.body.is_null(), "{}: {}", self.what, self.text);
        }
        self.body
    }

    /// `200` and its body.
    #[track_caller]
    pub fn ok(self) -> Value {
        self.expect(200)
    }

    /// `201` and its body.
    #[track_caller]
    pub fn created(self) -> Value {
        self.expect(201)
    }

    #[track_caller]
    pub fn no_content(self) {
        self.expect(204);
    }

    /// The `items` of a list that has no further page.
    #[track_caller]
    pub fn items(self) -> Vec<Value> {
        let body = self.ok();
        assert!(body["nextCursor"].is_null(), "a further page: {body}");
        body["items"].as_array().expect("items").clone()
    }

    /// A problem with this status, whole and with the status' own code.
    #[track_caller]
    pub fn refused(self, status: u16) -> Value {
        let Self {
            what, text, body, ..
        } = &self;
        assert_eq!(self.status, status, "{what}: {text}");
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{what}: {text}"
        );
        assert_eq!(body["status"], status, "{what}: {text}");
        for name in ["type", "title", "detail", "code", "requestId"] {
            assert!(
                body[name].as_str().is_some_and(|value| !value.is_empty()),
                "{what}: a problem has {name}: {text}"
            );
        }
        assert_eq!(
            self.header("x-request-id"),
            body["requestId"].as_str(),
            "{what}: {text}"
        );
        assert_eq!(body["code"], code_of(status), "{what}: {text}");
        if status == 401 {
            assert!(
                self.header("www-authenticate")
                    .is_some_and(|value| value.starts_with("Bearer")),
                "{what}: a 401 says how to authenticate"
            );
        }
        if status == 429 || status == 503 {
            let seconds: u64 = self
                .header("retry-after")
                .and_then(|value| value.parse().ok())
                .unwrap_or_else(|| panic!("{what}: {status} without Retry-After"));
            assert!(seconds >= 1, "{what}: Retry-After {seconds}");
            assert!(body["retryAfterMs"].is_u64(), "{what}: {text}");
        }
        self.body
    }

    /// `422` whose errors name this field (or something in it).
    #[track_caller]
    pub fn refused_field(self, field: &str) {
        let what = self.what.clone();
        let body = self.refused(422);
        let named = body["errors"].as_array().is_some_and(|errors| {
            errors.iter().any(|error| {
                let name = error["field"].as_str().unwrap_or_default();
                name == field
                    || name
                        .strip_prefix(field)
                        .is_some_and(|rest| rest.starts_with(['.', '[']))
            })
        });
        assert!(named, "{what}: errors should name {field}: {body}");
    }
}

fn code_of(status: u16) -> &'static str {
    match status {
        400 | 405 | 408 => "bad_request",
        401 => "unauthenticated",
        403 => "forbidden",
        404 => "not_found",
        409 => "conflict",
        413 | 431 => "too_large",
        415 => "unsupported_media",
        422 => "invalid",
        426 => "upgrade_required",
        429 => "rate_limited",
        500 => "internal",
        503 => "unavailable",
        504 => "timeout",
        other => panic!("the contract has no status {other}"),
    }
}
