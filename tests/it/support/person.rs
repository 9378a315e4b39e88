//! Someone with an account: the calls that most flows begin with.

use serde_json::{Value, json};

use super::{Client, Reply, Socket, eventually};

/// Someone signed in on one device.
#[derive(Clone)]
pub struct Person {
    pub id: String,
    pub phone: String,
    pub access_token: String,
    pub refresh_token: String,
    pub api: Client,
}

impl Person {
    /// From an item of `POST /admin/test-users`.
    pub fn new(api: Client, item: &Value) -> Self {
        Self::signed_in(api, text(item, "userId"), text(item, "phone"), item)
    }

    /// From an answer that carries both tokens.
    pub fn signed_in(api: Client, id: String, phone: String, tokens: &Value) -> Self {
        let access_token = text(tokens, "accessToken");
        Self {
            id,
            phone,
            api: api.with_token(&access_token),
            access_token,
            refresh_token: text(tokens, "refreshToken"),
        }
    }

    /// Signs in once more, as on another device: a session of its own.
    pub async fn on_another_device(&self) -> Self {
        let api = self.api.without_header("authorization");
        let asked = api
            .post("/auth/request-otp", json!({"phone": self.phone}))
            .await
            .ok();
        let code = asked["devCode"].as_str().expect("dev reveals the code");
        let tokens = api
            .post(
                "/auth/verify-otp",
                json!({"phone": self.phone, "code": code}),
            )
            .await
            .ok();
        assert_eq!(tokens["user"]["id"], self.id.as_str());
        Self::signed_in(api, self.id.clone(), self.phone.clone(), &tokens)
    }

    pub async fn socket(&self) -> Socket {
        Socket::open(self.api.base(), &self.access_token).await
    }

    /// The id of the direct chat with someone.
    pub async fn direct(&self, other: &Self) -> String {
        let made = self
            .api
            .post("/chats", json!({"type": "direct", "userId": other.id}))
            .await;
        assert!(made.status == 201 || made.status == 200, "{made:?}");
        text(&made.body, "id")
    }

    /// The id of a new group with these others.
    pub async fn group(&self, name: &str, others: &[&Self]) -> String {
        let ids: Vec<&str> = others.iter().map(|other| other.id.as_str()).collect();
        let made = self
            .api
            .post(
                "/chats",
                json!({"type": "group", "name": name, "participantIds": ids}),
            )
            .await
            .created();
        text(&made, "id")
    }

    /// Sends a text over REST; the answer.
    pub async fn say(&self, chat_id: &str, content: &str) -> Value {
        self.post_message(chat_id, json!({"type": "text", "content": content}))
            .await
            .created()
    }

    /// `POST /messages` with the chat's id put in.
    pub async fn post_message(&self, chat_id: &str, mut message: Value) -> Reply {
        message["chatId"] = json!(chat_id);
        self.api.post("/messages", message).await
    }

    /// Waits until it is stored that this one, who has a socket, is here.
    pub async fn until_online(&self) {
        let path = format!("/users/{}/presence", self.id);
        eventually("it is known who is here", async || {
            self.api.get(&path).await.ok()["online"] == true
        })
        .await;
    }

    /// The newest messages of a chat, newest first.
    pub async fn history(&self, chat_id: &str) -> Vec<Value> {
        let page = self
            .api
            .get(&format!("/chats/{chat_id}/messages?limit=200"))
            .await
            .ok();
        page["items"].as_array().expect("items").clone()
    }

    pub async fn chat(&self, chat_id: &str) -> Value {
        self.api.get(&format!("/chats/{chat_id}")).await.ok()
    }

    pub async fn message(&self, message_id: &str) -> Value {
        self.api.get(&format!("/messages/{message_id}")).await.ok()
    }

    /// `POST /sync`.
    pub async fn sync(&self, body: Value) -> Value {
        self.api.post("/sync", body).await.ok()
    }

    /// The own log's rev.
    pub async fn my_rev(&self) -> u64 {
        let synced = self.sync(json!({"chats": {}, "me": 0, "only": []})).await;
        synced["me"]["rev"].as_u64().expect("a rev")
    }
}

/// A string field that must be there.
#[track_caller]
fn text(value: &Value, field: &str) -> String {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no {field} in {value}"))
        .to_owned()
}

/// A phone number that no test user and no other test has.
pub fn fresh_phone() -> String {
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU32, Ordering};
    // Servers are shared by several processes of tests. Neighbours share a budget, hence the block.
    static NEXT: LazyLock<AtomicU32> = LazyLock::new(|| {
        let block = rand::random_range(254..=989) * 10_000;
        AtomicU32::new(block + rand::random_range(0..5_000))
    });
    format!("+1650{:07}", NEXT.fetch_add(1, Ordering::Relaxed))
}
