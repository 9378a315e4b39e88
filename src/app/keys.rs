//! The installation's keys.

use std::sync::Arc;

use super::{StartError, failed};
use crate::actors::auth::access_token::TokenRules;
use crate::actors::auth::keyring::Keyring;
use crate::clock::Clock;
use crate::config::{AuthConfig, Backend, Config};
use crate::storage::{StoreErrorKind, Stores};

/// What this installation's access tokens say.
pub fn token_rules(config: &AuthConfig) -> TokenRules {
    TokenRules {
        issuer: config.issuer.clone(),
        audience: config.audience.clone(),
        lifetime: config.access_lifetime,
    }
}

/// The installation's keys: auth signs with them, user hashes with them.
pub(super) async fn open_keyring(
    config: &Config,
    stores: &Stores,
    clock: Clock,
) -> Result<Keyring, StartError> {
    let keyring = Keyring::open(
        Arc::clone(&stores.keys),
        token_rules(&config.auth),
        config.auth.renew_keys_after,
        clock.now(),
    );
    // The embedded ones lie in a file that no secret seals.
    let is_sealed = config.storage.backend == Backend::Distributed;
    keyring.await.map_err(|error| match error.kind {
        StoreErrorKind::Internal if is_sealed => StartError::Setting {
            setting: "storage.keys_secret",
            what: error.message,
            cure: "set it to what this installation was first started with".into(),
        },
        _ => failed(error),
    })
}
