//! `UserService`.

use tonic::{Request, Response, Status};

use super::fields::{id, time};
use super::proto::user_service_server::UserService;
use super::proto::{
    GetPresenceRequest, GetPrivacySettingsRequest, GetProfileRequest, GetUserRequest, Presence,
    PrivacySettings, Profile, User,
};
use crate::actors::request::ask;
use crate::actors::user::requests::{GetMe, GetPresence, GetPrivacy, GetProfile, UserPeers};
use crate::wire::origin;

pub struct UserAdapter {
    pub user: UserPeers,
}

#[tonic::async_trait]
impl UserService for UserAdapter {
    async fn get_user(&self, request: Request<GetUserRequest>) -> Result<Response<User>, Status> {
        let user = id("user_id", &request.into_inner().user_id)?;
        let found = ask(&self.user.get_me, GetMe { user }).await?;
        Ok(Response::new(User {
            id: found.id.to_string(),
            phone: found.phone.as_str().to_owned(),
            display_name: found.display_name,
            status_text: found.status_text,
            avatar_media_id: found.avatar_media_id.map(|id| id.to_string()),
            created_at: time(found.created_at),
            updated_at: time(found.updated_at),
        }))
    }

    async fn get_profile(
        &self,
        request: Request<GetProfileRequest>,
    ) -> Result<Response<Profile>, Status> {
        let asked = request.into_inner();
        let request = GetProfile {
            viewer: id("viewer_id", &asked.viewer_id)?,
            owner: id("user_id", &asked.user_id)?,
        };
        let shown = ask(&self.user.get_profile, request).await?;
        Ok(Response::new(Profile {
            id: shown.id.to_string(),
            phone: shown.phone,
            display_name: shown.display_name,
            status_text: shown.status_text,
            avatar_url: shown.avatar_url.map(|url| origin::plain(&url).into_owned()),
            last_seen: shown.last_seen.and_then(time),
        }))
    }

    async fn get_presence(
        &self,
        request: Request<GetPresenceRequest>,
    ) -> Result<Response<Presence>, Status> {
        let asked = request.into_inner();
        let request = GetPresence {
            viewer: id("viewer_id", &asked.viewer_id)?,
            owner: id("user_id", &asked.user_id)?,
        };
        let shown = ask(&self.user.get_presence, request).await?;
        Ok(Response::new(Presence {
            user_id: shown.user_id.to_string(),
            online: shown.online,
            last_seen: shown.last_seen.and_then(time),
        }))
    }

    async fn get_privacy_settings(
        &self,
        request: Request<GetPrivacySettingsRequest>,
    ) -> Result<Response<PrivacySettings>, Status> {
        let user = id("user_id", &request.into_inner().user_id)?;
        // Who is not there has the settings of a newcomer in the stores.
        ask(&self.user.get_me, GetMe { user }).await?;
        let set = ask(&self.user.get_privacy, GetPrivacy { user }).await?;
        Ok(Response::new(PrivacySettings {
            last_seen: set.last_seen.as_str().to_owned(),
            profile_photo: set.profile_photo.as_str().to_owned(),
            about: set.about.as_str().to_owned(),
            read_receipts: set.read_receipts,
            group_add: set.group_add.as_str().to_owned(),
        }))
    }
}
