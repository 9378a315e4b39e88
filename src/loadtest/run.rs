//! The course of a test: prepare, connect, warm up, measure, drain, judge.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::time::sleep;

use super::arguments::Arguments;
use super::drive::{self, Outcome, Plan, Planned};
use super::gauge;
use super::idle;
use super::line::Line;
use super::peer::Part;
use super::report::{Report, say};
use super::setup::{self, Person, Room};
use super::stage::{Board, Stage};
use super::verify;

/// How often a long test says where it stands.
const PROGRESS_EVERY: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// After everything has come, what comes once more is a repeat.
const LINGER: Duration = Duration::from_millis(300);
/// Chats whose stored log is compared with what one member saw.
const VERIFIED: usize = 4;
/// All connections must stand by then.
const CONNECT_WITHIN: Duration = Duration::from_secs(120);

pub type Thread = JoinHandle<Result<Outcome, String>>;

/// The measured stretch.
#[derive(Clone, Copy, Default)]
pub struct Measured {
    pub seconds: f64,
    pub server_cpu_seconds: Option<f64>,
    pub resident_kib: Option<u64>,
}

/// Runs the whole test.
pub fn perform(arguments: Arguments) -> Result<Report, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("client: {error}"))?;
    runtime.block_on(async {
        match arguments.idle {
            Some(_) => idle::measure(&arguments).await,
            None => talk(&arguments).await,
        }
    })
}

async fn talk(arguments: &Arguments) -> Result<Report, String> {
    let size = arguments.chat_size();
    let count = arguments.users / size * size;
    let people = setup::people(arguments, count).await?;
    let rooms = setup::rooms(arguments, &people).await?;
    say(&format!("{count} users in {} chats made", rooms.len()));
    let board = Arc::new(Board::new(rooms.len()));
    let readers: Vec<String> = people
        .iter()
        .step_by(size)
        .take(VERIFIED)
        .map(|person| person.access_token.clone())
        .collect();
    let planned = plan(arguments, people, &rooms);
    let threads = start(arguments, &board, planned)?;
    if let Err(problem) = connected(&board, &threads, count).await {
        return Err(join(threads).err().unwrap_or(problem));
    }

    board.enter(Stage::WarmingUp);
    sleep(Duration::from_secs(arguments.warmup)).await;
    let measured = measure(arguments, &board).await;
    board.enter(Stage::Draining);
    drain(arguments, &board).await;
    board.enter(Stage::Over);
    let outcomes = join(threads)?;
    let not_stored = verify::compare(arguments, &readers, &outcomes).await?;
    let mut report = Report::talk(arguments, rooms.len(), measured, outcomes)?;
    report.faults.not_stored = not_stored;
    report.judge(arguments);
    Ok(report)
}

fn plan(arguments: &Arguments, people: Vec<Person>, rooms: &[Room]) -> Vec<Planned> {
    let size = arguments.chat_size();
    let in_flight = if arguments.rate == 0 {
        arguments.in_flight
    } else {
        0
    };
    let planned = people.into_iter().enumerate().map(|(index, person)| {
        let room = index / size;
        let chat = &rooms[room];
        let sends = index % size < arguments.senders;
        Planned {
            token: person.access_token,
            part: Part {
                room,
                chat_id: chat.id.clone(),
                copies: room < VERIFIED && index % size == 0,
                line: sends.then(|| Line::new(&chat.id, arguments.chars)),
                in_flight: if sends { in_flight } else { 0 },
            },
            head_seq: chat.head_seq,
            head_rev: chat.head_rev,
        }
    });
    planned.collect()
}

/// Starts the client threads, each with its share of the connections.
pub fn start(
    arguments: &Arguments,
    board: &Arc<Board>,
    mut planned: Vec<Planned>,
) -> Result<Vec<Thread>, String> {
    let host = arguments
        .url
        .trim_start_matches("http://")
        .trim_end_matches('/');
    let (total, share) = (planned.len(), planned.len().div_ceil(arguments.threads));
    let mut threads = Vec::new();
    while !planned.is_empty() {
        let rest = planned.split_off(share.min(planned.len()));
        let connections = std::mem::replace(&mut planned, rest);
        let plan = Plan {
            host: host.to_owned(),
            rate: arguments.rate as f64 * connections.len() as f64 / total as f64,
            connections,
            acks: arguments.acks,
        };
        let board = Arc::clone(board);
        let thread = std::thread::Builder::new()
            .name("load".to_owned())
            .spawn(move || drive::run(board, plan))
            .map_err(|error| format!("client thread: {error}"))?;
        threads.push(thread);
    }
    Ok(threads)
}

/// Waits until every connection has its hello.
pub async fn connected(board: &Board, threads: &[Thread], count: usize) -> Result<(), String> {
    let begun = Instant::now();
    loop {
        let open = board.open.load(Ordering::Acquire);
        if open == count {
            say(&format!(
                "{open} connections in {:.1} s",
                begun.elapsed().as_secs_f64()
            ));
            return Ok(());
        }
        if threads.iter().any(JoinHandle::is_finished) || begun.elapsed() > CONNECT_WITHIN {
            board.enter(Stage::Over);
            return Err(format!(
                "only {open} of {count} connections could be opened"
            ));
        }
        sleep(LOOK_EVERY).await;
    }
}

async fn measure(arguments: &Arguments, board: &Board) -> Measured {
    let cpu = || arguments.server_pid.and_then(gauge::cpu_seconds);
    let (cpu_before, begun) = (cpu(), Instant::now());
    board.enter(Stage::Measuring);
    let end = begun + Duration::from_secs(arguments.seconds);
    let mut acked = board.acked.load(Ordering::Relaxed);
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        let step = left.min(PROGRESS_EVERY);
        sleep(step).await;
        let now = board.acked.load(Ordering::Relaxed);
        let rate = (now - acked) as f64 / step.as_secs_f64();
        say(&format!(
            "{:.0} s: {rate:.0} sends/s",
            begun.elapsed().as_secs_f64()
        ));
        acked = now;
    }
    Measured {
        seconds: begun.elapsed().as_secs_f64(),
        server_cpu_seconds: cpu().zip(cpu_before).map(|(after, before)| after - before),
        resident_kib: arguments.server_pid.and_then(gauge::resident_kib),
    }
}

async fn drain(arguments: &Arguments, board: &Board) {
    let deadline = Instant::now() + Duration::from_secs(arguments.drain);
    while board.settled.load(Ordering::Acquire) < arguments.threads.min(arguments.users)
        && Instant::now() < deadline
    {
        sleep(LOOK_EVERY).await;
    }
    sleep(LINGER).await;
}

/// Waits for the client threads; the first that failed says why.
pub fn join(threads: Vec<Thread>) -> Result<Vec<Outcome>, String> {
    threads
        .into_iter()
        .map(|thread| {
            thread
                .join()
                .unwrap_or_else(|_| Err("a client thread died".to_owned()))
        })
        .collect()
}
