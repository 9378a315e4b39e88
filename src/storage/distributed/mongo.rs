//! MongoDB: the client, its concerns, and what its errors mean to a caller.
//!
//! Writes are acknowledged by a majority and journaled; reads see only what a majority has, from
//! the primary. The driver has no time limit of its own, so every call is given one here.

use std::future::IntoFuture;
use std::time::Duration;

use mongodb::bson::Document;
use mongodb::error::{Error, ErrorKind};
use mongodb::options::{
    ClientOptions, CollectionOptions, ReadConcern, ReadPreference, SelectionCriteria, WriteConcern,
};
use mongodb::{Client, Collection, Database};
use secrecy::{ExposeSecret, SecretString};

use crate::fault;
use crate::storage::error::{StoreError, StoreErrorKind, StoreResult};

#[derive(Clone, Debug)]
pub struct MongoSettings {
    pub url: SecretString,
    pub database: String,
    pub connections: u32,
    /// For each call.
    pub timeout: Duration,
}

/// A handle on the database. Cheap to clone.
#[derive(Clone)]
pub struct Mongo {
    database: Database,
    timeout: Duration,
}

impl Mongo {
    /// Reads the settings; connects when first used.
    pub async fn new(settings: &MongoSettings) -> StoreResult<Self> {
        let mut options = ClientOptions::parse(settings.url.expose_secret())
            .await
            .map_err(|error| internal(&error))?;
        options.app_name = Some("troupe".to_owned());
        options.max_pool_size = Some(settings.connections);
        options.connect_timeout = Some(settings.timeout);
        // Shorter than a call's, so that it is known that nothing was sent.
        options.server_selection_timeout = Some(settings.timeout / 2);
        // A write that is repeated by the driver would hide whether the first one took the number.
        options.retry_writes = Some(false);
        let client = Client::with_options(options).map_err(|error| internal(&error))?;
        Ok(Self {
            database: client.database(&settings.database),
            timeout: settings.timeout,
        })
    }

    pub fn client(&self) -> &Client {
        self.database.client()
    }

    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A collection with the concerns that the promises need.
    pub fn collection(&self, name: &str) -> Collection<Document> {
        let concern = WriteConcern::builder()
            .w(mongodb::options::Acknowledgment::Majority)
            .journal(true)
            .w_timeout(self.timeout)
            .build();
        let options = CollectionOptions::builder()
            .write_concern(concern)
            .read_concern(ReadConcern::majority())
            .selection_criteria(SelectionCriteria::ReadPreference(ReadPreference::Primary))
            .build();
        self.database.collection_with_options(name, options)
    }

    /// Waits for a read; `unavailable` when it fails or takes too long.
    pub async fn read<T>(
        &self,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> StoreResult<T> {
        match tokio::time::timeout(self.timeout, call.into_future()).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(error)) => Err(read_error(&error)),
            Err(_) => Err(unavailable("no answer in time".to_owned())),
        }
    }

    /// Waits for a write whose refusal means something to the caller; when no answer came the
    /// outcome is unknown.
    pub async fn attempt<T>(
        &self,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> StoreResult<Result<T, Error>> {
        if !fault::lets_write().await {
            let refused = "writes are refused, as an operator asked for";
            return Err(unavailable(refused.to_owned()));
        }
        tokio::time::timeout(self.timeout, call.into_future())
            .await
            .map_err(|_| unknown("no answer in time".to_owned()))
    }

    /// Waits for a write; when no answer came the outcome is unknown.
    pub async fn write<T>(
        &self,
        call: impl IntoFuture<Output = Result<T, Error>>,
    ) -> StoreResult<T> {
        self.attempt(call)
            .await?
            .map_err(|error| write_error(&error))
    }
}

pub fn read_error(error: &Error) -> StoreError {
    match error.kind.as_ref() {
        ErrorKind::InvalidArgument { .. }
        | ErrorKind::Bson(_)
        | ErrorKind::BsonDeserialization(_)
        | ErrorKind::BsonSerialization(_) => internal(error),
        _ => unavailable(error.to_string()),
    }
}

/// Server selection failed: nothing was sent. Everything else the server did not refuse is unknown.
pub fn write_error(error: &Error) -> StoreError {
    match error.kind.as_ref() {
        ErrorKind::ServerSelection { .. } | ErrorKind::DnsResolve { .. } => {
            unavailable(error.to_string())
        }
        ErrorKind::InvalidArgument { .. }
        | ErrorKind::Bson(_)
        | ErrorKind::BsonDeserialization(_)
        | ErrorKind::BsonSerialization(_) => internal(error),
        _ => unknown(error.to_string()),
    }
}

pub fn internal(error: &Error) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Internal,
        store: "mongodb",
        message: error.to_string(),
    }
}

pub fn unavailable(message: String) -> StoreError {
    StoreError {
        kind: StoreErrorKind::Unavailable,
        store: "mongodb",
        message,
    }
}

pub fn unknown(message: String) -> StoreError {
    StoreError {
        kind: StoreErrorKind::OutcomeUnknown,
        store: "mongodb",
        message,
    }
}
