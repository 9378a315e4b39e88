//! What a command says. A reader that went away (`troupe … | head`) is no failure.

use std::fmt::Display;
use std::io::{ErrorKind, Write};
use std::process::ExitCode;

const FAILED: u8 = 1;
const WRONG_USE: u8 = 2;

/// Prints a line, or lines, to standard output.
pub fn say(text: impl Display) -> ExitCode {
    let mut out = std::io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(_) => ExitCode::from(FAILED),
    }
}

/// Says on standard error why something failed: exit code 1.
pub fn failed(reason: impl Display) -> ExitCode {
    complain(reason, FAILED)
}

/// Says on standard error what is wrong with how it was called or set: exit code 2.
pub fn misused(reason: impl Display) -> ExitCode {
    complain(reason, WRONG_USE)
}

fn complain(reason: impl Display, code: u8) -> ExitCode {
    // Standard error is the last place to speak; when it is closed the code must do.
    let _ = writeln!(std::io::stderr(), "troupe: {reason}");
    ExitCode::from(code)
}
