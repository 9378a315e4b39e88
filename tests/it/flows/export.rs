//! One's own data as one archive.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};

use serde_json::{Value, json};

use crate::support::{Person, Server, eventually_some};

/// Waits until the archive is there, and fetches it: names and contents.
async fn archive(person: &Person) -> BTreeMap<String, Vec<u8>> {
    let ready = || async {
        let export = person.api.get("/users/me/export").await.ok();
        assert_ne!(export["state"], "failed", "{export}");
        (export["state"] == "ready").then_some(export)
    };
    let export = eventually_some("the archive is made", ready).await;
    let stores = export["stores"].as_array().unwrap();
    assert!(stores.iter().all(|store| store["state"] == "ready"));
    let url = export["url"].as_str().expect("an address");
    let answer = reqwest::get(url).await.expect("answered");
    assert_eq!(answer.status(), 200);
    let bytes = answer.bytes().await.expect("whole");
    let mut zip = zip::ZipArchive::new(Cursor::new(bytes)).expect("a zip file");
    let mut files = BTreeMap::new();
    for index in 0..zip.len() {
        let mut file = zip.by_index(index).expect("a file");
        let mut content = Vec::new();
        file.read_to_end(&mut content).expect("readable");
        let name = file.name().expect("a name").into_owned();
        files.insert(name, content);
    }
    files
}

fn json_of(files: &BTreeMap<String, Vec<u8>>, name: &str) -> Value {
    serde_json::from_slice(&files[name]).expect("JSON")
}

#[tokio::test]
async fn everything_of_ones_own_is_in_one_archive() {
    let server = Server::options().unlimited().start().await;
    let [anna, ben] = server.people().await;
    anna.api.get("/users/me/export").await.refused(404);
    let name = json!({"displayName": "Anna"});
    anna.api.patch("/users/me", name).await.ok();
    let chat = anna.direct(&ben).await;
    for index in 0..230 {
        anna.say(&chat, &format!("number {index}")).await;
    }
    ben.say(&chat, "hello Anna").await;
    let hidden = ben.direct(&server.person().await).await;
    ben.say(&hidden, "not for Anna").await;
    let picture = anna.picture().await;
    let block = format!("/users/contacts/{}/block", ben.id);
    anna.api.put_empty(&block).await.ok();

    let asked = anna.api.post_empty("/users/me/export").await.ok();
    assert!(["running", "ready"].contains(&asked["state"].as_str().unwrap()));
    let files = archive(&anna).await;

    let profile = json_of(&files, "profile.json");
    assert_eq!(profile["display_name"], "Anna", "{profile}");
    assert_eq!(json_of(&files, "blocked.json"), json!([ben.id]));
    assert_eq!(json_of(&files, "privacy.json")["lastSeen"], "everyone");
    let messages = files[&format!("messages/{chat}.jsonl")].clone();
    let messages = String::from_utf8(messages).unwrap();
    assert_eq!(messages.lines().count(), 231);
    assert!(messages.contains("hello Anna") && messages.contains("number 0"));
    let whole = files.values().flatten().copied().collect::<Vec<u8>>();
    let whole = String::from_utf8_lossy(&whole);
    assert!(!whole.contains("not for Anna"));
    let media = files.keys().find(|name| name.starts_with("media/"));
    let media = media.expect("the picture");
    assert!(media.contains(&picture));
    assert!(files[media].starts_with(b"\x89PNG"));

    let again = anna.api.post_empty("/users/me/export").await.ok();
    assert_eq!(again["state"], "ready", "the same within the hour");
}
