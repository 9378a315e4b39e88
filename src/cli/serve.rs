//! `troupe serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{dev, output};
use crate::config::Loader;

#[derive(Args, Debug)]
pub struct Arguments {
    /// A settings file, in TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

impl Arguments {
    pub fn run(self) -> ExitCode {
        let loader = Loader::production().file(&self.config).environment();
        match loader.load() {
            Ok(config) => dev::run(config, false, |addresses| {
                format!(
                    "Troupe is running: API at http://{}, admin at http://{}",
                    addresses.public, addresses.admin
                )
            }),
            Err(error) => output::misused(error),
        }
    }
}
