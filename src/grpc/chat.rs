//! `ChatService`.

use tonic::{Request, Response, Status};

use super::fields::{id, time};
use super::proto::chat_service_server::ChatService;
use super::proto::{
    CheckPermissionRequest, CheckPermissionResponse, GetParticipantsRequest,
    GetParticipantsResponse, IsMemberRequest, IsMemberResponse, Participant,
};
use crate::actors::chat::requests::{CheckPermission, FindMember, GetRoster, RosterPeers};
use crate::actors::request::ask;
use crate::domain::chat::{ChatKind, Role};
use crate::error::ErrorCode;

pub struct ChatAdapter {
    pub roster: RosterPeers,
}

#[tonic::async_trait]
impl ChatService for ChatAdapter {
    async fn get_chat_participants(
        &self,
        request: Request<GetParticipantsRequest>,
    ) -> Result<Response<GetParticipantsResponse>, Status> {
        let chat_id = id("chat_id", &request.into_inner().chat_id)?;
        let roster = ask(&self.roster.get_roster, GetRoster { chat_id }).await?;
        let mut members: Vec<_> = roster.active_members().collect();
        members.sort_by_key(|member| (member.joined_at, member.join_seq, member.user_id));
        let participants = members.into_iter().map(|member| Participant {
            user_id: member.user_id.to_string(),
            role: role_name(member.role).to_owned(),
            joined_at: time(member.joined_at),
        });
        Ok(Response::new(GetParticipantsResponse {
            participants: participants.collect(),
            chat_type: match roster.chat.kind {
                ChatKind::Direct => "direct".to_owned(),
                ChatKind::Group => "group".to_owned(),
            },
        }))
    }

    async fn is_member(
        &self,
        request: Request<IsMemberRequest>,
    ) -> Result<Response<IsMemberResponse>, Status> {
        let asked = request.into_inner();
        let request = FindMember {
            chat_id: id("chat_id", &asked.chat_id)?,
            user: id("user_id", &asked.user_id)?,
        };
        let role = ask(&self.roster.find_member, request).await?;
        Ok(Response::new(IsMemberResponse {
            is_member: role.is_some(),
            role: role.map(role_name).unwrap_or_default().to_owned(),
        }))
    }

    async fn check_chat_permission(
        &self,
        request: Request<CheckPermissionRequest>,
    ) -> Result<Response<CheckPermissionResponse>, Status> {
        let asked = request.into_inner();
        let request = CheckPermission {
            chat_id: id("chat_id", &asked.chat_id)?,
            user: id("user_id", &asked.user_id)?,
        };
        let answer = match ask(&self.roster.check_permission, request).await {
            Ok(()) => CheckPermissionResponse {
                allowed: true,
                ..CheckPermissionResponse::default()
            },
            Err(no) if matches!(no.code(), ErrorCode::NotFound | ErrorCode::Forbidden) => {
                CheckPermissionResponse {
                    allowed: false,
                    code: no.code().as_str().to_owned(),
                    reason: no.message().to_owned(),
                }
            }
            Err(failure) => return Err(failure.into()),
        };
        Ok(Response::new(answer))
    }
}

fn role_name(role: Role) -> &'static str {
    match role {
        Role::Admin => "admin",
        Role::Member => "member",
    }
}
