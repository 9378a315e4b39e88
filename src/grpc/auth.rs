//! `AuthService`.

use tonic::{Request, Response, Status};

use super::proto::auth_service_server::AuthService;
use super::proto::{ValidateTokenRequest, ValidateTokenResponse};
use crate::actors::auth::requests::{AuthPeers, ValidateToken};
use crate::actors::request::ask;
use crate::actors::user::requests::{GetMe, UserPeers};
use crate::error::{ErrorCode, Failure};

/// Longest token that is looked at, in bytes.
const TOKEN_BYTES: usize = 4096;

pub struct AuthAdapter {
    pub auth: AuthPeers,
    pub user: UserPeers,
}

#[tonic::async_trait]
impl AuthService for AuthAdapter {
    async fn validate_token(
        &self,
        request: Request<ValidateTokenRequest>,
    ) -> Result<Response<ValidateTokenResponse>, Status> {
        let token = request.into_inner().token;
        if token.is_empty() || token.len() > TOKEN_BYTES {
            return Err(refused().into());
        }
        let claims = ask(&self.auth.validate_token, ValidateToken { token }).await?;
        let user = claims.user_id;
        let found = ask(&self.user.get_me, GetMe { user }).await;
        let found = found.map_err(|failure| match failure.code() {
            // The account went a moment ago.
            ErrorCode::NotFound => refused(),
            _ => failure,
        })?;
        Ok(Response::new(ValidateTokenResponse {
            user_id: user.to_string(),
            phone: found.phone.as_str().to_owned(),
        }))
    }
}

fn refused() -> Failure {
    Failure::unauthenticated("the access token is not valid")
}
