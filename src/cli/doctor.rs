//! `troupe doctor`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output;
use crate::app;

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
        let findings = app::examine(&config);
        let lines: Vec<String> = findings.iter().map(ToString::to_string).collect();
        let said = output::say(lines.join("\n"));
        if findings.iter().all(app::Finding::is_fine) {
            return said;
        }
        output::failed("something is missing, see above")
    }
}
