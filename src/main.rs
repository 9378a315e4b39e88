//! The command: arguments in, an exit code out.

use std::process::ExitCode;

use clap::Parser;
use troupe::cli::Command;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    Command::parse().run()
}
