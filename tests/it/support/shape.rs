//! In which set-up the flows run: `TROUPE_FLOWS` says so, `deploy/dev/test.sh` runs them in each.

use std::path::Path;
use std::process::Command;

use secrecy::SecretString;
use std::time::Duration;
use troupe::actors::group::Group;
use troupe::storage::distributed::postgres::{Postgres, PostgresSettings};

use super::servers;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One process on storage of its own.
    Embedded,
    /// One process on the real servers.
    Servers,
    /// Two processes on the real servers; people are on either.
    Nodes,
    /// A process for each group on the real servers; people are at the gateway.
    Groups,
}

impl Shape {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test is told by its environment how to run"
    )]
    pub fn of_flows() -> Self {
        match std::env::var("TROUPE_FLOWS").as_deref() {
            Ok("servers") => Self::Servers,
            Ok("nodes") => Self::Nodes,
            Ok("groups") => Self::Groups,
            Ok("embedded") | Err(_) => Self::Embedded,
            Ok(other) => panic!("TROUPE_FLOWS is embedded, servers, nodes or groups, not {other}"),
        }
    }

    /// What each process runs; `None`: everything. People are at the first, or at any that runs
    /// everything.
    pub fn processes(self) -> Vec<Option<Group>> {
        match self {
            Self::Embedded | Self::Servers => vec![None],
            Self::Nodes => vec![None, None],
            Self::Groups => Group::ALL.map(Some).into(),
        }
    }

    /// Settings of all its processes: where their storage is, if not in their data directory.
    pub async fn settings(self, data: &Path) -> Vec<(String, String)> {
        match self {
            Self::Embedded => Vec::new(),
            Self::Servers | Self::Nodes | Self::Groups => settings(data).await,
        }
    }
}

/// Settings with which a process uses databases and subjects of its own on the real servers, the
/// same ones for the same data directory.
async fn settings(data: &Path) -> Vec<(String, String)> {
    let place = data.join("place");
    if let Ok(name) = std::fs::read_to_string(&place) {
        return of_place(&name);
    }
    let name = format!("flow{}", uuid::Uuid::new_v4().simple());
    let url = servers::address("POSTGRES");
    let server = Postgres::new(&PostgresSettings {
        url: SecretString::from(url),
        connections: 1,
        wait: Duration::from_secs(30),
        statement_timeout: Duration::from_secs(60),
        lock_timeout: Duration::from_secs(60),
    });
    let client = server.expect("settings").client().await;
    let make = format!("CREATE DATABASE {name}");
    let made = client.expect("PostgreSQL runs").batch_execute(&make).await;
    made.expect("a database");
    let settings = of_place(&name);
    let migrated = Command::new(env!("CARGO_BIN_EXE_troupe"))
        .args(["migrate"])
        .envs(settings.clone())
        .output()
        .expect("the program runs");
    assert!(migrated.status.success(), "{migrated:?}");
    std::fs::write(place, name).expect("written");
    settings
}

fn of_place(name: &str) -> Vec<(String, String)> {
    let postgres = servers::address("POSTGRES");
    let (server, _) = postgres.rsplit_once('/').expect("a database in the url");
    [
        ("STORAGE__BACKEND", "distributed".to_owned()),
        (
            "STORAGE__KEYS_SECRET",
            "0123456789abcdef0123456789abcdef".to_owned(),
        ),
        ("POSTGRES__URL", format!("{server}/{name}")),
        ("POSTGRES__CONNECTIONS", "8".to_owned()),
        ("MONGODB__DATABASE", name.to_owned()),
        ("REDIS__PREFIX", format!("{name}:")),
        ("NATS__PREFIX", name.to_owned()),
        ("S3__BUCKET", name.to_owned()),
        ("MEDIA__SPOOL_DIR", spool(name)),
    ]
    .map(|(key, value)| (format!("TROUPE__{key}"), value))
    .into()
}

/// In the run's scratch folder, so that it goes with it.
fn spool(name: &str) -> String {
    let folder = servers::folder().unwrap_or_else(std::env::temp_dir);
    folder.join("uploads").join(name).display().to_string()
}

/// Settings with which a process runs one group, at a port.
pub fn of_group(group: Group, port: u16) -> [(String, String); 2] {
    let setting = match group {
        Group::Gateway => "HTTP__PORT".to_owned(),
        other => format!("PORTS__{}", other.name().to_ascii_uppercase()),
    };
    [
        ("GROUPS".to_owned(), group.name().to_owned()),
        (setting, port.to_string()),
    ]
    .map(|(key, value)| (format!("TROUPE__{key}"), value))
}
