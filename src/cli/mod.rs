//! The command line. Exit codes: 0 fine, 1 failed, 2 wrong usage or settings.

mod config;
mod dev;
mod doctor;
mod documents;
mod jobs;
mod migrate;
mod output;
mod serve;
mod token;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::loadtest;

/// A messaging backend: REST and WebSocket, from one process.
///
/// Start with `troupe dev` and open http://127.0.0.1:8080/.
#[derive(Debug, Parser)]
#[command(name = "troupe", version, propagate_version = true)]
pub struct Command {
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Runs everything in this process, on storage of its own; nothing else is needed
    Dev(dev::Arguments),
    /// Runs it in production: on the storage that the settings name, without what only development may do
    Serve(serve::Arguments),
    /// Brings the schema of the distributed storage up to date
    Migrate(migrate::Arguments),
    /// Reaches everything that the settings name and says what is wrong
    Doctor(doctor::Arguments),
    /// Shows or checks the settings
    Config(config::Arguments),
    /// Prints the REST API as an OpenAPI document
    Openapi,
    /// Prints the WebSocket API as an AsyncAPI document
    Asyncapi,
    /// Prints an access token for a phone number, signed with this installation's key
    Token(token::Arguments),
    /// Lists background jobs, or runs one now
    Jobs(jobs::Arguments),
    /// Drives real sockets against a running server and checks order, loss, repeats and receipts
    Loadtest(loadtest::Arguments),
}

impl Command {
    pub fn run(self) -> ExitCode {
        match self.action {
            Action::Dev(arguments) => arguments.run(),
            Action::Serve(arguments) => arguments.run(),
            Action::Migrate(arguments) => arguments.run(),
            Action::Doctor(arguments) => arguments.run(),
            Action::Config(arguments) => arguments.run(),
            Action::Openapi => documents::openapi(),
            Action::Asyncapi => documents::asyncapi(),
            Action::Token(arguments) => arguments.run(),
            Action::Jobs(arguments) => arguments.run(),
            Action::Loadtest(arguments) => loadtest::run(arguments),
        }
    }
}
