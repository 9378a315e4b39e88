//! What a connection that does nothing costs the server.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::sleep;

use super::arguments::Arguments;
use super::drive::Planned;
use super::gauge;
use super::peer::Part;
use super::report::Report;
use super::run::{Measured, connected, join, start};
use super::setup;
use super::stage::{Board, Stage};

/// Allocators and caches come to rest before memory is read.
const SETTLE: Duration = Duration::from_secs(2);

/// Opens the connections, holds them for the time of the test and reads the server's memory before
/// and after. Kernel memory of the sockets is not in it.
pub async fn measure(arguments: &Arguments) -> Result<Report, String> {
    let count = arguments.connections();
    let people = setup::people(arguments, count).await?;
    sleep(SETTLE).await;
    let resident = || arguments.server_pid.and_then(gauge::resident_kib);
    let cpu = || arguments.server_pid.and_then(gauge::cpu_seconds);
    let before = resident();

    let board = Arc::new(Board::new(0));
    let planned = people.into_iter().map(|person| Planned {
        token: person.access_token,
        part: Part {
            room: 0,
            chat_id: String::new(),
            copies: false,
            line: None,
            in_flight: 0,
        },
        head_seq: 0,
        head_rev: 0,
    });
    let threads = start(arguments, &board, planned.collect())?;
    if let Err(problem) = connected(&board, &threads, count).await {
        return Err(join(threads).err().unwrap_or(problem));
    }
    sleep(SETTLE).await;
    let cpu_before = cpu();
    sleep(Duration::from_secs(arguments.seconds)).await;
    let measured = Measured {
        seconds: arguments.seconds as f64,
        server_cpu_seconds: cpu().zip(cpu_before).map(|(after, before)| after - before),
        resident_kib: resident(),
    };
    board.enter(Stage::Over);
    let outcomes = join(threads)?;
    Report::idle(arguments, before, measured, outcomes)
}
