//! `troupe config check` and `show`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output;
use crate::config::Loader;

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// A settings file, in TOML: judged as `troupe serve` does; without one as `troupe dev` does
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Action {
    /// Says whether the settings are right, and everything that is wrong with them
    Check,
    /// Prints every setting with where it comes from; secrets are hidden
    Show,
}

impl Arguments {
    pub fn run(self) -> ExitCode {
        let loader = layers(self.config.as_deref());
        match self.action {
            Action::Check => match loader.load() {
                Ok(_) => output::say("The settings are fine."),
                Err(error) => output::misused(error),
            },
            Action::Show => show(&loader),
        }
    }
}

/// Defaults, then a file, then the environment. With a file as `troupe serve` reads them, without
/// one as `troupe dev` does.
pub fn layers(file: Option<&Path>) -> Loader {
    match file {
        Some(file) => Loader::production().file(file),
        None => Loader::dev(),
    }
    .environment()
}

fn show(loader: &Loader) -> ExitCode {
    let settings = match loader.settings() {
        Ok(settings) => settings,
        Err(error) => return output::misused(error),
    };
    let lines: Vec<String> = settings
        .iter()
        .map(|setting| {
            let assignment = format!("{} = {}", setting.name, setting.value);
            format!("{assignment:<60} # {}", setting.origin)
        })
        .collect();
    output::say(lines.join("\n"))
}
