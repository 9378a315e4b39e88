//! Address books and blocks.

use std::collections::{HashMap, HashSet};

use super::actor::Users;
use super::requests::{FoundContact, ListBlocked, ListContacts, Person, SetBlock, SyncContacts};
use crate::actors::announcer::HeardBy;
use crate::actors::chat::requests::ChatCommand;
use crate::actors::request::Answer;
use crate::domain::phone::{Phone, Region};
use crate::domain::privacy::{Visible, visible};
use crate::domain::user::User;
use crate::error::Failure;
use crate::id::UserId;
use crate::storage::contacts::NumberHash;
use crate::wire::me::MeChanges;

impl Users {
    /// Reads, budgets, looks up, and keeps who was found; each person is answered once, under the
    /// first way of writing his number.
    pub(super) async fn sync_contacts(&self, request: SyncContacts) -> Answer<Vec<FoundContact>> {
        let user = request.user;
        let region = self.find(user).await?.phone.region();
        let mut inputs = read(request.phones, region).await?;
        let looked_up = self.charge(user, inputs.keys()).await?;
        let phones = inputs.keys().cloned().collect();
        let mut found = self.stores.users.find_by_phones(phones).await?;
        found.retain(|contact| contact.id != user);
        let ids: Vec<UserId> = found.iter().map(|contact| contact.id).collect();
        self.stores.contacts.insert(user, ids, looked_up).await?;
        let mut contacts = self.through_privacy(user, found).await?;
        contacts.sort_by_key(|(phone, _)| inputs.get(phone).map(|(place, _)| *place));
        let contacts = contacts.into_iter().filter_map(|(phone, person)| {
            let (_, input) = inputs.remove(&phone)?;
            Some(FoundContact {
                input,
                phone: phone.as_str().to_owned(),
                person,
            })
        });
        Ok(contacts.collect())
    }

    /// Only numbers that this account never looked up cost something: the same address book may
    /// come every day.
    async fn charge(
        &self,
        user: UserId,
        phones: impl Iterator<Item = &Phone>,
    ) -> Answer<Vec<NumberHash>> {
        let secrets = &self.keyring.secrets;
        let numbers = phones.map(|phone| secrets.number_hash(phone)).collect();
        let contacts = &self.stores.contacts;
        let new = contacts.find_new_numbers(user, numbers).await?;
        let cost = u32::try_from(new.len()).unwrap_or(u32::MAX);
        if let Some(budget) = self.contact_budget.filter(|_| cost > 0) {
            let key = format!("contacts:{user}");
            if let Some(wait) = self.stores.limits.take(&key, budget, cost).await? {
                return Err(Failure::rate_limited(wait));
            }
        }
        Ok(new)
    }

    pub(super) async fn list_contacts(&self, request: ListContacts) -> Answer<Vec<Person>> {
        let ListContacts { user, after, limit } = request;
        let contacts = self.stores.contacts.list(user, after, limit).await?;
        self.people(user, contacts).await
    }

    pub(super) async fn list_blocked(&self, request: ListBlocked) -> Answer<Vec<Person>> {
        let ListBlocked { user, after, limit } = request;
        let blocked = self
            .stores
            .contacts
            .list_blocked(user, after, limit)
            .await?;
        self.people(user, blocked).await
    }

    async fn people(&self, viewer: UserId, users: Vec<User>) -> Answer<Vec<Person>> {
        let people = self.through_privacy(viewer, users).await?;
        Ok(people.into_iter().map(|(_, person)| person).collect())
    }

    /// What the viewer may see of each, in the order given.
    async fn through_privacy(
        &self,
        viewer: UserId,
        users: Vec<User>,
    ) -> Answer<Vec<(Phone, Person)>> {
        let owners = users.iter().map(|user| user.id).collect();
        let relations = self.stores.contacts.relations(viewer, owners).await?;
        let seen: HashMap<UserId, Visible> = relations
            .iter()
            .map(|relation| (relation.owner, visible(viewer, relation)))
            .collect();
        let people = users.into_iter().filter_map(|user| {
            let seen = seen.get(&user.id)?;
            let picture = user.avatar_media_id.filter(|_| seen.avatar);
            let person = Person {
                user_id: user.id,
                phone: seen.phone.then(|| user.phone.as_str().to_owned()),
                display_name: user.display_name,
                avatar_url: picture.map(|id| self.stores.described.picture(id)),
            };
            Some((user.phone, person))
        });
        Ok(people.collect())
    }

    /// Answered once the owner of the direct chat of the two knows. It is told again when nothing
    /// changed: the first attempt may have ended between the store and the telling.
    pub(super) async fn set_block(&self, request: SetBlock) -> Answer<()> {
        let SetBlock {
            user,
            other,
            blocked,
        } = request;
        if user == other {
            return Err(Failure::invalid("userId", "is yourself"));
        }
        self.find(other).await?;
        let contacts = &self.stores.contacts;
        let rev = contacts.update_block(user, other, blocked).await?;
        if rev.is_some() {
            self.fanout.sight_changed(user, HeardBy::One(other));
        }
        let chats = self.stores.chats.list_all(user).await?;
        let direct = chats.iter().find(|chat| chat.peer == Some(other));
        if let Some(direct) = direct {
            self.chats.ask(direct.chat.id, ChatCommand::Refresh).await?;
        }
        if let Some(rev) = rev {
            let changes = MeChanges {
                blocked: Some(contacts.list_blocked_ids(user).await?),
                ..MeChanges::default()
            };
            self.tell_me(user, rev, &changes);
        }
        Ok(())
    }
}

/// Each readable number with its first place in the list and how it was written there. Reading a
/// thousand numbers takes long enough to do it elsewhere.
async fn read(
    inputs: Vec<String>,
    region: Option<Region>,
) -> Answer<HashMap<Phone, (usize, String)>> {
    let reading = tokio::task::spawn_blocking(move || {
        let mut seen = HashSet::new();
        let numbers = inputs.into_iter().enumerate().filter_map(|(place, input)| {
            let phone = Phone::parse(&input, region)?;
            seen.insert(phone.clone())
                .then_some((phone, (place, input)))
        });
        numbers.collect()
    });
    reading.await.map_err(|_| Failure::internal())
}
