//! Which numbers of an address book are here.

use serde_json::json;

use crate::support::{Server, fresh_phone};

#[tokio::test]
async fn numbers_that_are_here_become_contacts() {
    let server = Server::shared().await;
    let [person, one, other] = server.people().await;
    let spelled = format!("{} {}", &one.phone[..4], &one.phone[4..]);
    let found = person
        .api
        .post(
            "/users/contacts/sync",
            json!({"phones": [spelled, one.phone, fresh_phone(), "nonsense", "", other.phone]}),
        )
        .await
        .ok();
    let found = found["contacts"].as_array().expect("contacts");
    assert_eq!(found.len(), 2, "each person once: {found:?}");
    let of_one = found
        .iter()
        .find(|contact| contact["userId"] == one.id.as_str())
        .expect("found");
    assert_eq!(of_one["phone"], one.phone.as_str());
    let input = of_one["input"].as_str().expect("input");
    assert!(input == spelled || input == one.phone, "as sent: {input}");
    for field in ["displayName", "avatarUrl"] {
        assert!(of_one.get(field).is_some(), "{field} of {of_one}");
    }
    let kept = person.api.get("/users/contacts").await.items();
    assert_eq!(kept.len(), 2);
    assert!(other.api.get("/users/contacts").await.items().is_empty());
}

#[tokio::test]
async fn numbers_without_a_plus_are_read_in_the_callers_country() {
    let server = Server::shared().await;
    let api = server.api();
    let sign_in = async |phone: &str| {
        let asked = api
            .post("/auth/request-otp", json!({"phone": phone}))
            .await
            .ok();
        api.post(
            "/auth/verify-otp",
            json!({"phone": phone, "code": asked["devCode"]}),
        )
        .await
        .ok()
    };
    let (mine, theirs) = (fresh_phone(), fresh_phone());
    let me = sign_in(&mine).await;
    let them = sign_in(&theirs).await;
    let found = api
        .with_token(me["accessToken"].as_str().expect("a token"))
        .post("/users/contacts/sync", json!({"phones": [theirs[2..]]}))
        .await
        .ok();
    assert_eq!(
        found["contacts"][0]["userId"], them["user"]["id"],
        "{found}"
    );
    assert_eq!(found["contacts"][0]["input"], theirs[2..]);
}

#[tokio::test]
async fn an_address_book_has_a_limit() {
    let server = Server::shared().await;
    let person = server.person().await;
    let many: Vec<String> = (0..1001).map(|_| fresh_phone()).collect();
    person
        .api
        .post("/users/contacts/sync", json!({"phones": many}))
        .await
        .refused_field("phones");
    person
        .api
        .post("/users/contacts/sync", json!({"phones": &many[..1000]}))
        .await
        .ok();
    for (body, field) in [
        (json!({}), "phones"),
        (json!({"phones": "+14155550100"}), "phones"),
        (json!({"phones": [5]}), "phones"),
        (json!({"phones": [], "country": "US"}), "country"),
    ] {
        person
            .api
            .post("/users/contacts/sync", body)
            .await
            .refused_field(field);
    }
}

#[tokio::test]
async fn contacts_come_in_pages() {
    let server = Server::shared().await;
    let person = server.person().await;
    let crowd = server.crowd(5).await;
    let phones: Vec<&str> = crowd.iter().map(|other| other.phone.as_str()).collect();
    person
        .api
        .post("/users/contacts/sync", json!({"phones": phones}))
        .await
        .ok();
    let mut seen = Vec::new();
    let mut path = "/users/contacts?limit=2".to_owned();
    for _ in 0..3 {
        let page = person.api.get(&path).await.ok();
        let items = page["items"].as_array().expect("items");
        seen.extend(items.iter().map(|item| item["userId"].to_string()));
        let Some(cursor) = page["nextCursor"].as_str() else {
            break;
        };
        path = format!("/users/contacts?limit=2&cursor={cursor}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 5, "everyone once");
    person
        .api
        .get("/users/contacts?limit=2&cursor=tampered")
        .await
        .refused_field("cursor");
}
