//! Having things go wrong in this process, where its settings allow it.

use std::time::Duration;

use super::actor::Inspector;
use super::requests::{AdvanceClock, ClearFaults, ClockSeen, Faults, ListFaults, SetFault};
use crate::actors::request::Answer;
use crate::error::Failure;
use crate::{clock, fault};

/// How far the clock is moved on in all, at most: ten years.
const FARTHEST: Duration = Duration::from_secs(10 * 366 * 24 * 3600);

impl Inspector {
    fn allow(&self) -> Answer<()> {
        match self.faults.are_allowed {
            true => Ok(()),
            false => Err(Failure::not_found()),
        }
    }

    pub(super) async fn list_faults(&self, _: ListFaults) -> Answer<Faults> {
        self.allow()?;
        Ok(Faults {
            items: fault::list(),
            clock: ClockSeen {
                now: self.clock.now(),
                ahead_seconds: clock::ahead().as_secs(),
                is_movable: self.faults.moves_clock,
            },
        })
    }

    pub(super) async fn set_fault(&self, SetFault { fault }: SetFault) -> Answer<()> {
        self.allow()?;
        tracing::warn!(kind = ?fault.kind, ms = fault.remaining_ms, "an operator has something go wrong");
        fault::set(fault);
        Ok(())
    }

    pub(super) async fn clear_faults(&self, ClearFaults { kind }: ClearFaults) -> Answer<()> {
        self.allow()?;
        fault::clear(kind);
        Ok(())
    }

    pub(super) async fn advance_clock(&self, AdvanceClock { seconds }: AdvanceClock) -> Answer<()> {
        self.allow()?;
        let by = Duration::from_secs(seconds);
        if !self.faults.moves_clock {
            let servers = "the clock moves only where no other servers share the work";
            return Err(Failure::invalid("advanceSeconds", servers));
        }
        if clock::ahead() + by > FARTHEST {
            let far = "the clock is moved on ten years at most";
            return Err(Failure::invalid("advanceSeconds", far));
        }
        clock::advance(by);
        tracing::warn!(seconds, "an operator moved the clock on");
        Ok(())
    }
}
