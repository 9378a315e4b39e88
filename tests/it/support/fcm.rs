//! FCM and Google's token endpoint as they are documented: they check what they are sent and answer
//! with their own error shapes.

use std::collections::{HashMap, HashSet, VecDeque};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use ring::signature::{KeyPair, RSA_PKCS1_2048_8192_SHA256, RsaKeyPair, UnparsedPublicKey};
use serde_json::{Value, json};
use tempfile::TempDir;
use wiremock::matchers::{method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

use super::options::ServerOptions;
use super::{Person, Server, eventually, eventually_some};

const KEY: &str = include_str!("fcm-key.pem");
const PROJECT: &str = "troupe-test";
const ACCOUNT: &str = "push@troupe-test.iam.gserviceaccount.com";
const SEND: &str = "/v1/projects/troupe-test/messages:send";

/// What FCM answers once, for one device's token, instead of taking the push.
#[derive(Clone, Debug)]
pub enum Refusal {
    Unregistered,
    InvalidToken,
    SenderMismatch,
    Quota {
        retry_after: u64,
    },
    Internal,
    Unavailable {
        retry_after: u64,
    },
    /// No answer for so long.
    Silence(Duration),
}

/// A push that was taken, or refused.
#[derive(Clone, Debug)]
pub struct Call {
    pub token: String,
    pub data: Value,
    pub message: Value,
    pub at: Instant,
    pub was_taken: bool,
}

#[derive(Default)]
struct State {
    issued: u32,
    /// Access tokens that are good: each that was given out.
    good: HashSet<String>,
    refusals: HashMap<String, VecDeque<Refusal>>,
    calls: Vec<Call>,
}

/// Listens where `notification.fcm.url` says. Cheap to clone.
#[derive(Clone)]
pub struct Fcm {
    server: Arc<MockServer>,
    state: Arc<Mutex<State>>,
    folder: Arc<TempDir>,
}

impl Fcm {
    pub async fn start() -> Self {
        let server = MockServer::start().await;
        let state = Arc::new(Mutex::new(State::default()));
        let token_url = format!("{}/token", server.uri());
        let tokens = Tokens {
            state: Arc::clone(&state),
            audience: token_url.clone(),
        };
        let is_token = Mock::given(method("POST")).and(path("/token"));
        is_token.respond_with(tokens).mount(&server).await;
        let sends = Sends(Arc::clone(&state));
        let is_send = Mock::given(method("POST")).and(path(SEND));
        is_send.respond_with(sends).mount(&server).await;
        let fcm = Self {
            server: Arc::new(server),
            state,
            folder: Arc::new(tempfile::tempdir().expect("a folder")),
        };
        let account = json!({
            "type": "service_account", "project_id": PROJECT, "private_key_id": "key-1",
            "private_key": KEY, "client_email": ACCOUNT, "token_uri": token_url,
        });
        std::fs::write(fcm.account(), account.to_string()).expect("written");
        fcm
    }

    /// The file of the service account.
    pub fn account(&self) -> PathBuf {
        self.folder.path().join("account.json")
    }

    pub fn url(&self) -> String {
        self.server.uri()
    }

    /// Answers the next pushes to this device so, one after the other.
    pub fn refuse(&self, token: &str, refusals: impl IntoIterator<Item = Refusal>) {
        let mut state = self.state.lock();
        let waiting = state.refusals.entry(token.to_owned()).or_default();
        waiting.extend(refusals);
    }

    /// Takes no access token any more that was given out.
    pub fn forget_tokens(&self) {
        self.state.lock().good.clear();
    }

    /// Access tokens that were given out.
    pub fn issued(&self) -> u32 {
        self.state.lock().issued
    }

    /// Everything that was posted for a device, refused or not.
    pub fn calls(&self, token: &str) -> Vec<Call> {
        let state = self.state.lock();
        let calls = state.calls.iter().filter(|call| call.token == token);
        calls.cloned().collect()
    }

    /// The payloads that were taken for a device.
    pub fn pushes(&self, token: &str) -> Vec<Value> {
        let calls = self.calls(token).into_iter().filter(|call| call.was_taken);
        calls.map(|call| call.data).collect()
    }

    /// The payloads for a device, once there are so many.
    pub async fn until(&self, token: &str, count: usize) -> Vec<Value> {
        eventually_some(&format!("{count} pushes to {token}"), async || {
            let pushes = self.pushes(token);
            (pushes.len() >= count).then_some(pushes)
        })
        .await
    }
}

impl ServerOptions {
    /// Pushes go to this stand-in; waits and windows are short, so that tests are.
    #[must_use]
    pub fn pushing(self, fcm: &Fcm) -> Self {
        let account = fcm.account();
        self.setting("NOTIFICATION__SENDER", "fcm")
            .setting("NOTIFICATION__FCM__URL", &fcm.url())
            .setting(
                "NOTIFICATION__FCM__SERVICE_ACCOUNT",
                account.to_str().expect("a path"),
            )
            .setting("NOTIFICATION__FCM__TIMEOUT", "5s")
            .setting("NOTIFICATION__WAIT", "1500ms")
            .setting("NOTIFICATION__WINDOW", "1s")
    }
}

impl Server {
    /// Waits until the server remembers that a message was pushed, to the one other member of its chat:
    /// that is after the push was taken.
    pub async fn until_pushed(&self, message_id: &Value) {
        let id = message_id.as_str().expect("an id");
        let path = format!("/admin/messages/{id}/trace");
        eventually("the push is remembered", async || {
            let trace = self.admin().get(&path).await.ok();
            trace["recipients"][0]["pushed"] == true
        })
        .await;
    }
}

impl Person {
    /// Names a push token; the device's id.
    pub async fn device(&self, token: &str) -> String {
        let body = json!({"token": token, "platform": "android"});
        let made = self.api.post("/users/devices", body).await.created();
        made["id"].as_str().expect("an id").to_owned()
    }
}

struct Tokens {
    state: Arc<Mutex<State>>,
    audience: String,
}

impl Tokens {
    /// Whether an assertion is signed by the account's key and says what it must.
    fn is_good(&self, assertion: &str) -> bool {
        let Some((signed, signature)) = assertion.rsplit_once('.') else {
            return false;
        };
        let Some((header, claims)) = signed.split_once('.') else {
            return false;
        };
        let read = |part: &str| -> Option<Value> {
            serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok()
        };
        let (Some(header), Some(claims)) = (read(header), read(claims)) else {
            return false;
        };
        let Ok(signature) = URL_SAFE_NO_PAD.decode(signature) else {
            return false;
        };
        let key = key_pair();
        let public = key.public_key().as_ref();
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public);
        let lives = claims["exp"].as_i64().zip(claims["iat"].as_i64());
        public.verify(signed.as_bytes(), &signature).is_ok()
            && header["alg"] == "RS256"
            && header["kid"] == "key-1"
            && claims["iss"] == ACCOUNT
            && claims["scope"] == "https://www.googleapis.com/auth/firebase.messaging"
            && claims["aud"] == self.audience.as_str()
            && lives.is_some_and(|(exp, iat)| exp > iat && exp - iat <= 3600)
    }
}

fn key_pair() -> RsaKeyPair {
    let lines = KEY.lines().filter(|line| !line.starts_with('-'));
    let der = STANDARD.decode(lines.collect::<String>()).expect("base64");
    RsaKeyPair::from_pkcs8(&der).expect("a key")
}

impl Respond for Tokens {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let form: HashMap<String, String> =
            serde_urlencoded::from_bytes(&request.body).unwrap_or_default();
        let is_grant = form.get("grant_type").map(String::as_str)
            == Some("urn:ietf:params:oauth:grant-type:jwt-bearer");
        if !is_grant || !form.get("assertion").is_some_and(|text| self.is_good(text)) {
            let refused =
                json!({"error": "invalid_grant", "error_description": "Invalid JWT Signature."});
            return ResponseTemplate::new(400).set_body_json(refused);
        }
        let mut state = self.state.lock();
        state.issued += 1;
        let token = format!("ya29.{}", state.issued);
        state.good.insert(token.clone());
        ResponseTemplate::new(200).set_body_json(
            json!({"access_token": token, "expires_in": 3599, "token_type": "Bearer"}),
        )
    }
}

struct Sends(Arc<Mutex<State>>);

impl Respond for Sends {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let mut state = self.0.lock();
        let bearer = request.headers.get("authorization");
        let bearer = bearer.and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        if bearer.is_none_or(|token| !state.good.contains(token)) {
            return problem(
                401,
                "UNAUTHENTICATED",
                "Request had invalid authentication credentials.",
                json!([]),
            );
        }
        let body: Value = serde_json::from_slice(&request.body).unwrap_or_default();
        if let Some(field) = bad_field(&body) {
            return invalid(field);
        }
        let message = body["message"].clone();
        let token = message["token"].as_str().unwrap_or_default().to_owned();
        if token == "doctor" {
            return invalid("message.token");
        }
        let refusal = state.refusals.get_mut(&token).and_then(VecDeque::pop_front);
        state.calls.push(Call {
            token,
            data: message["data"].clone(),
            message,
            at: Instant::now(),
            was_taken: refusal.is_none(),
        });
        match refusal {
            Some(refusal) => refused(&refusal),
            None => {
                let name = format!("projects/{PROJECT}/messages/{}", state.calls.len());
                ResponseTemplate::new(200).set_body_json(json!({ "name": name }))
            }
        }
    }
}

/// What FCM would not take, by its name.
fn bad_field(body: &Value) -> Option<&'static str> {
    let message = &body["message"];
    let known = ["token", "data", "android", "apns", "webpush"];
    let fields = message.as_object()?.keys();
    let mut fields = fields.map(String::as_str);
    if !fields.all(|field| known.contains(&field)) {
        return Some("message");
    }
    if !message["token"].is_string() {
        return Some("message.token");
    }
    let data = message["data"].as_object().into_iter().flatten();
    let mut data = data.map(|(_, value)| value);
    if !data.all(Value::is_string) || message["data"].to_string().len() > 4096 {
        return Some("message.data");
    }
    let priority = message["android"]["priority"].as_str();
    if !matches!(priority, None | Some("HIGH" | "NORMAL")) {
        return Some("message.android.priority");
    }
    let ttl = &message["android"]["ttl"];
    let is_span = ttl.as_str().is_some_and(|ttl| ttl.ends_with('s'));
    (!ttl.is_null() && !is_span).then_some("message.android.ttl")
}

fn invalid(field: &str) -> ResponseTemplate {
    let details = json!([
        {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "INVALID_ARGUMENT"},
        {"@type": "type.googleapis.com/google.rpc.BadRequest",
         "fieldViolations": [{"field": field, "description": "Invalid value"}]},
    ]);
    problem(
        400,
        "INVALID_ARGUMENT",
        "Request contains an invalid argument.",
        details,
    )
}

fn fcm_error(code: &str) -> Value {
    json!([{"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": code}])
}

fn refused(refusal: &Refusal) -> ResponseTemplate {
    match refusal {
        Refusal::Unregistered => problem(
            404,
            "NOT_FOUND",
            "Requested entity was not found.",
            fcm_error("UNREGISTERED"),
        ),
        Refusal::InvalidToken => problem(
            400,
            "INVALID_ARGUMENT",
            "The registration token is not a valid FCM registration token",
            fcm_error("INVALID_ARGUMENT"),
        ),
        Refusal::SenderMismatch => problem(
            403,
            "PERMISSION_DENIED",
            "SenderId mismatch",
            fcm_error("SENDER_ID_MISMATCH"),
        ),
        Refusal::Quota { retry_after } => problem(
            429,
            "RESOURCE_EXHAUSTED",
            "Quota exceeded.",
            fcm_error("QUOTA_EXCEEDED"),
        )
        .insert_header("retry-after", retry_after.to_string()),
        Refusal::Internal => problem(500, "INTERNAL", "Internal error.", fcm_error("INTERNAL")),
        Refusal::Unavailable { retry_after } => problem(
            503,
            "UNAVAILABLE",
            "The service is overloaded.",
            fcm_error("UNAVAILABLE"),
        )
        .insert_header("retry-after", retry_after.to_string()),
        Refusal::Silence(time) => ResponseTemplate::new(200).set_delay(*time),
    }
}

fn problem(code: u16, status: &str, message: &str, details: Value) -> ResponseTemplate {
    ResponseTemplate::new(code).set_body_json(json!({
        "error": {"code": code, "message": message, "status": status, "details": details}
    }))
}
