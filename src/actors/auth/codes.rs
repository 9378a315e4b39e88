//! Asking for a code and signing in with it.

use super::actor::Auth;
use super::requests::{OtpSent, RequestOtp, SignedIn, VerifyOtp};
use crate::actors::request::Answer;
use crate::clock::Timestamp;
use crate::config::BucketConfig;
use crate::domain::otp::{self, BudgetKeys};
use crate::domain::phone::Phone;
use crate::error::Failure;
use crate::id::SessionId;
use crate::storage::codes::NewCode;
use crate::storage::sessions::Session;

impl Auth {
    /// Whether the phone has a user is never looked at, so known and unknown ones answer alike.
    pub(super) async fn request_otp(&self, request: RequestOtp) -> Answer<OtpSent> {
        let phone = read_phone(&request.phone)?;
        let now = self.clock.now();
        let waits = self.stores.codes.find_resend_at(phone.clone(), now).await?;
        if let Some(later) = waits.filter(|_| !self.is_unlimited) {
            return Err(Failure::rate_limited(later.since(now)));
        }
        if !self.is_unlimited {
            self.charge(&BudgetKeys::of(&phone, request.address))
                .await?;
        }
        let code = fresh_code();
        self.keep_code(&phone, &code, now).await?;
        let locale = request.locale.as_deref();
        self.sender.send(&phone, &code, locale, now).await?;
        metrics::counter!("troupe_codes_sent_total").increment(1);
        Ok(OtpSent {
            expires_in: otp::LIFETIME.as_secs(),
            resend_after: self.resend_after().as_secs(),
            dev_code: self.config.otp.reveal.then_some(code),
        })
    }

    async fn keep_code(&self, phone: &Phone, code: &str, now: Timestamp) -> Answer<()> {
        let new = NewCode {
            phone: phone.clone(),
            hash: self.keyring.secrets.code_hash(phone, code),
            resend_at: now + self.resend_after(),
            expires_at: now + otp::LIFETIME,
            at: now,
        };
        match self.stores.codes.insert(new).await? {
            Some(later) => Err(Failure::rate_limited(later.since(now))),
            None => Ok(()),
        }
    }

    fn resend_after(&self) -> std::time::Duration {
        if self.is_unlimited {
            return std::time::Duration::ZERO;
        }
        otp::RESEND_AFTER
    }

    /// The address first: who tries many phones is stopped before he uses up theirs.
    async fn charge(&self, keys: &BudgetKeys) -> Answer<()> {
        let otp = &self.config.otp;
        self.take("address", &keys.address, otp.address).await?;
        self.take("prefix", &keys.prefix, otp.prefix).await?;
        self.take("phone-hour", &keys.phone, otp.phone_hour).await?;
        self.take("phone-day", &keys.phone, otp.phone_day).await
    }

    async fn take(&self, kind: &str, name: &str, budget: BucketConfig) -> Answer<()> {
        let key = self.keyring.secrets.budget_key(kind, name);
        match self.stores.limits.take(&key, budget.bucket(), 1).await? {
            Some(wait) => Err(Failure::rate_limited(wait)),
            None => Ok(()),
        }
    }

    pub(super) async fn verify_otp(&self, request: VerifyOtp) -> Answer<SignedIn> {
        let phone = read_phone(&request.phone)?;
        let now = self.clock.now();
        let guess = self.keyring.secrets.code_hash(&phone, &request.code);
        let codes = &self.stores.codes;
        if !codes
            .accept(phone.clone(), guess, otp::ATTEMPTS, now)
            .await?
        {
            return Err(Failure::unauthenticated(
                "the code is wrong, too old or used up; ask for another",
            ));
        }
        let inserted = self.stores.users.insert(phone, now).await?;
        let session = Session {
            id: SessionId::new(),
            user_id: inserted.user.id,
            device_id: request.device_id,
            device_name: request.device_name,
            platform: request.platform,
            generation: 0,
            is_pair_used: false,
            created_at: now,
            last_used_at: now,
            expires_at: now + self.config.session_lifetime,
            revoked_at: None,
        };
        let tokens = self.begin_session(session).await?;
        tracing::info!(user.id = %inserted.user.id, is_new = inserted.created, "signed in");
        Ok(SignedIn {
            tokens,
            is_new_user: inserted.created,
            user: inserted.user,
        })
    }
}

/// A phone as a client writes it; it must carry its country.
fn read_phone(input: &str) -> Answer<Phone> {
    Phone::parse(input, None).ok_or_else(|| {
        Failure::invalid(
            "phone",
            "must be a phone number with its country, as +14155550100",
        )
    })
}

fn fresh_code() -> String {
    loop {
        if let Some(code) = otp::code(rand::random()) {
            return code;
        }
    }
}
