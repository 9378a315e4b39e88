//! `troupe loadtest`: drives real sockets against a running server and checks the truth.
//!
//! Every connection is a witness of its chat: it must see each rev once, in order, whether as its
//! own `ack` or as a frame, and at the end all members of a chat must have seen the same log. What
//! it measures is worth nothing where that fails, so a fault is exit code 1 whatever the rate.

mod arguments;
mod drive;
mod faults;
mod gauge;
mod idle;
mod line;
mod mark;
mod peer;
mod report;
mod run;
mod scan;
mod setup;
mod socket;
mod stage;
mod tally;
mod verify;
mod witness;

use std::process::ExitCode;

pub use arguments::{Arguments, Shape};
pub use faults::Faults;
pub use mark::{MARK_BYTES, Mark};
pub use report::Report;
pub use scan::{Kind, Seen, scan};
pub use witness::{CopyDigest, Witness, reconcile};

/// Runs the test, prints its report and answers 0 when every check and limit held, 1 when one did
/// not, 2 when it could not be run as asked.
///
/// Blocks; it starts runtimes of its own, so it must not be called inside one.
pub fn run(arguments: Arguments) -> ExitCode {
    if let Err(problem) = arguments.check() {
        return refused(&problem, 2);
    }
    let json = arguments.json;
    match run::perform(arguments) {
        Ok(report) => {
            let shown = report.print(json);
            let held = report.failures.is_empty() && shown.is_ok();
            if held {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(problem) => refused(&problem, 1),
    }
}

fn refused(problem: &str, code: u8) -> ExitCode {
    report::complain(problem);
    ExitCode::from(code)
}
