//! Leave to refer to media. What is granted is held: it cannot go before the reference is there.

use std::collections::HashMap;

use super::actor::Media;
use super::requests::{Claim, ClaimMedia, Verdict};
use crate::actors::request::Answer;
use crate::domain::media::{HELD_FOR, Medium};
use crate::id::MediaId;

impl Media {
    pub(super) async fn claim_media(&self, request: ClaimMedia) -> Answer<Vec<Verdict>> {
        let mut ids: Vec<MediaId> = request.claims.iter().map(|claim| claim.id).collect();
        ids.sort_unstable();
        ids.dedup();
        let found = self.stores.media.find(ids).await?;
        let found: HashMap<MediaId, Medium> = found
            .into_iter()
            .map(|medium| (medium.id, medium))
            .collect();
        let mut verdicts = Vec::with_capacity(request.claims.len());
        for claim in &request.claims {
            verdicts.push(match found.get(&claim.id) {
                Some(medium) => self.judge(claim, medium).await?,
                None => Verdict::NotFound,
            });
        }
        self.hold(&request.claims, &mut verdicts).await?;
        Ok(verdicts)
    }

    /// What went meanwhile is not there.
    async fn hold(&self, claims: &[Claim], verdicts: &mut [Verdict]) -> Answer<()> {
        let granted = claims.iter().zip(verdicts.iter());
        let ids: Vec<MediaId> = granted
            .filter(|(_, verdict)| **verdict == Verdict::Granted)
            .map(|(claim, _)| claim.id)
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let held = self
            .stores
            .media
            .hold(ids, self.clock.now() + HELD_FOR)
            .await?;
        for (claim, verdict) in claims.iter().zip(verdicts) {
            if *verdict == Verdict::Granted && !held.iter().any(|medium| medium.id == claim.id) {
                *verdict = Verdict::NotFound;
            }
        }
        Ok(())
    }

    /// Of what someone may not have he does not learn what it is.
    async fn judge(&self, claim: &Claim, medium: &Medium) -> Answer<Verdict> {
        let is_own = medium.owner_id == claim.user;
        let may = is_own || (!claim.must_own && self.may_see(claim.user, medium).await?);
        Ok(match may {
            false => Verdict::NotFound,
            true if medium.kind != claim.kind => Verdict::WrongKind,
            true => Verdict::Granted,
        })
    }
}
