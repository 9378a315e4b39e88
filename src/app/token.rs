//! An access token made beside the running server: a session of its own in the same stores.

use secrecy::ExposeSecret;

use super::{StartError, failed, keys, stores};
use crate::actors::auth::access_token::AccessTokens;
use crate::actors::auth::refresh_token::RefreshToken;
use crate::actors::auth::secrets::Secrets;
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::domain::phone::Phone;
use crate::id::{NodeId, SessionId};
use crate::storage::sessions::{NewSession, Session};

/// Signs a token for the user of a phone, who is made if there is none.
pub fn issue(config: Config, phone: &str) -> Result<String, StartError> {
    let phone = Phone::parse(phone, None).ok_or_else(|| StartError::Setting {
        setting: "--phone",
        what: "is no phone number".to_owned(),
        cure: "write it as +12025550101".into(),
    })?;
    actix::System::new().block_on(signed(config, phone))
}

async fn signed(config: Config, phone: Phone) -> Result<String, StartError> {
    let is_embedded = config.storage.backend == Backend::Embedded;
    let unborn = || match is_embedded {
        true => StartError::Setting {
            setting: "storage.data_dir",
            what: format!("{} holds no keys", config.storage.data_dir.display()),
            cure: "name the directory of an installation that has been started once".into(),
        },
        false => StartError::Setting {
            setting: "postgres.url",
            what: "there are no keys in it".to_owned(),
            cure: "name the database of an installation that has been started once".into(),
        },
    };
    if is_embedded && !config.storage.data_dir.is_dir() {
        return Err(unborn());
    }
    let clock = Clock::System;
    let stores = stores::open(&config, clock, NodeId::new()).await?;
    let found = stores.keys.find().await.map_err(failed)?;
    let found = found.ok_or_else(unborn)?;
    let now = clock.now();
    let user = stores.users.insert(phone, now).await.map_err(failed)?.user;
    let session = Session {
        id: SessionId::new(),
        user_id: user.id,
        device_id: None,
        device_name: Some("troupe token".to_owned()),
        platform: None,
        generation: 0,
        is_pair_used: false,
        created_at: now,
        last_used_at: now,
        expires_at: now + config.auth.session_lifetime,
        revoked_at: None,
    };
    let token = AccessTokens::new(keys::token_rules(&config.auth), &found.signing, now)
        .map_err(failed)?
        .sign(user.id, session.id, session.generation, now)
        .map_err(failed)?;
    let secrets = Secrets::new(found.secret.expose_secret());
    let token_hash = RefreshToken::first(&secrets, session.id).hash();
    let new = NewSession {
        session,
        token_hash,
    };
    stores.sessions.insert(new).await.map_err(failed)?;
    Ok(token)
}
