//! An auth group on a store of its own, whose clock a test moves.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use actix::Actor;
use tempfile::TempDir;
use troupe::actors::auth::access_token::TokenRules;
use troupe::actors::auth::actor::{Auth, AuthActor};
use troupe::actors::auth::keyring::Keyring;
use troupe::actors::auth::requests::{
    AuthPeers, OtpSent, RefreshTokens, RequestOtp, Revocations, SignedIn, TokenClaims, TokenPair,
    ValidateToken, VerifyOtp,
};
use troupe::actors::auth::sender::Sender;
use troupe::actors::auth::watch::RevocationWatch;
use troupe::actors::request::{Answer, ask};
use troupe::clock::{Clock, Timestamp};
use troupe::config::{Config, Loader};
use troupe::storage::Stores;

use crate::actors::stage::open_stores;

/// When everything begins.
pub const START: Timestamp = Timestamp(1_800_000_000_000);
/// A number that is valid and nobody's.
pub const PHONE: &str = "+12025550123";
pub const LOCALHOST: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub struct Accounts {
    pub stores: Stores,
    pub peers: AuthPeers,
    pub keyring: Arc<Keyring>,
    pub revocations: Revocations,
    pub clock: Clock,
    pub config: Config,
    _data: TempDir,
}

impl Accounts {
    pub async fn new() -> Self {
        Self::with(|config| config).await
    }

    pub async fn with(change: impl FnOnce(Loader) -> Loader) -> Self {
        let config = change(Loader::dev()).load().expect("settings");
        let clock = Clock::tokio(START);
        let data = tempfile::tempdir().expect("a scratch folder");
        let stores = open_stores(data.path(), clock, false);
        let keyring = open_keys(&config, &stores, clock.now()).await;
        let revocations = Revocations::default();
        let auth = Arc::new(Auth {
            config: config.auth.clone(),
            is_unlimited: config.limits.unlimited,
            stores: stores.clone(),
            clock,
            keyring: Arc::clone(&keyring),
            sender: Sender::new(&config.auth.otp).expect("a sender"),
            revocations: revocations.clone(),
        });
        let watch = RevocationWatch {
            sessions: Arc::clone(&stores.sessions),
            clock,
            revocations: revocations.clone(),
            access_lifetime: config.auth.access_lifetime,
        };
        watch.start();
        Self {
            peers: AuthPeers::of(&AuthActor::new(auth).start()),
            stores,
            keyring,
            revocations,
            clock,
            config,
            _data: data,
        }
    }

    pub async fn request(&self, phone: &str, address: IpAddr) -> Answer<OtpSent> {
        let request = RequestOtp {
            phone: phone.to_owned(),
            address,
            locale: None,
        };
        ask(&self.peers.request_otp, request).await
    }

    /// The code that was sent to a phone just now.
    pub async fn code(&self, phone: &str) -> String {
        let sent = self.request(phone, LOCALHOST).await.expect("sent");
        sent.dev_code.expect("dev reveals codes")
    }

    pub async fn verify(&self, phone: &str, code: &str, device: Option<&str>) -> Answer<SignedIn> {
        let request = VerifyOtp {
            phone: phone.to_owned(),
            code: code.to_owned(),
            device_id: device.map(str::to_owned),
            device_name: None,
            platform: None,
        };
        ask(&self.peers.verify_otp, request).await
    }

    pub async fn sign_in(&self, phone: &str, device: Option<&str>) -> SignedIn {
        let code = self.code(phone).await;
        let signed_in = self.verify(phone, &code, device).await;
        signed_in.expect("signed in")
    }

    pub async fn refresh(&self, token: &str) -> Answer<TokenPair> {
        let request = RefreshTokens {
            refresh_token: token.to_owned(),
            device_id: None,
        };
        ask(&self.peers.refresh_tokens, request).await
    }

    pub async fn validate(&self, token: &str) -> Answer<TokenClaims> {
        let token = token.to_owned();
        ask(&self.peers.validate_token, ValidateToken { token }).await
    }
}

pub async fn open_keys(config: &Config, stores: &Stores, now: Timestamp) -> Arc<Keyring> {
    let rules = TokenRules {
        issuer: config.auth.issuer.clone(),
        audience: config.auth.audience.clone(),
        lifetime: config.auth.access_lifetime,
    };
    let keys = Arc::clone(&stores.keys);
    let opened = Keyring::open(keys, rules, config.auth.renew_keys_after, now).await;
    Arc::new(opened.expect("keys"))
}

/// Lets time pass, for clocks and timers alike.
pub async fn pass(span: Duration) {
    tokio::time::pause();
    tokio::time::advance(span).await;
    tokio::time::resume();
}

#[track_caller]
pub fn refused<T>(answer: Answer<T>, code: troupe::error::ErrorCode) -> troupe::error::Failure {
    match answer {
        Ok(_) => panic!("it was let through"),
        Err(failure) => {
            assert_eq!(failure.code(), code, "{failure}");
            failure
        }
    }
}
