//! `troupe token`: an access token for a script.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output;
use crate::app::{self, StartError};

#[derive(Args, Debug)]
pub struct Arguments {
    /// Whom the token is for; made if there is no such account yet
    #[arg(long)]
    phone: String,
    /// The installation's data directory [default: ./data]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// A settings file, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
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
        match app::issue_token(config, &self.phone) {
            Ok(token) => output::say(token),
            Err(error @ StartError::Setting { .. }) => output::misused(error),
            Err(error @ StartError::Failed(_)) => output::failed(error),
        }
    }
}
