//! `--demo`: people to play with, made through the same actors as anyone.
//!
//! Every step can be done again: a restart, or a start that was cut off, adds only what is missing.

use super::groups::Groups;
use crate::actors::chat::requests::{ChatCommand, CreateChat, SendAnswer, SendMessage};
use crate::actors::message::requests::ListChats;
use crate::actors::request::{Answer, ask};
use crate::actors::user::requests::{SyncContacts, UpdateMe};
use crate::clock::Clock;
use crate::domain::chat::ChatKind;
use crate::domain::message::draft;
use crate::domain::phone::Phone;
use crate::domain::user::User;
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::storage::Stores;
use crate::storage::users::UserPatch;

/// Phone, name and what each says of themselves; the page offers these numbers.
const PEOPLE: [(&str, &str, &str); 4] = [
    ("+12025550101", "Ada", "Counting on it"),
    ("+12025550102", "Ben", "At the theatre"),
    ("+12025550103", "Cleo", "Rehearsing"),
    ("+12025550104", "Dan", "Call me after eight"),
];

const GROUP: &str = "Opening night";

/// Who says what in the group, by their place in [`PEOPLE`].
const LINES: [(usize, &str); 4] = [
    (0, "Doors open at seven. Who brings the programmes?"),
    (1, "I do. The printer says they are ready."),
    (2, "Then I take the flowers"),
    (0, "Perfect. See you all at the stage door 🎭"),
];

/// Makes the people, their contacts, a direct chat and a group with a few messages.
pub async fn populate(groups: &Groups, stores: &Stores, clock: Clock) -> Answer<()> {
    let mut users = Vec::with_capacity(PEOPLE.len());
    for (phone, name, status) in PEOPLE {
        users.push(person(groups, stores, clock, [phone, name, status]).await?);
    }
    let phones: Vec<String> = PEOPLE.map(|(phone, ..)| phone.to_owned()).into();
    for user in &users {
        let request = SyncContacts {
            user: user.id,
            phones: phones.clone(),
        };
        ask(&groups.user.sync_contacts, request).await?;
    }
    let ids: Vec<UserId> = users.iter().map(|user| user.id).collect();
    let [ada, ben, ..] = ids.as_slice() else {
        return Ok(());
    };
    if has_chats(groups, *ada).await? {
        return Ok(());
    }
    let direct = chat(groups, ChatKind::Direct, *ada, vec![*ben]).await?;
    say(groups, direct, *ben, "demo-hello", "Hi Ada, this is Ben 👋").await?;
    let group = chat(groups, ChatKind::Group, *ada, ids[1..].to_vec()).await?;
    for (line, (who, text)) in LINES.iter().enumerate() {
        say(groups, group, ids[*who], &format!("demo-{line}"), text).await?;
    }
    Ok(())
}

/// A user who keeps whatever name he gave himself.
async fn person(
    groups: &Groups,
    stores: &Stores,
    clock: Clock,
    [phone, name, status]: [&str; 3],
) -> Answer<User> {
    let phone = Phone::parse(phone, None).ok_or_else(Failure::internal)?;
    let user = stores.users.insert(phone, clock.now()).await?.user;
    if !user.display_name.is_empty() {
        return Ok(user);
    }
    let patch = UserPatch {
        display_name: Some(name.to_owned()),
        status_text: Some(status.to_owned()),
        avatar_media_id: None,
    };
    let request = UpdateMe {
        user: user.id,
        patch,
    };
    ask(&groups.user.update_me, request).await
}

async fn has_chats(groups: &Groups, viewer: UserId) -> Answer<bool> {
    let request = ListChats {
        viewer,
        cursor: None,
        limit: 2,
    };
    let chats = ask(&groups.message.list_chats, request).await?;
    Ok(chats.items.len() > 1)
}

async fn chat(
    groups: &Groups,
    kind: ChatKind,
    creator: UserId,
    others: Vec<UserId>,
) -> Answer<ChatId> {
    let request = CreateChat {
        creator,
        kind,
        others,
        name: (kind == ChatKind::Group).then(|| GROUP.to_owned()),
        description: None,
        avatar_media_id: None,
        admin_only: false,
        idempotency_key: Some(format!("demo-{kind:?}")),
    };
    Ok(ask(&groups.chat.create_chat, request).await?.chat_id)
}

async fn say(
    groups: &Groups,
    chat: ChatId,
    sender: UserId,
    client_message_id: &str,
    text: &str,
) -> Answer<()> {
    let draft = draft::parse("text", Some(text.to_owned()), None, None)?;
    let sent = groups.door.ask(chat, |reply| {
        ChatCommand::Send(SendMessage {
            sender,
            client_message_id: client_message_id.to_owned(),
            is_named: true,
            draft,
            forwarded: false,
            reply: SendAnswer::caller(reply),
        })
    });
    sent.await.map(|_| ())
}
