//! Every store of the distributed set-up, over one pool each.

use std::sync::Arc;

use secrecy::SecretString;
use uuid::Uuid;

use super::blobs::{S3Blobs, S3Settings};
use super::chats::PostgresChats;
use super::codes::RedisCodes;
use super::contacts::PostgresContacts;
use super::devices::PostgresDevices;
use super::erasures::PostgresErasures;
use super::exports::PostgresExports;
use super::idempotency::PostgresIdempotency;
use super::jobs::PostgresJobs;
use super::keys::PostgresKeys;
use super::limits::RedisLimits;
use super::media::{self, MongoMedia};
use super::messages::{self, MongoMessages};
use super::migrations;
use super::mongo::{Mongo, MongoSettings};
use super::postgres::{Postgres, PostgresSettings};
use super::presence::RedisPresence;
use super::privacy::PostgresPrivacy;
use super::pushes::PostgresPushes;
use super::receipts::{self, MongoReceipts};
use super::redis::{Redis, RedisSettings};
use super::search::{self, MongoSearch};
use super::sessions::PostgresSessions;
use super::user_log::PostgresUserLog;
use super::users::PostgresUsers;
use crate::clock::Clock;
use crate::storage::blobs::BlobStore;
use crate::storage::described::Descriptions;
use crate::storage::limits::LimitStore;
use crate::storage::{StoreResult, Stores};

/// Where the servers are, and what the keys are sealed with.
#[derive(Clone, Debug)]
pub struct Settings {
    pub postgres: PostgresSettings,
    pub mongo: MongoSettings,
    pub redis: RedisSettings,
    pub s3: S3Settings,
    pub keys_secret: SecretString,
    /// Lifts every budget.
    pub unlimited: bool,
}

/// The servers. Cheap to clone; connects when first used.
#[derive(Clone)]
pub struct Servers {
    pub postgres: Postgres,
    pub mongo: Mongo,
    pub redis: Redis,
    pub s3: S3Blobs,
}

impl Servers {
    pub async fn new(settings: &Settings) -> StoreResult<Self> {
        Ok(Self {
            postgres: Postgres::new(&settings.postgres)?,
            mongo: Mongo::new(&settings.mongo).await?,
            redis: Redis::new(&settings.redis)?,
            s3: S3Blobs::new(&settings.s3)?,
        })
    }

    /// Brings tables and indexes up to date; answers what was applied.
    pub async fn migrate(&self) -> StoreResult<Vec<String>> {
        let applied = migrations::run(&self.postgres).await?;
        messages::ensure_indexes(&self.mongo).await?;
        receipts::ensure_indexes(&self.mongo).await?;
        search::ensure_indexes(&self.mongo).await?;
        media::ensure_indexes(&self.mongo).await?;
        self.s3.prepare().await?;
        Ok(applied)
    }

    /// The stores of one node, which `node` tells from the others; `local` limits while Redis is
    /// away.
    pub fn stores(
        &self,
        settings: &Settings,
        clock: Clock,
        node: Uuid,
        local: Arc<dyn LimitStore>,
    ) -> Stores {
        let (postgres, mongo, redis) = (&self.postgres, &self.mongo, &self.redis);
        let media = Arc::new(MongoMedia::new(mongo.clone(), postgres.clone()));
        let blobs = Arc::new(self.s3.clone());
        Stores {
            chats: Arc::new(PostgresChats::new(postgres.clone(), mongo.clone())),
            messages: Arc::new(MongoMessages::new(mongo.clone(), postgres.clone())),
            receipts: Arc::new(MongoReceipts(mongo.clone())),
            limits: Arc::new(RedisLimits::new(
                redis.clone(),
                local,
                clock,
                settings.unlimited,
            )),
            presence: Arc::new(RedisPresence::new(redis.clone(), node)),
            user_log: Arc::new(PostgresUserLog(postgres.clone())),
            users: Arc::new(PostgresUsers(postgres.clone())),
            sessions: Arc::new(PostgresSessions(postgres.clone())),
            codes: Arc::new(RedisCodes(redis.clone())),
            contacts: Arc::new(PostgresContacts(postgres.clone())),
            privacy: Arc::new(PostgresPrivacy(postgres.clone())),
            pushes: Arc::new(PostgresPushes(postgres.clone())),
            devices: Arc::new(PostgresDevices(postgres.clone())),
            exports: Arc::new(PostgresExports(postgres.clone())),
            erasures: Arc::new(PostgresErasures(postgres.clone())),
            jobs: Arc::new(PostgresJobs(postgres.clone())),
            keys: Arc::new(PostgresKeys(postgres.clone(), settings.keys_secret.clone())),
            described: Descriptions::new(media.clone(), blobs.clone(), clock),
            media,
            blobs,
            idempotency: Arc::new(PostgresIdempotency(postgres.clone())),
            search: Arc::new(MongoSearch(mongo.clone())),
        }
    }
}
