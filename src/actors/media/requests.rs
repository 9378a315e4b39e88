//! What the media group may be asked.

use std::time::Duration;

use serde::{Deserialize, Serialize};

pub use super::uploads::{Announced, Begun, Declared, Made, Upload, Uploads};
use crate::actors::request::{Answer, Way, ask};
use crate::clock::Timestamp;
use crate::domain::media::{BlobKey, MediaKind, Medium};
use crate::error::Failure;
use crate::id::{MediaId, UserId};
use crate::request;
use crate::storage::blobs::BlobStore;

/// A medium as someone may have it: its owner, who sees a message with it, or the face of a person or
/// group that has it; 404 for anyone else.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct GetMedium {
    pub viewer: UserId,
    pub id: MediaId,
}

/// Media by id with fresh addresses, for who asks on nobody's behalf; unknown ones are left out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DescribeMedia {
    pub ids: Vec<MediaId>,
}

/// A medium and addresses made this moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FoundMedium {
    pub medium: Medium,
    pub url: String,
    pub thumbnail_url: Option<String>,
    pub expires_at: Timestamp,
}

impl FoundMedium {
    pub(super) fn new(medium: Medium, blobs: &dyn BlobStore, now: Timestamp) -> Self {
        let thumbnail = medium.has_thumbnail.then(|| BlobKey::thumbnail(medium.id));
        Self {
            url: blobs.address(BlobKey::original(medium.id), now),
            thumbnail_url: thumbnail.map(|key| blobs.address(key, now)),
            expires_at: now + blobs.address_life(),
            medium,
        }
    }
}

/// Removes an own medium that nothing refers to; 409 when something does.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct RemoveMedium {
    pub user: UserId,
    pub id: MediaId,
}

/// Asks for leave to refer to media, which then stay for two minutes at least.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ClaimMedia {
    pub claims: Vec<Claim>,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Claim {
    pub user: UserId,
    pub id: MediaId,
    /// What it must be.
    pub kind: MediaKind,
    /// A picture of oneself or of a group is one's own; in a message whatever one can see will do.
    pub must_own: bool,
}

/// Says that messages which named these are gone: what nothing refers to goes too, at once or, while
/// someone may be about to refer to it, after that.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReleaseMedia {
    pub ids: Vec<MediaId>,
}

/// What became of a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    Granted,
    /// Not there, or not for this person.
    NotFound,
    WrongKind,
}

request!(
    GetMedium => FoundMedium,
    DescribeMedia => Vec<FoundMedium>,
    RemoveMedium => (),
    ClaimMedia => Vec<Verdict>,
    ReleaseMedia => (),
);

crate::peers! {
    /// The ways into the media group.
    MediaPeers {
        get_medium: GetMedium,
        describe_media: DescribeMedia,
        remove_medium: RemoveMedium,
        claim_media: ClaimMedia,
        release_media: ReleaseMedia,
    }
}

/// How long leave may take: sends of a chat wait for it.
const PATIENCE: Duration = Duration::from_secs(3);

/// What other groups ask of this one when they begin or cease to refer to media. Cheap to clone.
#[derive(Clone)]
pub struct MediaDesk {
    claim: Way<ClaimMedia>,
    release: Way<ReleaseMedia>,
}

impl MediaDesk {
    pub fn new(media: &MediaPeers) -> Self {
        Self {
            claim: media.claim_media.clone(),
            release: media.release_media.clone(),
        }
    }

    /// A verdict for each claim.
    pub async fn ask(&self, claims: Vec<Claim>) -> Answer<Vec<Verdict>> {
        let count = claims.len();
        let asked = ask(&self.claim, ClaimMedia { claims });
        let late = || Failure::unavailable("media are not available right now");
        let verdicts = tokio::time::timeout(PATIENCE, asked).await;
        let verdicts = verdicts.map_err(|_| late())??;
        match verdicts.len() == count {
            true => Ok(verdicts),
            false => Err(Failure::internal()),
        }
    }

    /// Nobody waits for it: what is not removed now the sweep of orphans finds.
    pub fn release(&self, ids: Vec<MediaId>) {
        let way = self.release.clone();
        tokio::spawn(async move {
            if let Err(failure) = ask(&way, ReleaseMedia { ids }).await {
                tracing::warn!(cause = %failure, "media of a deleted message stay for now");
            }
        });
    }

    /// For the picture of a person or a group: an image of one's own, else 404 or 422.
    pub async fn claim_picture(&self, user: UserId, id: MediaId) -> Answer<()> {
        let claim = Claim {
            user,
            id,
            kind: MediaKind::Image,
            must_own: true,
        };
        match self.ask(vec![claim]).await?.first() {
            Some(Verdict::Granted) => Ok(()),
            Some(Verdict::WrongKind) => Err(Failure::invalid("avatarMediaId", "is no image")),
            _ => {
                let failure = Failure::not_found();
                Err(failure.with_field("avatarMediaId", "there is no such medium of yours"))
            }
        }
    }
}
