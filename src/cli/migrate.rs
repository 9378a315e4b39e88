//! `troupe migrate`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output;
use crate::app::{self, StartError};

#[derive(Args, Debug)]
pub struct Arguments {
    /// A settings file, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> ExitCode {
        let config = match super::config::layers(self.config.as_deref()).load() {
            Ok(config) => config,
            Err(error) => return output::misused(error),
        };
        match app::migrate(&config) {
            Ok(applied) if applied.is_empty() => output::say("The schema is up to date."),
            Ok(applied) => output::say(format!("Applied {}.", applied.join(", "))),
            Err(error @ StartError::Setting { .. }) => output::misused(error),
            Err(error @ StartError::Failed(_)) => output::failed(error),
        }
    }
}
