//! Chats and memberships: making them once, listing them, what is mine alone.

use std::time::Duration;

use troupe::domain::chat::{ChatKind, Mute};
use troupe::id::{ChatId, UserId};
use troupe::storage::chats::{Membership, PersonalSetting};
use troupe::storage::messages::{ChatEffect, Heads};
use troupe::storage::user_log::Topic;

use super::backend::{Backend, Opened};
use super::stage::{START, at, new_chat};

over_every_backend!(
    a_new_chat_is_all_there,
    two_people_share_one_direct_chat,
    parallel_creations_give_one_chat,
    an_idempotency_key_gives_the_first_chat,
    lists_are_by_activity,
    lists_know_who_is_in,
    personal_settings_are_logged,
    making_a_chat_is_logged,
);

async fn people<const N: usize>(stores: &Opened) -> [UserId; N] {
    let mut people = Vec::new();
    for _ in 0..N {
        people.push(stores.person().await);
    }
    people.try_into().expect("as many as asked")
}

async fn a_new_chat_is_all_there(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other, third] = people(&stores).await;
    let mut new = new_chat(ChatKind::Group, &[one, other, third]);
    new.chat.description = Some("Those who know".to_owned());
    new.chat.admin_only = true;
    new.chat.auto_delete_timer = Some(3600);
    let (chat, mut members) = (new.chat.clone(), new.members.clone());
    let inserted = stores.chats.insert(new).await.expect("inserted");
    assert_eq!((inserted.chat_id, inserted.created), (chat.id, true));
    let roster = stores.chats.find(chat.id).await.expect("found");
    let mut roster = roster.expect("a roster");
    assert_eq!(roster.chat, chat);
    roster.members.sort_by_key(|member| member.user_id);
    members.sort_by_key(|member| member.user_id);
    assert_eq!(roster.members, members);
    assert!(roster.blocks.is_empty());
    assert_eq!(stores.heads(chat.id).await, Heads { seq: 0, rev: 1 });
    let mine = stores.chats.find_membership(other, chat.id).await;
    let mine = mine.expect("found").expect("a membership");
    assert_eq!((mine.chat, mine.peer), (chat.clone(), None));
    assert_eq!((mine.member.user_id, mine.participant_count), (other, 3));
    let stranger = stores.person().await;
    let none = stores.chats.find_membership(stranger, chat.id).await;
    assert!(none.expect("found").is_none());
    let unknown = ChatId::new();
    assert!(stores.chats.find(unknown).await.expect("found").is_none());
    let rosters = stores.chats.find_all(vec![unknown, chat.id]).await;
    assert_eq!(rosters.expect("found").len(), 1);
}

async fn two_people_share_one_direct_chat(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other, third] = people(&stores).await;
    let first = new_chat(ChatKind::Direct, &[one, other]);
    let first = stores.chats.insert(first).await.expect("inserted");
    assert!(first.created);
    let back = new_chat(ChatKind::Direct, &[other, one]);
    let unused = back.chat.id;
    let back = stores.chats.insert(back).await.expect("inserted");
    assert_eq!((back.chat_id, back.created), (first.chat_id, false));
    assert!(stores.chats.find(unused).await.expect("found").is_none());
    assert_eq!(stores.heads(unused).await, Heads::default());
    assert_ne!(stores.direct(one, third).await, first.chat_id);
    let mine = stores.chats.find_membership(one, first.chat_id).await;
    let mine = mine.expect("found").expect("a membership");
    assert_eq!((mine.peer, mine.participant_count), (Some(other), 2));
}

async fn parallel_creations_give_one_chat(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other] = people(&stores).await;
    let inserts = (0..16).map(|place| {
        let pair = if place % 2 == 0 {
            [one, other]
        } else {
            [other, one]
        };
        stores.chats.insert(new_chat(ChatKind::Direct, &pair))
    });
    let inserted = futures_util::future::join_all(inserts).await;
    let inserted: Vec<_> = inserted
        .into_iter()
        .map(|one| one.expect("inserted"))
        .collect();
    let first = inserted[0].chat_id;
    assert!(inserted.iter().all(|one| one.chat_id == first));
    let made = inserted.iter().filter(|one| one.created).count();
    assert_eq!(made, 1);
}

async fn an_idempotency_key_gives_the_first_chat(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other, third] = people(&stores).await;
    let keyed = |creator, days: u64| {
        let mut new = new_chat(ChatKind::Group, &[creator, third]);
        new.idempotency_key = Some("try-1".to_owned());
        new.chat.created_at = START + Duration::from_secs(days * 24 * 3600);
        stores.chats.insert(new)
    };
    let first = keyed(one, 0).await.expect("inserted");
    assert!(first.created);
    let again = keyed(one, 6).await.expect("inserted");
    assert_eq!((again.chat_id, again.created), (first.chat_id, false));
    let others = keyed(other, 0).await.expect("inserted");
    assert!(others.created, "a key is one account's");
    let late = keyed(one, 8).await.expect("inserted");
    assert!(late.created, "a key lives 7 days");
}

fn ids(memberships: &[Membership]) -> Vec<ChatId> {
    memberships.iter().map(|one| one.chat.id).collect()
}

async fn lists_are_by_activity(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other] = people(&stores).await;
    let mut chats = Vec::new();
    for _ in 0..5 {
        chats.push(stores.group(&[one, other]).await);
    }
    let activity = vec![(chats[0], at(10)), (chats[3], at(30)), (chats[1], at(20))];
    let update = stores.chats.update_activity(activity).await;
    update.expect("updated");
    let update = stores.chats.update_activity(vec![(chats[3], at(5))]).await;
    update.expect("updated");
    let newest_first = [chats[3], chats[1], chats[0], chats[4], chats[2]];
    let all = stores.chats.list(one, None, 99).await.expect("listed");
    assert_eq!(ids(&all), newest_first);
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = stores.chats.list(one, after, 2).await.expect("listed");
        let Some(last) = page.last() else { break };
        after = Some((last.chat.updated_at, last.chat.id));
        paged.extend(ids(&page));
    }
    assert_eq!(paged, newest_first);
    let all = stores.chats.list_all(one).await.expect("listed");
    assert_eq!(ids(&all), newest_first);
}

async fn lists_know_who_is_in(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other, third] = people(&stores).await;
    let direct = stores.direct(one, other).await;
    let group = stores.group(&[one, other, third]).await;
    let gone = ChatEffect::MembersGone {
        user_ids: vec![third],
        new_admin: None,
    };
    stores.act(group, one, gone).await;
    let list = stores.chats.list(third, None, 9).await.expect("listed");
    assert!(list.is_empty());
    let all = stores.chats.list_all(third).await.expect("listed");
    assert_eq!(ids(&all), [group]);
    assert_eq!(all[0].participant_count, 2);
    let members = stores.chats.list_members(vec![direct, group]).await;
    for (_, mut members) in members.expect("listed") {
        members.sort();
        let mut both = [one, other];
        both.sort();
        assert_eq!(members, both);
    }
    let peers = stores.chats.list_peers(one).await.expect("listed");
    assert_eq!(peers, [other]);
    assert!(
        stores
            .chats
            .list_peers(third)
            .await
            .expect("listed")
            .is_empty()
    );
}

async fn personal_settings_are_logged(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other, stranger] = people(&stores).await;
    let chat_id = stores.direct(one, other).await;
    let head = stores.user_log.head(one).await.expect("a head");
    let set = async |user, setting| {
        let set = stores.chats.update_personal(user, chat_id, setting, at(1));
        set.await.expect("updated")
    };
    let until = Mute {
        until: Some(at(3_600_000)),
    };
    let mute = PersonalSetting::Mute(Some(until));
    assert_eq!(set(one, mute).await, Some(head + 1));
    assert_eq!(set(one, mute).await, None, "nothing changed");
    assert_eq!(set(one, PersonalSetting::Pin(true)).await, Some(head + 2));
    assert_eq!(set(stranger, PersonalSetting::Pin(true)).await, None);
    let mine = stores.chats.find_membership(one, chat_id).await;
    let mine = mine.expect("found").expect("a membership").member;
    assert_eq!((mine.muted, mine.is_pinned), (Some(until), true));
    let theirs = stores.chats.find_membership(other, chat_id).await;
    let theirs = theirs.expect("found").expect("a membership").member;
    assert_eq!((theirs.muted, theirs.is_pinned), (None, false));
    let log = stores.user_log.list(one, head, 9).await.expect("a log");
    assert_eq!(log.len(), 1, "the latest state alone");
    assert_eq!(log[0].topic, Topic::ChatSettings);
    assert_eq!(log[0].key, chat_id.to_string());
    let value: serde_json::Value = serde_json::from_str(&log[0].value).expect("JSON");
    let shown = serde_json::json!({
        "isMuted": true, "muteUntil": at(3_600_000), "isPinned": true,
    });
    assert_eq!(value, shown);
    assert_eq!(set(one, PersonalSetting::Mute(None)).await, Some(head + 3));
    assert_eq!(set(one, PersonalSetting::Mute(None)).await, None);
}

async fn making_a_chat_is_logged(backend: &dyn Backend) {
    let stores = backend.open();
    let [one, other] = people(&stores).await;
    let chat_id = stores.direct(one, other).await;
    stores.direct(one, other).await;
    for user in [one, other] {
        let log = stores.user_log.list(user, 0, 9).await.expect("a log");
        assert_eq!(log.len(), 1);
        assert_eq!(log[0].topic, Topic::Membership);
        assert_eq!(log[0].key, chat_id.to_string());
    }
}
