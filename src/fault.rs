//! Faults that an operator asks for, to try an app against them. Each ends by itself. Where none is set
//! a hook costs one load of a flag.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use crate::id::UserId;

/// What can be made to go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FaultKind {
    /// Every write to the store is refused.
    StoreRefuses,
    /// Every write to the store waits first.
    StoreSlow,
    /// Sockets end without a close frame, and again when they come back.
    SocketsDropped,
    /// What sockets are sent waits, in its order.
    FramesDelayed,
    /// A message is stored, and its sender never hears of it.
    AcksLost,
    /// The push service is away.
    PushesFail,
}

impl FaultKind {
    /// Whether it needs to be said for how long things wait.
    pub const fn takes_delay(self) -> bool {
        matches!(self, Self::StoreSlow | Self::FramesDelayed)
    }

    /// Whether it can be one person's alone.
    pub const fn takes_user(self) -> bool {
        matches!(
            self,
            Self::SocketsDropped | Self::FramesDelayed | Self::AcksLost
        )
    }
}

/// A fault that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    pub kind: FaultKind,
    /// Whose alone; `None`: everyone's.
    pub user_id: Option<UserId>,
    pub delay_ms: Option<u64>,
    /// How long it still lasts.
    pub remaining_ms: u64,
}

struct Active {
    fault: Fault,
    until: Instant,
}

static ANY: AtomicBool = AtomicBool::new(false);
/// At most one of each kind.
static ACTIVE: LazyLock<RwLock<Vec<Active>>> = LazyLock::new(RwLock::default);

/// Has something go wrong in this process, in the place of what it does wrong of that kind now.
pub fn set(fault: Fault) {
    let until = Instant::now() + Duration::from_millis(fault.remaining_ms);
    let mut active = ACTIVE.write();
    active.retain(|one| one.fault.kind != fault.kind);
    active.push(Active { fault, until });
    ANY.store(true, Ordering::Relaxed);
}

/// Ends one kind of fault, or all.
pub fn clear(kind: Option<FaultKind>) {
    let mut active = ACTIVE.write();
    active.retain(|one| kind.is_some_and(|kind| one.fault.kind != kind));
    ANY.store(!active.is_empty(), Ordering::Relaxed);
}

/// What goes wrong now.
pub fn list() -> Vec<Fault> {
    let now = Instant::now();
    let active = ACTIVE.read();
    let running = active.iter().filter(|one| now < one.until);
    running
        .map(|one| Fault {
            remaining_ms: u64::try_from((one.until - now).as_millis()).unwrap_or(u64::MAX),
            ..one.fault
        })
        .collect()
}

#[inline]
fn of(kind: FaultKind) -> Option<Fault> {
    if !ANY.load(Ordering::Relaxed) {
        return None;
    }
    find(kind)
}

#[cold]
fn find(kind: FaultKind) -> Option<Fault> {
    let now = Instant::now();
    let mut active = ACTIVE.write();
    active.retain(|one| now < one.until);
    ANY.store(!active.is_empty(), Ordering::Relaxed);
    let found = active.iter().find(|one| one.fault.kind == kind);
    found.map(|one| one.fault)
}

fn concerns(fault: &Fault, user: UserId) -> bool {
    fault.user_id.is_none_or(|one| one == user)
}

/// To be called before a write to a store: `false`, it is to be refused.
pub async fn lets_write() -> bool {
    if let Some(slow) = of(FaultKind::StoreSlow) {
        let delay = slow.delay_ms.unwrap_or_default();
        tokio::time::sleep(Duration::from_millis(delay)).await;
    }
    of(FaultKind::StoreRefuses).is_none()
}

/// Whether the sockets of someone are to end.
pub fn cuts(user: UserId) -> bool {
    of(FaultKind::SocketsDropped).is_some_and(|fault| concerns(&fault, user))
}

/// Whether any socket is to end.
pub fn cuts_any() -> bool {
    of(FaultKind::SocketsDropped).is_some()
}

/// How long a frame to someone is to wait.
pub fn delays(user: UserId) -> Option<Duration> {
    let fault = of(FaultKind::FramesDelayed).filter(|fault| concerns(fault, user))?;
    Some(Duration::from_millis(fault.delay_ms.unwrap_or_default()))
}

/// Whether someone is not to hear that his message was stored.
pub fn loses_ack(user: UserId) -> bool {
    of(FaultKind::AcksLost).is_some_and(|fault| concerns(&fault, user))
}

/// Whether pushes are to fail.
pub fn fails_push() -> bool {
    of(FaultKind::PushesFail).is_some()
}
