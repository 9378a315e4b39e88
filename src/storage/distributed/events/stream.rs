//! The stream itself: made when it is missing, brought to the settings' limits, and never used when
//! it is something else.

use async_nats::jetstream::context::GetStreamErrorKind;
use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType, Stream};
use async_nats::jetstream::{ErrorCode, context::CreateStreamErrorKind};

use super::{JetStreamEvents, internal, unavailable};
use crate::storage::error::{StoreError, StoreResult};

/// How a stream that is there differs from what is needed, and the cure.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{what}; {cure}")]
pub struct Misfit {
    pub what: String,
    pub cure: String,
}

impl JetStreamEvents {
    /// What the stream is to be.
    pub(super) fn wanted(&self) -> Config {
        let settings = &self.0.settings;
        let families = ["msg", "chat", "group"];
        let subjects = families.map(|family| self.subject(&format!("{family}.>")));
        Config {
            name: self.stream_name(),
            description: Some("What happened in chats, for consumers".to_owned()),
            subjects: subjects.into(),
            retention: RetentionPolicy::Limits,
            discard: DiscardPolicy::Old,
            storage: StorageType::File,
            max_age: settings.max_age,
            max_bytes: i64::try_from(settings.max_bytes).unwrap_or(i64::MAX),
            max_messages: -1,
            max_messages_per_subject: -1,
            max_consumers: -1,
            num_replicas: settings.replicas,
            duplicate_window: settings.duplicate_window,
            allow_direct: true,
            ..Config::default()
        }
    }

    /// The stream, made when it is not there (`true`), with its limits as the settings have them.
    pub(super) async fn ensure(&self) -> StoreResult<(Stream, bool)> {
        self.connected()?;
        self.ensure_one(self.wanted()).await
    }

    pub(super) async fn ensure_one(&self, wanted: Config) -> StoreResult<(Stream, bool)> {
        let Some(found) = self.find(&wanted.name).await? else {
            let made = self.0.context.create_stream(wanted).await;
            return match made {
                Ok(stream) => Ok((stream, true)),
                Err(error) => Err(not_made(&error.kind(), &error)),
            };
        };
        let config = &found.cached_info().config;
        if let Some(misfit) = misfit(config, &wanted) {
            return Err(internal(misfit));
        }
        if has_limits_of(config, &wanted) {
            return Ok((found, false));
        }
        let updated = self.0.context.update_stream(wanted).await;
        updated.map_err(unavailable)?;
        Ok((found, false))
    }

    pub(super) async fn find(&self, name: &str) -> StoreResult<Option<Stream>> {
        match self.0.context.get_stream(name).await {
            Ok(stream) => Ok(Some(stream)),
            Err(error) => match error.kind() {
                GetStreamErrorKind::JetStream(refused)
                    if refused.error_code() == ErrorCode::STREAM_NOT_FOUND =>
                {
                    Ok(None)
                }
                _ => Err(unavailable(error)),
            },
        }
    }

    /// Makes the streams, or says why they cannot be what they must be.
    pub async fn prepare(&self) -> StoreResult<()> {
        self.compare().await?;
        self.ensure_one(self.wanted_dead()).await?;
        Ok(())
    }

    /// What of the streams that are there does not fit; nothing is changed.
    pub async fn examine(&self) -> StoreResult<Vec<Misfit>> {
        let mut misfits = Vec::new();
        for wanted in [self.wanted(), self.wanted_dead()] {
            if let Some(found) = self.find(&wanted.name).await? {
                misfits.extend(misfit(&found.cached_info().config, &wanted));
            }
        }
        Ok(misfits)
    }
}

/// What cannot be changed by the way: another's stream, or one that loses what it should keep.
fn misfit(found: &Config, wanted: &Config) -> Option<Misfit> {
    let mut subjects = (found.subjects.clone(), wanted.subjects.clone());
    subjects.0.sort_unstable();
    subjects.1.sort_unstable();
    let wrong = [
        (subjects.0 != subjects.1).then(|| format!("the subjects {}", found.subjects.join(", "))),
        (found.storage != wanted.storage).then(|| format!("the storage {:?}", found.storage)),
        (found.retention != wanted.retention)
            .then(|| format!("the retention {:?}", found.retention)),
        (found.discard != wanted.discard)
            .then(|| format!("the discard policy {:?}", found.discard)),
        found.sealed.then(|| "been sealed".to_owned()),
        found.no_ack.then(|| "no acks".to_owned()),
    ];
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    if wrong.is_empty() {
        return None;
    }
    let name = &found.name;
    Some(Misfit {
        what: format!("the stream {name} has {}", wrong.join(" and ")),
        cure: format!(
            "remove it with `nats stream rm {name}`, it is then made as it must be, or give this \
             installation another nats.prefix"
        ),
    })
}

fn has_limits_of(found: &Config, wanted: &Config) -> bool {
    (
        found.max_age,
        found.max_bytes,
        found.duplicate_window,
        found.num_replicas,
    ) == (
        wanted.max_age,
        wanted.max_bytes,
        wanted.duplicate_window,
        wanted.num_replicas,
    )
}

/// A server that has not the room says so by these codes.
fn not_made(kind: &CreateStreamErrorKind, error: &dyn std::fmt::Display) -> StoreError {
    match kind {
        CreateStreamErrorKind::JetStream(refused)
            if matches!(
                refused.error_code(),
                ErrorCode::STORAGE_RESOURCES_EXCEEDED
                    | ErrorCode::INSUFFICIENT_RESOURCES
                    | ErrorCode::ACCOUNT_RESOURCES_EXCEEDED
            ) =>
        {
            internal(Misfit {
                what: format!("the server has no room for the stream ({refused})"),
                cure: "lower nats.events.max_bytes, or give JetStream more room".to_owned(),
            })
        }
        CreateStreamErrorKind::JetStream(refused)
            if refused.error_code() == ErrorCode::STREAM_SUBJECT_OVERLAP =>
        {
            internal(Misfit {
                what: "another stream has its subjects".to_owned(),
                cure: "remove that stream, or give this installation another nats.prefix"
                    .to_owned(),
            })
        }
        _ => unavailable(error),
    }
}
