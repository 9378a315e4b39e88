//! Media in sends: whether they may be sent, and what is shown of them. Batches of texts pass by.

use std::collections::HashMap;

use super::scope::ChatScope;
use super::send::PendingSend;
use crate::actors::media::requests::{Claim, Verdict};
use crate::domain::media::MediaKind;
use crate::error::Failure;
use crate::id::MediaId;
use crate::wire::media::{Described, named_in};

pub type Shown = HashMap<MediaId, Described>;

/// Whether each send that carries a medium may, in their order: 404 for a medium that is not there for
/// its sender, 422 for one of another type.
pub async fn claim(scope: &ChatScope, batch: &[PendingSend]) -> Vec<Result<(), Failure>> {
    let claims: Vec<Claim> = batch.iter().filter_map(claim_of).collect();
    if claims.is_empty() {
        return Vec::new();
    }
    let count = claims.len();
    match scope.services.media.ask(claims).await {
        Ok(verdicts) => verdicts.into_iter().map(outcome).collect(),
        Err(failure) => vec![Err(failure); count],
    }
}

fn claim_of(send: &PendingSend) -> Option<Claim> {
    let kind = MediaKind::of_message(send.draft.kind)?;
    // The draft was checked: a payload of these kinds names a medium.
    let id = named_in(&send.draft.payload).unwrap_or(MediaId(uuid::Uuid::nil()));
    Some(Claim {
        user: send.sender,
        id,
        kind,
        must_own: false,
    })
}

fn outcome(verdict: Verdict) -> Result<(), Failure> {
    let field = "payload.mediaId";
    match verdict {
        Verdict::Granted => Ok(()),
        Verdict::NotFound => {
            Err(Failure::not_found().with_field(field, "there is no such medium for you"))
        }
        Verdict::WrongKind => Err(Failure::invalid(
            field,
            "is of another type than the message",
        )),
    }
}

/// What is known of the media in a batch; sends do not fail for what is not.
pub async fn shown(scope: &ChatScope, batch: &[PendingSend]) -> Shown {
    let ids: Vec<MediaId> = batch
        .iter()
        .filter(|send| send.draft.kind.carries_media())
        .filter_map(|send| named_in(&send.draft.payload))
        .collect();
    if ids.is_empty() {
        return Shown::new();
    }
    let found = scope.services.stores.described.find(ids).await;
    found.unwrap_or_else(|error| {
        tracing::warn!(cause = %error, "messages are sent without what their media say");
        Shown::new()
    })
}
