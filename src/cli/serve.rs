//! `troupe serve`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::{dev, output};
use crate::app::Addresses;
use crate::config::Loader;

#[derive(Args, Debug)]
pub struct Arguments {
    /// A settings file, in TOML
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// What this process runs, of gateway, auth, user, chat, message, media, notification and websocket;
    /// other processes on the same servers run the rest [default: all]
    #[arg(long, value_name = "GROUP,…", value_delimiter = ',')]
    groups: Vec<String>,
}

impl Arguments {
    pub fn run(self) -> ExitCode {
        let mut loader = Loader::production().file(&self.config).environment();
        if !self.groups.is_empty() {
            loader = loader.set("groups", &self.groups);
        }
        match loader.load() {
            Ok(config) => {
                let what = config.served();
                dev::run(config, false, |addresses| {
                    let Addresses { public, admin } = addresses;
                    format!("Troupe is running: {what} at http://{public}, admin at http://{admin}")
                })
            }
            Err(error) => output::misused(error),
        }
    }
}
