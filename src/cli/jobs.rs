//! `troupe jobs`: background jobs by hand.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::output;
use crate::app::{self, StartError};
use crate::config::Config;

#[derive(Args, Debug)]
pub struct Arguments {
    #[command(subcommand)]
    action: Action,
    /// The installation's data directory [default: ./data]
    #[arg(long, global = true)]
    data_dir: Option<PathBuf>,
    /// A settings file, in TOML
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Prints every job, how often it runs and how it last went
    List,
    /// Runs a job now, waits for it and prints what it did
    ///
    /// It runs in a process of the installation that has the job's group; where none runs on an
    /// embedded data directory, in this one.
    Run {
        /// One of those that `troupe jobs list` prints
        name: String,
    },
}

impl Arguments {
    pub fn run(self) -> ExitCode {
        let mut loader = super::config::layers(self.config.as_deref());
        if let Some(data_dir) = &self.data_dir {
            loader = loader.set("storage.data_dir", data_dir);
        }
        let config = match loader.load() {
            Ok(config) => config,
            Err(error) => return output::misused(error),
        };
        match self.action {
            Action::List => list(&config),
            Action::Run { name } => run_now(config, &name),
        }
    }
}

fn list(config: &Config) -> ExitCode {
    let jobs = match app::list_jobs(config) {
        Ok(jobs) => jobs,
        Err(error) => return refused(error),
    };
    let lines = jobs.iter().map(|job| {
        let every = format!("every {:?}", job.every);
        let (name, about, state) = (job.name, job.about, &job.state);
        format!("{name:<16} {every:<14} {about}\n{:16} {state}", "")
    });
    output::say(lines.collect::<Vec<_>>().join("\n"))
}

fn run_now(config: Config, name: &str) -> ExitCode {
    let mut shown = 0;
    let ran = app::run_job(config, name, |done| {
        if done > shown {
            shown = done;
            output::say(format!("{name}: {done} done"));
        }
    });
    match ran {
        Ok(report) => output::say(format!("{name}: {report}")),
        Err(error) => refused(error),
    }
}

fn refused(error: StartError) -> ExitCode {
    match error {
        error @ StartError::Setting { .. } => output::misused(error),
        error @ StartError::Failed(_) => output::failed(error),
    }
}
