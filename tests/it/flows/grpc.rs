//! The services of `proto/`, as another system calls them.

use serde_json::json;
use tonic::Code;

use troupe::actors::group::Group;

use crate::support::grpc::proto::auth_service_client::AuthServiceClient;
use crate::support::grpc::proto::chat_service_client::ChatServiceClient;
use crate::support::grpc::proto::user_service_client::UserServiceClient;
use crate::support::grpc::proto::{
    CheckPermissionRequest, GetParticipantsRequest, GetPresenceRequest, GetPrivacySettingsRequest,
    GetProfileRequest, GetUserRequest, IsMemberRequest, ValidateTokenRequest,
};
use crate::support::grpc::refused;
use crate::support::{Server, eventually};

const NOBODY: &str = "0190a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b";

async fn server() -> Server {
    Server::options().unlimited().grpc().start().await
}

#[tokio::test]
async fn tokens_are_validated() {
    let server = server().await;
    let anna = server.person().await;
    let mut auth = AuthServiceClient::new(server.grpc(Group::Auth).await);
    let token = anna.access_token.clone();
    let known = auth.validate_token(ValidateTokenRequest { token }).await;
    let known = known.expect("a good token").into_inner();
    assert_eq!(
        (known.user_id, known.phone),
        (anna.id.clone(), anna.phone.clone())
    );

    let flipped = format!("{}A", &anna.access_token[..anna.access_token.len() - 1]);
    let longer = "x".repeat(100_000);
    let refresh = anna.refresh_token.clone();
    for token in [
        String::new(),
        "junk".to_owned(),
        flipped + "A",
        longer,
        refresh,
    ] {
        let answer = auth.validate_token(ValidateTokenRequest { token }).await;
        refused(answer, Code::Unauthenticated, "unauthenticated");
    }
    anna.api.post_empty("/auth/logout").await.no_content();
    let token = anna.access_token.clone();
    let answer = auth.validate_token(ValidateTokenRequest { token }).await;
    refused(answer, Code::Unauthenticated, "unauthenticated");
}

#[tokio::test]
async fn users_are_shown_whole() {
    let server = server().await;
    let anna = server.person().await;
    let patch = json!({"displayName": "Anna", "statusText": "At sea"});
    anna.api.patch("/users/me", patch).await.ok();
    let privacy = json!({"about": "nobody", "lastSeen": "nobody"});
    anna.api.put("/users/me/privacy", privacy).await.ok();
    let mut users = UserServiceClient::new(server.grpc(Group::User).await);
    let id = |id: &str| GetUserRequest {
        user_id: id.to_owned(),
    };

    let whole = users
        .get_user(id(&anna.id))
        .await
        .expect("there")
        .into_inner();
    assert_eq!(
        (whole.id.as_str(), whole.phone.as_str()),
        (&*anna.id, &*anna.phone)
    );
    assert_eq!(
        (whole.display_name.as_str(), whole.status_text.as_str()),
        ("Anna", "At sea")
    );
    assert!(
        whole
            .created_at
            .is_some_and(|at| at.seconds > 1_700_000_000)
    );
    refused(
        users.get_user(id(NOBODY)).await,
        Code::NotFound,
        "not_found",
    );
    let status = refused(
        users.get_user(id("x")).await,
        Code::InvalidArgument,
        "invalid",
    );
    assert!(status.message().contains("user_id"), "{status:?}");
    refused(
        users.get_user(id("")).await,
        Code::InvalidArgument,
        "invalid",
    );
}

#[tokio::test]
async fn profiles_and_settings_are_shown_as_they_are_set() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let patch = json!({"displayName": "Anna", "statusText": "At sea"});
    anna.api.patch("/users/me", patch).await.ok();
    let privacy = json!({"about": "nobody", "readReceipts": false});
    anna.api.put("/users/me/privacy", privacy).await.ok();
    let mut users = UserServiceClient::new(server.grpc(Group::User).await);

    let asked = GetProfileRequest {
        viewer_id: ben.id.clone(),
        user_id: anna.id.clone(),
    };
    let shown = users
        .get_profile(asked.clone())
        .await
        .expect("shown")
        .into_inner();
    assert_eq!(
        (shown.display_name.as_str(), shown.status_text),
        ("Anna", None)
    );
    let asked = GetProfileRequest {
        user_id: NOBODY.to_owned(),
        ..asked
    };
    refused(users.get_profile(asked).await, Code::NotFound, "not_found");

    let set = GetPrivacySettingsRequest {
        user_id: anna.id.clone(),
    };
    let set = users
        .get_privacy_settings(set)
        .await
        .expect("set")
        .into_inner();
    assert_eq!((set.about.as_str(), set.read_receipts), ("nobody", false));
    assert_eq!(
        (set.profile_photo.as_str(), set.group_add.as_str()),
        ("everyone", "everyone")
    );
    let nobody = GetPrivacySettingsRequest {
        user_id: NOBODY.to_owned(),
    };
    refused(
        users.get_privacy_settings(nobody).await,
        Code::NotFound,
        "not_found",
    );
}

#[tokio::test]
async fn presence_is_shown_through_privacy() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let users = UserServiceClient::new(server.grpc(Group::User).await);
    let presence = async |viewer: &str, user: &str| {
        let asked = GetPresenceRequest {
            viewer_id: viewer.to_owned(),
            user_id: user.to_owned(),
        };
        users.clone().get_presence(asked).await
    };
    let online = async |viewer: &str, user: &str| {
        presence(viewer, user)
            .await
            .expect("shown")
            .into_inner()
            .online
    };
    assert!(!online(&ben.id, &anna.id).await);
    let _socket = anna.socket().await;
    eventually("anna is online", async || online(&ben.id, &anna.id).await).await;
    let hide = json!({"lastSeen": "nobody"});
    anna.api.put("/users/me/privacy", hide).await.ok();
    assert!(!online(&ben.id, &anna.id).await);
    refused(presence(&ben.id, NOBODY).await, Code::NotFound, "not_found");
    refused(
        presence("x", &anna.id).await,
        Code::InvalidArgument,
        "invalid",
    );
}

#[tokio::test]
async fn chats_say_who_is_in_them() {
    let server = server().await;
    let [anna, ben] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let mut chats = ChatServiceClient::new(server.grpc(Group::Chat).await);
    let asked = |id: &str| GetParticipantsRequest {
        chat_id: id.to_owned(),
    };
    let answer = chats.get_chat_participants(asked(&group)).await;
    let answer = answer.expect("there").into_inner();
    assert_eq!(answer.chat_type, "group");
    let mut who: Vec<(&str, &str)> = answer
        .participants
        .iter()
        .map(|one| (one.user_id.as_str(), one.role.as_str()))
        .collect();
    who.sort_unstable();
    let mut expected = [(&*anna.id, "admin"), (&*ben.id, "member")];
    expected.sort_unstable();
    assert_eq!(who, expected);
    refused(
        chats.get_chat_participants(asked(NOBODY)).await,
        Code::NotFound,
        "not_found",
    );
    refused(
        chats.get_chat_participants(asked("x")).await,
        Code::InvalidArgument,
        "invalid",
    );
}

#[tokio::test]
async fn who_is_a_member_is_told_of_anyone() {
    let server = server().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let mut chats = ChatServiceClient::new(server.grpc(Group::Chat).await);
    for (chat, user, is_member, role) in [
        (&*group, &*anna.id, true, "admin"),
        (&*group, &*ben.id, true, "member"),
        (&*group, &*cleo.id, false, ""),
        (&*group, NOBODY, false, ""),
        (NOBODY, &*anna.id, false, ""),
    ] {
        let asked = IsMemberRequest {
            chat_id: chat.to_owned(),
            user_id: user.to_owned(),
        };
        let answer = chats
            .is_member(asked)
            .await
            .expect("an answer")
            .into_inner();
        assert_eq!(
            (answer.is_member, answer.role.as_str()),
            (is_member, role),
            "{chat} {user}"
        );
    }
    let asked = IsMemberRequest {
        chat_id: group.clone(),
        user_id: "x".to_owned(),
    };
    refused(
        chats.is_member(asked).await,
        Code::InvalidArgument,
        "invalid",
    );

    ben.api
        .post_empty(&format!("/chats/{group}/leave"))
        .await
        .no_content();
    let asked = IsMemberRequest {
        chat_id: group,
        user_id: ben.id,
    };
    let answer = chats
        .is_member(asked)
        .await
        .expect("an answer")
        .into_inner();
    assert!(!answer.is_member, "he has left");
}

#[tokio::test]
async fn permission_is_membership_and_the_groups_mode() {
    let server = server().await;
    let [anna, ben, cleo] = server.people().await;
    let group = anna.group("Ours", &[&ben]).await;
    let direct = anna.direct(&ben).await;
    let chats = ChatServiceClient::new(server.grpc(Group::Chat).await);
    let check = async |chat: &str, user: &str| {
        let asked = CheckPermissionRequest {
            chat_id: chat.to_owned(),
            user_id: user.to_owned(),
        };
        let answer = chats.clone().check_chat_permission(asked).await;
        let answer = answer.expect("an answer").into_inner();
        assert_eq!(answer.allowed, answer.reason.is_empty(), "{answer:?}");
        if answer.allowed {
            "yes".to_owned()
        } else {
            answer.code
        }
    };
    assert_eq!(check(&group, &anna.id).await, "yes");
    assert_eq!(check(&group, &ben.id).await, "yes");
    assert_eq!(check(&group, &cleo.id).await, "not_found");
    assert_eq!(check(NOBODY, &anna.id).await, "not_found");
    assert_eq!(check(&direct, &ben.id).await, "yes");

    let path = format!("/chats/{group}");
    anna.api.patch(&path, json!({"adminOnly": true})).await.ok();
    assert_eq!(check(&group, &anna.id).await, "yes");
    assert_eq!(check(&group, &ben.id).await, "forbidden");
    let path = format!("/users/contacts/{}/block", ben.id);
    anna.api.put_empty(&path).await.ok();
    assert_eq!(check(&direct, &ben.id).await, "forbidden");
    assert_eq!(check(&direct, &anna.id).await, "forbidden");
    let asked = CheckPermissionRequest {
        chat_id: String::new(),
        user_id: anna.id,
    };
    let answer = chats.clone().check_chat_permission(asked).await;
    refused(answer, Code::InvalidArgument, "invalid");
}
