//! `me`: the caller's own log, latest state per key.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::value::RawValue;

use super::actor::Reader;
use crate::actors::request::Answer;
use crate::domain::sync::PAGE_MY_CHANGES;
use crate::error::Failure;
use crate::id::UserId;
use crate::storage::user_log::{Topic, UserLogEntry};
use crate::wire::me::{ChatSettingsView, MeChanges, MyLogView};
use crate::wire::user::MeView;

impl Reader {
    /// Changes after a rev, a page of them. A rev from the future starts over.
    pub(super) async fn my_log(&self, user: UserId, have: u64) -> Answer<MyLogView> {
        let log = &self.stores.user_log;
        let head = log.head(user).await?;
        let after = if have > head { 0 } else { have };
        let mut entries = if after == head {
            Vec::new()
        } else {
            log.list(user, after, PAGE_MY_CHANGES + 1).await?
        };
        let more = entries.len() > PAGE_MY_CHANGES;
        entries.truncate(PAGE_MY_CHANGES);
        let rev = entries.last().map_or(after, |entry| entry.rev);
        Ok(MyLogView {
            rev,
            changes: self.my_changes(user, entries).await?,
            more,
        })
    }

    async fn my_changes(&self, user: UserId, entries: Vec<UserLogEntry>) -> Answer<MeChanges> {
        let mut changes = MeChanges::default();
        for entry in entries {
            match entry.topic {
                Topic::User => changes.user = self.me_view(user).await?,
                Topic::Privacy => {
                    changes.privacy = Some(self.stores.privacy.find(user).await?);
                }
                Topic::Blocked => {
                    let blocked = self.stores.contacts.list_blocked_ids(user).await?;
                    changes.blocked = Some(blocked);
                }
                Topic::ChatSettings => {
                    let settings: ChatSettingsView = read(&entry)?;
                    let chats = changes.chats.get_or_insert_default();
                    chats.insert(entry.key, settings.at(self.clock.now()));
                }
                Topic::Star => put(&mut changes.stars, entry)?,
                Topic::Hidden => put(&mut changes.hidden, entry)?,
                // Told by the chats of a sync and by `left`.
                Topic::Membership => {}
            }
        }
        Ok(changes)
    }

    async fn me_view(&self, user: UserId) -> Answer<Option<MeView>> {
        let found = self.stores.users.find(user).await?;
        let described = &self.stores.described;
        Ok(found.map(|user| MeView::new(user, |id| described.picture(id))))
    }
}

fn put(
    map: &mut Option<BTreeMap<String, Box<RawValue>>>,
    entry: UserLogEntry,
) -> Result<(), Failure> {
    let value = read(&entry)?;
    map.get_or_insert_default().insert(entry.key, value);
    Ok(())
}

fn read<T: DeserializeOwned>(entry: &UserLogEntry) -> Result<T, Failure> {
    serde_json::from_str(&entry.value).map_err(|error| {
        let topic = entry.topic.as_str();
        tracing::error!(topic, cause = %error, "a log entry could not be read");
        Failure::internal()
    })
}
