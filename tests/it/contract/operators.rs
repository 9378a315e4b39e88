//! What the command line says to operators of real servers.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::support::{Server, Shape};

/// An installation of its own, whose schema is made.
struct Installation {
    settings: Vec<(String, String)>,
    data: TempDir,
}

impl Installation {
    async fn new() -> Self {
        let data = tempfile::tempdir().expect("a folder");
        let settings = Shape::Servers.settings(data.path()).await;
        Self { settings, data }
    }

    /// Runs a command with one setting changed.
    fn run(&self, arguments: &[&str], (setting, value): (&str, &str)) -> Output {
        Command::new(env!("CARGO_BIN_EXE_troupe"))
            .args(arguments)
            .envs(self.settings.clone())
            .env("TROUPE__STORAGE__DATA_DIR", self.data.path())
            .env(format!("TROUPE__{setting}"), value)
            .output()
            .expect("the program runs")
    }

    fn postgres(&self) -> String {
        let named = |(name, _): &&(String, String)| name == "TROUPE__POSTGRES__URL";
        self.settings.iter().find(named).expect("a url").1.clone()
    }
}

fn said(output: &Output) -> String {
    let said = [&output.stdout[..], &output.stderr].concat();
    String::from_utf8_lossy(&said).into_owned()
}

#[tokio::test]
async fn a_database_that_refuses_is_wrong_and_not_away() {
    let installation = Installation::new().await;
    let url = installation.postgres();
    let (server, database) = url.rsplit_once('/').expect("a database");
    let (scheme, place) = server.split_once("//").expect("a scheme");
    let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
    for wrong in [
        format!("{server}/{database}nowhere"),
        format!("{scheme}//nobody@{host}/{database}"),
    ] {
        let setting = ("POSTGRES__URL", wrong.as_str());
        let doctor = installation.run(&["doctor"], setting);
        let told = said(&doctor);
        assert!(told.contains("WRONG  postgres (postgres.url)"), "{told}");
        assert!(told.contains("name one that is there"), "{told}");
        let migrate = installation.run(&["migrate"], setting);
        assert_eq!(migrate.status.code(), Some(2), "{}", said(&migrate));
    }
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_named() {
    let installation = Installation::new().await;
    for (setting, name, wrong) in [
        (
            "POSTGRES__URL",
            "postgres.url",
            "postgres://u:hunter2@[bad/",
        ),
        ("MONGODB__URL", "mongodb.url", "mongodb://u:hunter2@@x"),
        ("REDIS__URL", "redis.url", "redis://:hunter2@h:port"),
        ("NATS__URL", "nats.url", "nats://u:hunter2@h:port"),
    ] {
        let migrate = installation.run(&["migrate"], (setting, wrong));
        let told = said(&migrate);
        assert_eq!(migrate.status.code(), Some(2), "{told}");
        assert!(told.contains(name), "{name}: {told}");
        assert!(!told.contains("hunter2"), "{told}");
    }
}

#[tokio::test]
async fn a_token_is_signed_beside_the_servers_and_keys_are_opened_by_their_secret_alone() {
    let server = Server::options().shape(Shape::Servers).start().await;
    let installation = Installation {
        settings: Shape::Servers.settings(server.data().path()).await,
        data: tempfile::tempdir().expect("a folder"),
    };
    let phone = ["token", "--phone", "+12025550187"];
    let same = ("LOG__FILTER", "info");
    let signed = installation.run(&phone, same);
    assert!(signed.status.success(), "{}", said(&signed));
    let token = String::from_utf8_lossy(&signed.stdout).trim().to_owned();
    let me = server.api().with_token(&token).get("/users/me").await.ok();
    assert_eq!(me["phone"], "+12025550187");

    let other = ("STORAGE__KEYS_SECRET", "ffffffffffffffffffffffffffffffff");
    let doctor = installation.run(&["doctor"], other);
    assert!(
        said(&doctor).contains("keys (storage.keys_secret)"),
        "{}",
        said(&doctor)
    );
    assert_eq!(doctor.status.code(), Some(1));
    let started = installation.run(&["dev", "--port", "0", "--admin-port", "0"], other);
    assert_eq!(started.status.code(), Some(2), "{}", said(&started));
    assert!(
        said(&started).contains("storage.keys_secret"),
        "{}",
        said(&started)
    );
}
