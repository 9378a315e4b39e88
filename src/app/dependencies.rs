//! What the program needs from outside: waited for at the start, looked at by `troupe doctor`.

use std::fmt;
use std::net::TcpListener;
use std::time::Duration;

use super::listeners::Listeners;
use super::{StartError, events, failed, grpc, lock, media, nodes, pushes, stores};
use crate::clock::Clock;
use crate::config::{Backend, Config};
use crate::http::waiting::{self, Missing};
use crate::id::NodeId;
use crate::storage::distributed::open::Servers;
use crate::storage::distributed::probe::{Outcome, Probed, probe, probe_s3};

/// How often servers that are away are looked for.
const AGAIN: Duration = Duration::from_secs(1);

/// One line of `troupe doctor`.
#[derive(Clone, Debug)]
pub struct Finding {
    line: String,
    is_fine: bool,
}

impl Finding {
    pub(super) fn wrong(what: impl fmt::Display) -> Self {
        Self {
            line: format!("WRONG  {what}"),
            is_fine: false,
        }
    }

    pub(super) fn fine(what: impl fmt::Display) -> Self {
        Self {
            line: format!("fine   {what}"),
            is_fine: true,
        }
    }

    pub fn is_fine(&self) -> bool {
        self.is_fine
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.line)
    }
}

/// Looks at everything that the settings name.
pub fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = match config.storage.backend {
        Backend::Embedded => vec![examine_data_dir(config)],
        Backend::Distributed => actix::System::new().block_on(examine_servers(config)),
    };
    findings.extend(media::examine(config));
    findings.extend(actix::System::new().block_on(pushes::examine(config)));
    findings.extend(grpc::examine(config));
    findings
}

fn examine_data_dir(config: &Config) -> Finding {
    let shown = config.storage.data_dir.display();
    match lock::take(&config.storage.data_dir) {
        Ok(_) => Finding {
            line: format!("fine   storage: {shown} can be written to and is not in use"),
            is_fine: true,
        },
        Err(error) => Finding {
            line: format!("WRONG  storage: {error}"),
            is_fine: false,
        },
    }
}

async fn examine_servers(config: &Config) -> Vec<Finding> {
    match Servers::new(&stores::settings(config)).await {
        Ok(servers) => {
            let s3 = probe_s3(&servers).await;
            let probed = look(config, &servers).await;
            let findings = probed.iter().map(|probed| Finding {
                line: probed.to_string(),
                is_fine: probed.is_fine(),
            });
            let mut findings: Vec<Finding> = findings.collect();
            findings.push(Finding {
                line: s3.to_string(),
                is_fine: s3.is_fine(),
            });
            findings.append(&mut events::examine(config).await);
            if probed.iter().all(Probed::is_fine) {
                findings.extend(examine_keys(config).await);
            }
            findings
        }
        Err(error) => vec![Finding::wrong(stores::unreadable(error))],
    }
}

/// Whether the installation's keys can be opened; nothing where there are none yet.
async fn examine_keys(config: &Config) -> Option<Finding> {
    let stores = stores::open(config, Clock::System, NodeId::new())
        .await
        .ok()?;
    let error = stores.keys.find().await.err()?;
    Some(Finding::wrong(format!(
        "keys (storage.keys_secret): {}",
        error.message
    )))
}

/// Looks at every server at once.
async fn look(config: &Config, servers: &Servers) -> Vec<Probed> {
    let (mut probed, nats) = tokio::join!(probe(servers), nodes::probe(config));
    probed.push(nats);
    probed
}

/// Whether a server can be used now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Fine,
    Away,
}

/// A server that will not do however long one waits is an error that names the setting.
pub fn judge(probed: &Probed) -> Result<State, StartError> {
    match &probed.outcome {
        Outcome::Fine(_) => Ok(State::Fine),
        Outcome::Away(_) => Ok(State::Away),
        Outcome::Wrong { what, cure } => Err(StartError::Setting {
            setting: probed.setting,
            what: format!("{} {what}", probed.server),
            cure: cure.clone().into(),
        }),
        Outcome::OldSchema { found, needed } => Err(StartError::Setting {
            setting: probed.setting,
            what: format!("the schema is {found}, this program needs {needed}"),
            cure: "run `troupe migrate` with the same settings".into(),
        }),
    }
}

/// Waits until every server that the settings name is there. Meanwhile the listeners answer 503 and say
/// what is missing, so that whoever started this process sees it alive and not ready.
pub async fn wait(config: &Config, listeners: &Listeners) -> Result<(), StartError> {
    if config.storage.backend == Backend::Embedded {
        return Ok(());
    }
    let servers = Servers::new(&stores::settings(config)).await;
    let servers = servers.map_err(stores::unreadable)?;
    let missing = Missing::default();
    let mut answering = None;
    loop {
        let mut away = Vec::new();
        for probed in look(config, &servers).await {
            if judge(&probed)? == State::Away {
                tracing::warn!(server = probed.server, setting = probed.setting, "{probed}");
                away.push(probed.server);
            }
        }
        if away.is_empty() {
            break;
        }
        missing.set(away);
        if answering.is_none() {
            let all = listeners.public.iter().chain([&listeners.admin]);
            let clones = all.map(TcpListener::try_clone);
            let clones = clones.collect::<Result<_, _>>().map_err(failed)?;
            let server = waiting::serve(clones, missing.clone()).map_err(failed)?;
            answering = Some(server.handle());
            actix::spawn(server);
        }
        tokio::time::sleep(AGAIN).await;
    }
    if let Some(server) = answering {
        server.stop(true).await;
    }
    Ok(())
}
