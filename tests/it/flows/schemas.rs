//! Answers are what the OpenAPI document says of them.

use serde_json::{Value, json};

use crate::support::Server;

/// What a schema demands of an object, read through references and what is joined.
fn demanded(document: &Value, schema: &Value, fields: &mut Vec<String>) {
    if let Some(name) = schema["$ref"].as_str() {
        let schema = document.pointer(&name[1..]).expect("a schema");
        return demanded(document, schema, fields);
    }
    let required = schema["required"].as_array().into_iter().flatten();
    fields.extend(required.filter_map(|name| name.as_str().map(str::to_owned)));
    for part in schema["allOf"].as_array().into_iter().flatten() {
        demanded(document, part, fields);
    }
    // Of an `Option` that is part of the object: the object, not `null`.
    if let Some(part) = schema["oneOf"].get(0) {
        demanded(document, part, fields);
    }
}

#[tokio::test]
async fn a_listed_chat_has_what_its_schema_demands() {
    let server = Server::shared().await;
    let [anna, ben] = server.people().await;
    let chats = [anna.direct(&ben).await, anna.group("Ours", &[&ben]).await];
    let document = anna.api.get("/openapi.json").await.ok();
    let schema = json!({"$ref": "#/components/schemas/ChatView"});
    let mut fields = Vec::new();
    demanded(&document, &schema, &mut fields);
    for wanted in ["id", "name", "avatarUrl", "unreadCount"] {
        assert!(fields.iter().any(|field| field == wanted), "{fields:?}");
    }
    let mut seen = anna.api.get("/chats").await.items();
    for chat in &chats {
        seen.push(anna.chat(chat).await);
    }
    for field in fields {
        assert!(
            seen.iter().all(|chat| chat.get(&field).is_some()),
            "{field}"
        );
    }
}
