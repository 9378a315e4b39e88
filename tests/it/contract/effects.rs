//! What entries do to the rows of their chat.

use troupe::domain::chat::{Left, Member, Role};
use troupe::id::{ChatId, UserId};
use troupe::storage::messages::{ChatEffect, ChatPatch};
use troupe::storage::user_log::Topic;

use super::backend::{Backend, Opened};

over_every_backend!(
    coming_and_going_moves_the_bounds,
    roles_change,
    the_last_admin_hands_over,
    a_patch_changes_what_it_names,
    the_timer_is_on_the_chat,
    a_fenced_change_has_no_effect,
);

impl Opened {
    async fn member(&self, chat_id: ChatId, user_id: UserId) -> Member {
        let found = self.chats.find_membership(user_id, chat_id).await;
        found.expect("found").expect("a membership").member
    }
}

async fn coming_and_going_moves_the_bounds(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other, third) = (
        stores.person().await,
        stores.person().await,
        stores.person().await,
    );
    let chat_id = stores.group(&[one, other]).await;
    stores.say(chat_id, one, "before").await;
    let users = || vec![third];
    let added = ChatEffect::MembersAdded { user_ids: users() };
    let numbers = stores.act(chat_id, one, added.clone()).await;
    let member = stores.member(chat_id, third).await;
    assert_eq!(
        (member.join_seq, member.join_rev),
        (numbers.seq, numbers.rev)
    );
    assert_eq!((member.left, member.role), (None, Role::Member));
    let gone = ChatEffect::MembersGone {
        user_ids: users(),
        new_admin: None,
    };
    let left = stores.act(chat_id, one, gone).await;
    let member = stores.member(chat_id, third).await;
    let (seq, rev) = (left.seq, left.rev);
    assert_eq!(member.left, Some(Left { seq, rev }));
    assert_eq!(member.join_seq, numbers.seq);
    stores.say(chat_id, one, "between").await;
    let back = stores.act(chat_id, one, added).await;
    let member = stores.member(chat_id, third).await;
    assert_eq!((member.join_seq, member.join_rev), (back.seq, back.rev));
    assert_eq!(member.left, None);
    let log = stores.user_log.list(third, 0, 9).await.expect("a log");
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].topic, log[0].rev), (Topic::Membership, 3));
    let changed = stores.messages.chat_changed_rev(chat_id).await;
    assert_eq!(changed.expect("a rev"), back.rev);
}

async fn roles_change(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.group(&[one, other]).await;
    let changed = stores.messages.chat_changed_rev(chat_id).await;
    assert_eq!(changed.expect("a rev"), 1);
    let role = |role| ChatEffect::RoleChanged {
        user_id: other,
        role,
    };
    stores.act(chat_id, one, role(Role::Admin)).await;
    assert_eq!(stores.member(chat_id, other).await.role, Role::Admin);
    stores.act(chat_id, one, role(Role::Member)).await;
    assert_eq!(stores.member(chat_id, other).await.role, Role::Member);
    assert_eq!(stores.member(chat_id, one).await.role, Role::Admin);
}

async fn the_last_admin_hands_over(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.group(&[one, other]).await;
    let gone = ChatEffect::MembersGone {
        user_ids: vec![one],
        new_admin: Some(other),
    };
    stores.act(chat_id, one, gone).await;
    assert!(!stores.member(chat_id, one).await.is_active());
    assert_eq!(stores.member(chat_id, other).await.role, Role::Admin);
    // Back again he is a member like any other.
    let added = ChatEffect::MembersAdded {
        user_ids: vec![one],
    };
    stores.act(chat_id, other, added).await;
    assert_eq!(stores.member(chat_id, one).await.role, Role::Member);
}

async fn a_patch_changes_what_it_names(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.group(&[one, other]).await;
    let chat = async || {
        let roster = stores.chats.find(chat_id).await.expect("found");
        roster.expect("a roster").chat
    };
    let patch = ChatPatch {
        description: Some(Some("What for".to_owned())),
        admin_only: Some(true),
        ..ChatPatch::default()
    };
    stores
        .act(chat_id, one, ChatEffect::ChatChanged(patch))
        .await;
    let changed = chat().await;
    assert_eq!(changed.name.as_deref(), Some("Friends"));
    assert_eq!(changed.description.as_deref(), Some("What for"));
    assert!(changed.admin_only);
    let patch = ChatPatch {
        name: Some("Old friends".to_owned()),
        description: Some(None),
        ..ChatPatch::default()
    };
    stores
        .act(chat_id, one, ChatEffect::ChatChanged(patch))
        .await;
    let changed = chat().await;
    assert_eq!(changed.name.as_deref(), Some("Old friends"));
    assert_eq!(changed.description, None);
    assert!(changed.admin_only);
    assert!(changed.updated_at > changed.created_at);
}

async fn the_timer_is_on_the_chat(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.direct(one, other).await;
    for seconds in [Some(3600), None] {
        stores
            .act(chat_id, one, ChatEffect::TimerChanged { seconds })
            .await;
        let roster = stores.chats.find(chat_id).await.expect("found");
        assert_eq!(roster.expect("a roster").chat.auto_delete_timer, seconds);
    }
}

async fn a_fenced_change_has_no_effect(backend: &dyn Backend) {
    use troupe::domain::message::MessageKind;
    use troupe::storage::messages::{Appended, Change};

    let stores = backend.open();
    let (one, other) = (stores.person().await, stores.person().await);
    let chat_id = stores.group(&[one, other]).await;
    let stale = stores.heads(chat_id).await;
    stores.say(chat_id, other, "first").await;
    let message = troupe::domain::message::Message {
        kind: MessageKind::System,
        client_message_id: None,
        ..super::stage::text(chat_id, one, stale, "system")
    };
    let mut entry = super::stage::sent(&message);
    entry.change = Change::Acted {
        message: Box::new(message),
        effect: ChatEffect::MembersGone {
            user_ids: vec![other],
            new_admin: None,
        },
    };
    let done = stores.append(chat_id, vec![entry]).await;
    assert!(matches!(done, Appended::Conflict { committed: 0 }));
    assert!(stores.member(chat_id, other).await.is_active());
    let changed = stores.messages.chat_changed_rev(chat_id).await;
    assert_eq!(changed.expect("a rev"), 1);
}
