//! Profiles and presence, one's own and others' through the privacy rules.

use super::actor::Users;
use std::collections::HashMap;

use super::requests::{FindPresence, GetMe, GetPresence, GetProfile, UpdateMe};
use crate::actors::request::Answer;
use crate::domain::privacy::{Visible, visible};
use crate::domain::user::User;
use crate::error::Failure;
use crate::id::UserId;
use crate::storage::presence::Seen;
use crate::wire::me::MeChanges;
use crate::wire::user::{MeView, PresenceView, ProfileView};

impl Users {
    pub(super) async fn get_me(&self, request: GetMe) -> Answer<User> {
        self.find(request.user).await
    }

    pub(super) async fn update_me(&self, request: UpdateMe) -> Answer<User> {
        if let Some(Some(id)) = request.patch.avatar_media_id {
            self.media.claim_picture(request.user, id).await?;
        }
        let now = self.clock.now();
        let updated = self
            .stores
            .users
            .update(request.user, request.patch, now)
            .await?
            .ok_or_else(Failure::not_found)?;
        if let Some(rev) = updated.rev {
            let changes = MeChanges {
                user: Some(self.me_view(updated.user.clone())),
                ..MeChanges::default()
            };
            self.tell_me(request.user, rev, &changes);
        }
        Ok(updated.user)
    }

    fn me_view(&self, user: User) -> MeView {
        MeView::new(user, |id| self.stores.described.picture(id))
    }

    pub(super) async fn get_profile(&self, request: GetProfile) -> Answer<ProfileView> {
        let GetProfile { viewer, owner } = request;
        let user = self.find(owner).await?;
        let seen = self.seen(viewer, owner).await?;
        let last_seen = match seen.last_seen {
            true => self.presence(owner).await?.and_then(|seen| seen.last_seen),
            false => None,
        };
        let picture = user.avatar_media_id.filter(|_| seen.avatar);
        Ok(ProfileView {
            id: user.id,
            phone: seen.phone.then(|| user.phone.as_str().to_owned()),
            display_name: user.display_name,
            status_text: seen.status_text.then_some(user.status_text),
            avatar_url: picture.map(|id| self.stores.described.picture(id)),
            last_seen,
        })
    }

    /// Who may not see it gets `online: false` and no `lastSeen`.
    pub(super) async fn get_presence(&self, request: GetPresence) -> Answer<PresenceView> {
        let GetPresence { viewer, owner } = request;
        let owners = vec![owner];
        let found = self.find_presence(FindPresence { viewer, owners }).await?;
        found.into_iter().next().ok_or_else(Failure::not_found)
    }

    /// Two readings, however many they are.
    pub(super) async fn find_presence(&self, request: FindPresence) -> Answer<Vec<PresenceView>> {
        let FindPresence { viewer, owners } = request;
        let relations = self.stores.contacts.relations(viewer, owners).await?;
        let shown = relations
            .iter()
            .filter(|relation| visible(viewer, relation).last_seen)
            .map(|relation| relation.owner)
            .collect();
        let seen = self.stores.presence.find(shown).await?;
        let known: HashMap<UserId, Seen> =
            seen.into_iter().map(|seen| (seen.user_id, seen)).collect();
        let view = |owner: UserId| {
            let known = known.get(&owner);
            PresenceView {
                user_id: owner,
                online: known.is_some_and(|known| known.online),
                last_seen: known.and_then(|known| known.last_seen),
            }
        };
        Ok(relations
            .iter()
            .map(|relation| view(relation.owner))
            .collect())
    }

    async fn presence(&self, owner: UserId) -> Answer<Option<Seen>> {
        let found = self.stores.presence.find(vec![owner]).await?;
        Ok(found.into_iter().next())
    }

    async fn seen(&self, viewer: UserId, owner: UserId) -> Answer<Visible> {
        let relations = self.stores.contacts.relations(viewer, vec![owner]).await?;
        let relation = relations.first().ok_or_else(Failure::not_found)?;
        Ok(visible(viewer, relation))
    }

    pub(super) async fn find(&self, user: UserId) -> Answer<User> {
        let found = self.stores.users.find(user).await?;
        found.ok_or_else(Failure::not_found)
    }
}
