//! Guardians: rebuilt after a panic, within a budget, and bounded in what they work on.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Addr, Context, Handler, ResponseFuture};
use tokio::sync::Semaphore;
use troupe::actors::child::RestartBudget;
use troupe::actors::guardian::{Budget, GroupState, Guardian, Retire};
use troupe::actors::request::{Answer, ask, tell};
use troupe::error::ErrorCode;
use troupe::request;

/// Dies in the mailbox, in its own task, or lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Deed {
    Answer,
    DieInMailbox,
    DieInTask,
    Wait,
}

#[derive(Debug)]
struct Do(Deed);

request!(Do => usize);

/// Answers which of the actors built so far it is.
struct Fragile {
    number: usize,
    gate: Arc<Semaphore>,
}

impl Actor for Fragile {
    type Context = Context<Self>;
}

impl Handler<Do> for Fragile {
    type Result = ResponseFuture<Answer<usize>>;

    fn handle(&mut self, Do(deed): Do, _: &mut Self::Context) -> Self::Result {
        assert_ne!(deed, Deed::DieInMailbox, "told to die");
        let (number, gate) = (self.number, Arc::clone(&self.gate));
        Box::pin(async move {
            assert_ne!(deed, Deed::DieInTask, "told to die");
            if deed == Deed::Wait {
                let _permit = gate.acquire().await;
            }
            Ok(number)
        })
    }
}

struct Stage {
    guardian: Addr<Guardian<Fragile>>,
    state: GroupState,
    gate: Arc<Semaphore>,
}

impl Stage {
    fn new(budget: Budget) -> Self {
        let (built, gate) = (AtomicUsize::new(0), Arc::new(Semaphore::new(0)));
        let state = GroupState::new("fragile");
        let kept = Arc::clone(&gate);
        let guardian = Guardian::start_within(state.clone(), budget, move || Fragile {
            number: built.fetch_add(1, Ordering::Relaxed) + 1,
            gate: Arc::clone(&kept),
        });
        Self {
            guardian,
            state,
            gate,
        }
    }

    async fn tell(&self, deed: Deed) -> Result<usize, ErrorCode> {
        let recipient = self.guardian.clone().recipient();
        ask(&recipient, Do(deed))
            .await
            .map_err(|failure| failure.code())
    }
}

#[actix::test]
async fn an_actor_that_dies_is_rebuilt() {
    let stage = Stage::new(Budget::default());
    assert_eq!(stage.tell(Deed::Answer).await, Ok(1));
    assert_eq!(
        stage.tell(Deed::DieInMailbox).await,
        Err(ErrorCode::Internal)
    );
    assert_eq!(stage.tell(Deed::Answer).await, Ok(2));
    assert_eq!(stage.state.restarts(), 1);
    assert_eq!(stage.state.in_flight(), 0);
}

#[actix::test]
async fn a_task_that_dies_takes_only_its_own_request() {
    let stage = Stage::new(Budget::default());
    assert_eq!(stage.tell(Deed::DieInTask).await, Err(ErrorCode::Internal));
    assert_eq!(stage.tell(Deed::Answer).await, Ok(1));
    assert_eq!(stage.state.restarts(), 0);
}

#[actix::test]
async fn an_actor_that_keeps_dying_is_given_up_until_its_window_has_passed() {
    tokio::time::pause();
    let stage = Stage::new(Budget {
        restarts: RestartBudget {
            restarts: 2,
            window: Duration::from_secs(60),
        },
        ..Budget::default()
    });
    for _ in 0..3 {
        assert_eq!(
            stage.tell(Deed::DieInMailbox).await,
            Err(ErrorCode::Internal)
        );
    }
    assert_eq!(stage.tell(Deed::Answer).await, Err(ErrorCode::Unavailable));
    assert!(stage.state.is_down());

    tokio::time::sleep(Duration::from_secs(61)).await;
    assert_eq!(stage.tell(Deed::Answer).await, Ok(4));
    assert!(!stage.state.is_down());
}

#[actix::test]
async fn an_actor_that_died_unasked_is_found() {
    tokio::time::pause();
    let stage = Stage::new(Budget::default());
    assert_eq!(
        stage.tell(Deed::DieInMailbox).await,
        Err(ErrorCode::Internal)
    );
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(stage.state.restarts(), 1);
}

#[actix::test]
async fn more_than_the_bound_is_refused_at_once() {
    let stage = Stage::new(Budget {
        in_flight: 2,
        ..Budget::default()
    });
    let waiting = [(), ()].map(|()| {
        let recipient = stage.guardian.clone().recipient();
        actix::spawn(async move { ask(&recipient, Do(Deed::Wait)).await.is_ok() })
    });
    while stage.state.in_flight() < 2 {
        tokio::task::yield_now().await;
    }
    assert_eq!(stage.tell(Deed::Answer).await, Err(ErrorCode::Unavailable));
    stage.gate.add_permits(2);
    for waiting in waiting {
        assert!(waiting.await.expect("joined"));
    }
    assert_eq!(stage.tell(Deed::Answer).await, Ok(1));
}

#[actix::test]
async fn a_retired_guardian_is_unavailable() {
    let stage = Stage::new(Budget::default());
    tell(&stage.guardian.clone().recipient(), Retire).expect("taken");
    assert_eq!(stage.tell(Deed::Answer).await, Err(ErrorCode::Unavailable));
}
