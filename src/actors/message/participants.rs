//! Who is in a chat.

use serde::{Deserialize, Serialize};

use super::actor::Reader;
use super::requests::{FindParticipants, ListParticipants};
use crate::actors::request::Answer;
use crate::clock::Timestamp;
use crate::domain::chat::{Member, Roster};
use crate::error::Failure;
use crate::id::{ChatId, UserId};
use crate::wire::chat::ParticipantView;
use crate::wire::page::{Page, cursor, read_cursor};

/// Longest-standing first; of one moment, by id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Place {
    joined_ms: i64,
    user_id: UserId,
}

impl Place {
    fn of(member: &Member) -> Self {
        let Timestamp(joined_ms) = member.joined_at;
        Self {
            joined_ms,
            user_id: member.user_id,
        }
    }
}

impl Reader {
    pub(super) async fn list_participants(
        &self,
        ask: ListParticipants,
    ) -> Answer<Page<ParticipantView>> {
        let list = format!("participants {}", ask.chat_id);
        let after: Option<Place> = match &ask.cursor {
            Some(text) => Some(read_cursor(&list, "cursor", text)?),
            None => None,
        };
        let roster = self.roster(ask.viewer, ask.chat_id).await?;
        let mut members: Vec<&Member> = roster
            .active_members()
            .filter(|member| after.is_none_or(|after| Place::of(member) > after))
            .collect();
        members.sort_unstable_by_key(|member| Place::of(member));
        let more = members.len() > ask.limit;
        members.truncate(ask.limit);
        let last = members.last().filter(|_| more).map(|last| Place::of(last));
        Ok(Page {
            next_cursor: last.map(|last| cursor(&list, &last)).transpose()?,
            items: self.participant_views(ask.viewer, members).await?,
        })
    }

    pub(super) async fn find_participants(
        &self,
        ask: FindParticipants,
    ) -> Answer<Vec<ParticipantView>> {
        let roster = self.roster(ask.viewer, ask.chat_id).await?;
        let members = ask
            .user_ids
            .iter()
            .filter_map(|user| roster.active(*user).ok())
            .collect();
        self.participant_views(ask.viewer, members).await
    }

    /// The roster of a chat that the viewer is in now; 404 otherwise.
    async fn roster(&self, viewer: UserId, chat_id: ChatId) -> Answer<Roster> {
        let roster = self.stores.chats.find(chat_id).await?;
        let roster = roster.ok_or_else(Failure::not_found)?;
        roster.active(viewer)?;
        Ok(roster)
    }

    async fn participant_views(
        &self,
        viewer: UserId,
        members: Vec<&Member>,
    ) -> Answer<Vec<ParticipantView>> {
        let ids = members.iter().map(|member| member.user_id).collect();
        let mut faces = self.stores.faces(viewer, ids).await?;
        Ok(members
            .into_iter()
            .map(|member| {
                let face = faces.remove(&member.user_id).unwrap_or_default();
                ParticipantView {
                    user_id: member.user_id,
                    display_name: face.display_name,
                    avatar_url: face.avatar_url,
                    role: member.role,
                    joined_at: member.joined_at,
                }
            })
            .collect())
    }
}
