//! Every cell of the privacy table that shows over the wire: what an owner set, whether he knows the
//! viewer, and who of the two blocks the other.

use serde_json::{Value, json};

use crate::support::{Person, Server, Socket};

#[derive(Clone, Copy, Debug)]
struct Cell {
    audience: &'static str,
    /// The viewer is in the owner's list.
    known: bool,
    owner_blocks: bool,
    viewer_blocks: bool,
}

impl Cell {
    /// Every relation under one setting.
    fn all(audience: &'static str) -> impl Iterator<Item = Self> {
        (0..8).map(move |bits| Self {
            audience,
            known: bits & 1 != 0,
            owner_blocks: bits & 2 != 0,
            viewer_blocks: bits & 4 != 0,
        })
    }

    /// Whether what has an audience is shown.
    fn shows(self) -> bool {
        let is_meant = match self.audience {
            "everyone" => true,
            "contacts" => self.known,
            _ => false,
        };
        is_meant && !self.owner_blocks
    }

    async fn set_up(self, owner: &Person, viewer: &Person) {
        let settings = json!({
            "lastSeen": self.audience, "about": self.audience, "groupAdd": self.audience,
            "profilePhoto": self.audience,
        });
        owner.api.put("/users/me/privacy", settings).await.ok();
        if self.known {
            let phones = json!({"phones": [viewer.phone]});
            owner.api.post("/users/contacts/sync", phones).await.ok();
        }
        for (who, whom, blocks) in [
            (owner, viewer, self.owner_blocks),
            (viewer, owner, self.viewer_blocks),
        ] {
            if blocks {
                let path = format!("/users/contacts/{}/block", whom.id);
                who.api.put_empty(&path).await.ok();
            }
        }
    }
}

async fn check(server: &Server, cell: Cell) {
    let [owner, viewer, third] = server.people().await;
    let me = json!({"statusText": "here", "avatarMediaId": owner.picture().await});
    owner.api.patch("/users/me", me).await.ok();
    let chat = viewer.direct(&owner).await;
    let group = viewer.group("ours", &[&third]).await;
    cell.set_up(&owner, &viewer).await;
    let shows = cell.shows();
    let mut of_owner = owner.socket().await;
    owner.until_online().await;
    check_faces(cell, &owner, &viewer, &chat).await;

    let profile = viewer.api.get(&format!("/users/{}", owner.id)).await.ok();
    assert_eq!(
        profile["statusText"] == "here",
        shows,
        "{cell:?}: {profile}"
    );
    let asked = format!("/users/{}/presence", owner.id);
    let presence = viewer.api.get(&asked).await.ok();
    assert_eq!(presence["online"], shows, "{cell:?}: {presence}");
    let mut of_viewer = viewer.socket().await;
    of_viewer
        .send(json!({"type": "presence.subscribe", "userIds": [owner.id]}))
        .await;
    let frame = of_viewer.expect_type("presence.updated").await;
    assert_eq!(frame["online"], shows, "{cell:?}: {frame}");

    check_typing(cell, (&mut of_owner, &mut of_viewer), &viewer, &chat).await;

    let participants = format!("/chats/{group}/participants");
    let add = json!({"userIds": [owner.id]});
    let added = viewer.api.post(&participants, add).await;
    assert_eq!(
        added.status,
        if shows { 201 } else { 403 },
        "{cell:?}: {added:?}"
    );
    let started = viewer
        .api
        .post("/chats", json!({"type": "direct", "userId": owner.id}))
        .await;
    assert_eq!(
        started.status, 200,
        "{cell:?}: what is there stays: {started:?}"
    );

    of_owner.leave().await;
    if !shows {
        let gone = viewer.api.get(&asked).await.ok();
        assert!(gone.get("lastSeen").is_none(), "{cell:?}: {gone}");
        let profile = viewer.api.get(&format!("/users/{}", owner.id)).await.ok();
        assert!(profile.get("lastSeen").is_none(), "{cell:?}: {profile}");
    }
}

/// The picture in every list of people; the name is there in all of them.
async fn check_faces(cell: Cell, owner: &Person, viewer: &Person, chat: &str) {
    let phones = json!({"phones": [owner.phone]});
    let matched = viewer.api.post("/users/contacts/sync", phones).await.ok();
    let profile = viewer.api.get(&format!("/users/{}", owner.id)).await.ok();
    let contacts = viewer.api.get("/users/contacts").await.ok();
    let participants = viewer.api.get(&format!("/chats/{chat}/participants")).await;
    let blocked = viewer.api.get("/users/blocked").await.ok();
    assert_eq!(
        blocked["items"].as_array().map(Vec::len),
        Some(usize::from(cell.viewer_blocks)),
        "{cell:?}"
    );
    let lists = [&matched["contacts"], &contacts["items"], &blocked["items"]];
    let listed = lists
        .iter()
        .flat_map(|list| list.as_array().expect("a list").clone());
    let faces = listed.chain(participants.items()).chain([profile]);
    let faces: Vec<Value> = faces.filter(|face| is_of(face, owner)).collect();
    assert_eq!(faces.len(), 4 + usize::from(cell.viewer_blocks), "{cell:?}");
    for face in faces {
        assert_eq!(
            face["avatarUrl"].is_string(),
            cell.shows(),
            "{cell:?}: {face}"
        );
        assert!(face["displayName"].is_string(), "{cell:?}: {face}");
    }
    let chats = viewer.api.get("/chats").await.items();
    let listed = chats.iter().find(|listed| listed["id"] == chat);
    let listed = listed.expect("the chat is listed");
    assert_eq!(
        listed["avatarUrl"].is_string(),
        cell.shows(),
        "{cell:?}: {listed}"
    );
}

fn is_of(face: &Value, owner: &Person) -> bool {
    // A profile names its owner `id`.
    [&face["userId"], &face["id"]].contains(&&json!(owner.id))
}

/// Typing is shown to everyone but across a block.
async fn check_typing(
    cell: Cell,
    (of_owner, of_viewer): (&mut Socket, &mut Socket),
    viewer: &Person,
    chat: &str,
) {
    of_owner
        .send(json!({"type": "typing.start", "chatId": chat}))
        .await;
    of_owner.settle().await;
    if cell.owner_blocks || cell.viewer_blocks {
        mark(viewer).await;
        of_viewer
            .expect("the mark", |frame| {
                frame["changes"]["user"]["displayName"] == "Mark"
            })
            .await;
        let typed = of_viewer.seen("typing.start");
        assert!(typed.is_empty(), "{cell:?}: {typed:?}");
    } else {
        of_viewer.expect_of("typing.start", chat).await;
    }
}

/// Something that comes to all of one's sockets after whatever was said before.
async fn mark(person: &Person) {
    let name = json!({"displayName": "Mark"});
    person.api.patch("/users/me", name).await.ok();
}

async fn check_all(audience: &'static str) {
    let server = Server::shared().await;
    for cell in Cell::all(audience) {
        check(server, cell).await;
    }
}

#[tokio::test]
async fn what_is_for_everyone() {
    check_all("everyone").await;
}

#[tokio::test]
async fn what_is_for_contacts() {
    check_all("contacts").await;
}

#[tokio::test]
async fn what_is_for_nobody() {
    check_all("nobody").await;
}

/// Reads are shown when both want it so; to who is blocked nothing is.
#[tokio::test]
async fn reads_are_shown_by_both_settings_and_no_block() {
    let server = Server::shared().await;
    for bits in 0..8 {
        let (reader_shows, sender_shows) = (bits & 1 != 0, bits & 2 != 0);
        let blocked = bits & 4 != 0;
        let [sender, reader] = server.people().await;
        let chat = sender.direct(&reader).await;
        let sent = sender.say(&chat, "seen?").await;
        let id = sent["messageId"].as_str().expect("an id");
        for (person, shows) in [(&reader, reader_shows), (&sender, sender_shows)] {
            let settings = json!({"readReceipts": shows});
            person.api.put("/users/me/privacy", settings).await.ok();
        }
        if blocked {
            let path = format!("/users/contacts/{}/block", sender.id);
            reader.api.put_empty(&path).await.ok();
        }
        let read = json!({"messageIds": [id]});
        reader.api.post("/messages/read", read).await.ok();
        let expected = match (blocked, reader_shows && sender_shows) {
            (true, _) => "sent",
            (false, true) => "read",
            (false, false) => "delivered",
        };
        let message = sender.message(id).await;
        let status: &Value = &message["status"][&reader.id]["status"];
        assert_eq!(status, expected, "{bits}: {message}");
        let receipts = sender.api.get(&format!("/messages/{id}/receipts")).await;
        assert_eq!(receipts.items()[0]["status"], expected, "{bits}");
        let listed = &sender.history(&chat).await[0];
        assert_eq!(listed["status"][&reader.id]["status"], expected, "{bits}");
    }
}
