//! `/admin/faults`: has things go wrong and moves the clock, to try an app against it. 404 where
//! `admin.faults` is off.

use actix_web::{HttpResponse, Responder, web};
use garde::Validate;
use serde::{Deserialize, Serialize};

use crate::actors::inspection::requests::{
    AdvanceClock, ClearFaults, Fault, FaultKind, Faults, ListFaults, NodeDesk, SetFault, Silent,
};
use crate::config::Config;
use crate::error::Failure;
use crate::http::Answer;
use crate::http::extract::{Body, Params};
use crate::id::UserId;

/// How long a fault lasts, in seconds: at most, and unless it is said.
const LONGEST: u64 = 600;
const USUAL: u64 = 60;
/// How long things wait, in milliseconds. A socket that takes nothing for 15 s is closed as too slow.
const LONGEST_DELAY: u64 = 10_000;
const USUAL_DELAY: u64 = 1000;
/// How far the clock is moved on at once: a year.
const FARTHEST: u64 = 366 * 24 * 3600;

/// A fault, or a step of the clock.
#[derive(Debug, Deserialize, Validate)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct FaultBody {
    #[garde(skip)]
    kind: Option<FaultKind>,
    #[serde(alias = "user_id")]
    #[garde(skip)]
    user_id: Option<UserId>,
    #[serde(alias = "delay_ms")]
    #[garde(range(min = 1, max = LONGEST_DELAY))]
    delay_ms: Option<u64>,
    #[garde(range(min = 1, max = LONGEST))]
    seconds: Option<u64>,
    #[serde(alias = "advance_seconds")]
    #[garde(range(min = 1, max = FARTHEST))]
    advance_seconds: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClearParams {
    kind: Option<FaultKind>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct FaultsView {
    #[serde(flatten)]
    faults: Faults,
    /// Processes that did not take it.
    unanswered: Vec<Silent>,
}

pub async fn show(config: web::Data<Config>, desk: web::Data<NodeDesk>) -> Answer<impl Responder> {
    allow(&config)?;
    view(&desk, Vec::new()).await
}

/// In every process of the installation; what goes wrong already of that kind ends with it.
pub async fn set(
    config: web::Data<Config>,
    desk: web::Data<NodeDesk>,
    Body(body): Body<FaultBody>,
) -> Answer<impl Responder> {
    allow(&config)?;
    let unanswered = match (body.kind, body.advance_seconds) {
        (Some(kind), None) => {
            let fault = fault(kind, &body)?;
            let request = SetFault { fault };
            let asked = desk.ask_all(None, request, |node| &node.set_fault);
            asked.await.silent
        }
        (None, Some(seconds)) => {
            let beside = [
                ("userId", body.user_id.is_some()),
                ("delayMs", body.delay_ms.is_some()),
                ("seconds", body.seconds.is_some()),
            ];
            if let Some((field, _)) = beside.into_iter().find(|(_, is_there)| *is_there) {
                return Err(Failure::invalid(field, "has no meaning for the clock").into());
            }
            // Where it moves there is one process.
            let request = AdvanceClock { seconds };
            desk.ask_here(request, |node| &node.advance_clock).await?;
            Vec::new()
        }
        (Some(_), Some(_)) => {
            let both = "moves the clock, and goes without a kind";
            return Err(Failure::invalid("advanceSeconds", both).into());
        }
        (None, None) => {
            let neither = "is missing; or say advanceSeconds";
            return Err(Failure::invalid("kind", neither).into());
        }
    };
    view(&desk, unanswered).await
}

/// Ends one kind, or all; the clock stays where it is.
pub async fn clear(
    config: web::Data<Config>,
    desk: web::Data<NodeDesk>,
    params: Params<ClearParams>,
) -> Answer<HttpResponse> {
    allow(&config)?;
    let request = ClearFaults {
        kind: params.0.kind,
    };
    let asked = desk.ask_all(None, request, |node| &node.clear_faults);
    if let Some(silent) = asked.await.silent.first() {
        let kept = format!(
            "{} did not answer; its faults end by themselves",
            silent.address
        );
        return Err(Failure::unavailable(kept).into());
    }
    Ok(HttpResponse::NoContent().finish())
}

fn allow(config: &Config) -> Result<(), Failure> {
    match config.admin.faults {
        true => Ok(()),
        false => Err(Failure::not_found()),
    }
}

fn fault(kind: FaultKind, body: &FaultBody) -> Result<Fault, Failure> {
    let nothing = "has no meaning for this kind";
    if body.delay_ms.is_some() && !kind.takes_delay() {
        return Err(Failure::invalid("delayMs", nothing));
    }
    if body.user_id.is_some() && !kind.takes_user() {
        return Err(Failure::invalid("userId", nothing));
    }
    let delay = body.delay_ms.unwrap_or(USUAL_DELAY);
    Ok(Fault {
        kind,
        user_id: body.user_id,
        delay_ms: kind.takes_delay().then_some(delay),
        remaining_ms: body.seconds.unwrap_or(USUAL) * 1000,
    })
}

async fn view(desk: &NodeDesk, unanswered: Vec<Silent>) -> Answer<HttpResponse> {
    let faults = desk.ask_here(ListFaults, |node| &node.list_faults).await?;
    Ok(HttpResponse::Ok().json(FaultsView { faults, unanswered }))
}
