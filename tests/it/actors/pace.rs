//! The search index is filled a quarter of the time at most, and less while it cannot keep up.

use std::time::Duration;

use tokio::time::Instant;
use troupe::actors::chat::pace::Pace;

const TOOK: Duration = Duration::from_millis(10);

/// Stretches of so many entries for ten seconds, while so many a second are written; the last pause.
fn fill(pace: &mut Pace, from: Instant, written: u64, indexed: u64) -> (Duration, Instant) {
    let (mut now, mut pause) = (from, Duration::ZERO);
    let mut told = from;
    while now < from + Duration::from_secs(10) {
        while told + Duration::from_secs(1) <= now {
            told += Duration::from_secs(1);
            pace.written(written);
        }
        now += TOOK;
        pause = pace.rest(TOOK, indexed, now);
        now += pause;
    }
    (pause, now)
}

#[test]
fn it_rests_longer_while_more_is_written_than_it_can_take_in() {
    let now = Instant::now();
    let mut pace = Pace::new(now);
    // 100 in 40 ms: 2,500 a second, and no more.
    let (pause, now) = fill(&mut pace, now, 2_000, 100);
    assert_eq!(pause, 3 * TOOK);
    let (pause, now) = fill(&mut pace, now, 10_000, 100);
    assert_eq!(pause, 20 * TOOK);
    // What it could do is judged by what it does while it works.
    let (pause, now) = fill(&mut pace, now, 2_000, 100);
    assert_eq!(pause, 3 * TOOK);
    let (pause, now) = fill(&mut pace, now, 0, 0);
    assert_eq!(pause, 3 * TOOK, "nothing is written");
    let (pause, _) = fill(&mut pace, now, 1, 0);
    assert_eq!(pause, 3 * TOOK, "nothing was indexed, so nothing is known");
}
