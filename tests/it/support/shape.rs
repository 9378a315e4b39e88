//! In which set-up the flows run: `TROUPE_FLOWS` says so, `deploy/dev/test.sh` runs them in each.

use std::path::Path;
use std::process::Command;

use secrecy::SecretString;
use std::time::Duration;
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
            Ok("embedded") | Err(_) => Self::Embedded,
            Ok(other) => panic!("TROUPE_FLOWS is embedded, servers or nodes, not {other}"),
        }
    }

    pub fn processes(self) -> usize {
        match self {
            Self::Embedded | Self::Servers => 1,
            Self::Nodes => 2,
        }
    }
}

/// Settings with which a process uses databases and subjects of its own on the real servers, the
/// same ones for the same data directory.
pub async fn settings(data: &Path) -> Vec<(String, String)> {
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
    ]
    .map(|(key, value)| (format!("TROUPE__{key}"), value))
    .into()
}
