//! `troupe dev`.

use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::output;
use crate::app::{self, Addresses, StartError};
use crate::config::{Config, ConfigError, Loader};
use crate::telemetry;

#[derive(Args, Debug)]
pub struct Arguments {
    /// Address to listen on [default: 127.0.0.1]
    #[arg(long)]
    host: Option<IpAddr>,
    /// Port of the API, the sockets and the page; 0 takes a free one [default: 8080]
    #[arg(long)]
    port: Option<u16>,
    /// Port of the admin listener; 0 takes a free one [default: 8090]
    #[arg(long)]
    admin_port: Option<u16>,
    /// Where everything is kept; one process at a time [default: ./data]
    #[arg(long)]
    data_dir: Option<PathBuf>,
    /// Adds demo people with contacts, a group and messages
    #[arg(long)]
    demo: bool,
    /// Lifts every budget and waiting time; for load tests
    #[arg(long)]
    unlimited: bool,
    /// A settings file, in TOML
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

impl Arguments {
    pub fn run(self) -> ExitCode {
        let config = match self.config() {
            Ok(config) => config,
            Err(error) => return output::misused(error),
        };
        run(config, self.demo, |addresses| banner(addresses, self.demo))
    }

    /// What was said here goes above file and environment.
    fn config(&self) -> Result<Config, ConfigError> {
        let mut loader = Loader::dev();
        if let Some(file) = &self.config {
            loader = loader.file(file);
        }
        loader = loader.environment();
        if let Some(host) = self.host {
            loader = loader.set("http.host", host);
        }
        if let Some(port) = self.port {
            loader = loader.set("http.port", port);
        }
        if let Some(port) = self.admin_port {
            loader = loader.set("admin.port", port);
        }
        if let Some(data_dir) = &self.data_dir {
            loader = loader.set("storage.data_dir", data_dir);
        }
        if self.unlimited {
            loader = loader.set("limits.unlimited", true);
        }
        Loader::load(&loader)
    }
}

/// Runs until a signal; says `banner` once it serves.
pub fn run(config: Config, demo: bool, banner: impl FnOnce(&Addresses) -> String) -> ExitCode {
    let _telemetry = telemetry::start(&config.log, &config.telemetry);
    #[cfg(debug_assertions)]
    crate::config::arm_failpoint();
    let ran = app::run(config, demo, |addresses| {
        output::say(banner(addresses));
    });
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error @ StartError::Setting { .. }) => output::misused(error),
        Err(error @ StartError::Failed(_)) => output::failed(error),
    }
}

fn banner(addresses: &Addresses, demo: bool) -> String {
    let Addresses { public, admin } = addresses;
    let people = if demo {
        "\n  demo people  +1 202 555 0101 Ada · 0102 Ben · 0103 Cleo · 0104 Dan"
    } else {
        ""
    };
    format!(
        "Troupe is running.

  page         http://{public}/
  API docs     http://{public}/docs
  admin        http://{admin}/admin{people}

  To sign in, open the page and enter a phone number such as +1 202 555 0101:
  the code is shown on the page and logged here. Ctrl-C stops."
    )
}
