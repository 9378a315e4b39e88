//! The notification group of this process, and what `troupe doctor` says of the way to phones.

use std::sync::Arc;

use super::StartError;
use super::dependencies::Finding;
use crate::actors::fanout::Fanout;
use crate::actors::notification::desk::{Desk, Rules};
use crate::actors::notification::push::{Fcm, Sender};
use crate::clock::Clock;
use crate::config::{Config, PushSenderKind};
use crate::storage::Stores;
use crate::storage::events::EventStream;

const ACCOUNT: &str = "notification.fcm.service_account";

/// What the group works with.
pub fn desk(
    config: &Config,
    stores: &Stores,
    clock: Clock,
    fanout: &Fanout,
    events: Arc<dyn EventStream>,
) -> Result<Desk, StartError> {
    let config = &config.notification;
    let sender = Sender::new(config, Arc::clone(&stores.pushes), clock);
    Ok(Desk {
        stores: stores.clone(),
        clock,
        fanout: fanout.clone(),
        events,
        sender: sender.map_err(|error| StartError::Setting {
            setting: ACCOUNT,
            what: error.to_string(),
            cure: "name the JSON key of a service account that may send".into(),
        })?,
        rules: Rules::from(config),
    })
}

/// Nothing where nothing goes to phones.
pub async fn examine(config: &Config) -> Option<Finding> {
    let settings = &config.notification;
    if settings.sender != PushSenderKind::Fcm {
        return None;
    }
    let fcm = match Fcm::new(&settings.fcm, Clock::System) {
        Ok(fcm) => fcm,
        Err(error) => return Some(Finding::wrong(format!("push ({ACCOUNT}): {error}"))),
    };
    let url = &settings.fcm.url;
    Some(match fcm.examine().await {
        Ok(()) => Finding::fine(format!("push: {url} takes what the service account sends")),
        Err(what) => Finding::wrong(format!("push (notification.fcm): {url} {what}")),
    })
}
