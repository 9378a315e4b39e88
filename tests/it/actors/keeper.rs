//! Actors that are only told things, and what happens when they die.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix::{Actor, Context, Handler, Message, Recipient};
use troupe::actors::keeper::Keeper;
use troupe::actors::request::tell;
use troupe::actors::vital::Vital;

#[derive(Debug, Message)]
#[rtype(result = "()")]
enum Deed {
    Count,
    Die,
}

#[derive(Clone, Default)]
struct Counts {
    built: Arc<AtomicUsize>,
    counted: Arc<AtomicUsize>,
}

struct Fragile(Counts);

impl Actor for Fragile {
    type Context = Context<Self>;
}

impl Handler<Deed> for Fragile {
    type Result = ();

    fn handle(&mut self, deed: Deed, _: &mut Self::Context) {
        match deed {
            Deed::Count => self.0.counted.fetch_add(1, Ordering::Relaxed),
            Deed::Die => panic!("told to die"),
        };
    }
}

impl Counts {
    fn keep(&self) -> Recipient<Deed> {
        let counts = self.clone();
        let keeper = Keeper::new("fragile", move || {
            counts.built.fetch_add(1, Ordering::Relaxed);
            Fragile(counts.clone())
        });
        keeper.start().recipient()
    }

    fn built(&self) -> usize {
        self.built.load(Ordering::Relaxed)
    }

    fn counted(&self) -> usize {
        self.counted.load(Ordering::Relaxed)
    }
}

/// In virtual time: long enough for a death to be found.
async fn found() {
    tokio::time::sleep(Duration::from_secs(1)).await;
}

#[actix::test]
async fn one_that_died_is_built_again_unasked_and_hears_what_comes() {
    tokio::time::pause();
    let counts = Counts::default();
    let kept = counts.keep();
    found().await;
    assert_eq!(counts.built(), 1);
    tell(&kept, Deed::Die).expect("taken");
    found().await;
    assert_eq!(counts.built(), 2);
    tell(&kept, Deed::Count).expect("taken");
    found().await;
    assert_eq!(counts.counted(), 1);
}

#[actix::test]
async fn one_that_keeps_dying_is_left_dead_for_a_while() {
    tokio::time::pause();
    let counts = Counts::default();
    let kept = counts.keep();
    for _ in 0..10 {
        tell(&kept, Deed::Die).expect("taken");
        found().await;
    }
    assert_eq!(counts.built(), 6, "the first and five more");
    tell(&kept, Deed::Count).expect("taken");
    found().await;
    assert_eq!(counts.counted(), 0);
    tokio::time::sleep(Duration::from_secs(61)).await;
    tell(&kept, Deed::Count).expect("taken");
    found().await;
    assert_eq!(counts.counted(), 1);
}

#[actix::test]
async fn the_death_of_a_vital_one_is_told_by_its_name() {
    tokio::time::pause();
    let vital = Vital::default();
    let fragile = [(); 2].map(|()| Fragile(Counts::default()).start());
    for (name, one) in ["first", "second"].into_iter().zip(fragile.clone()) {
        vital.watch(name, move || one.connected());
    }
    let waited = tokio::time::timeout(Duration::from_secs(60), vital.death()).await;
    assert!(waited.is_err(), "nobody died");
    let [_, second] = fragile;
    tell(&second.recipient(), Deed::Die).expect("taken");
    assert_eq!(vital.death().await, "second");
}
