//! The deploy files speak of settings, ports and metrics that there are.

use std::collections::BTreeSet;
use std::process::{Command, Output};

use tempfile::TempDir;
use troupe::config::Loader;

use super::source::{SourceFile, files};

/// The groups of the requirement, each with its ports for HTTP and gRPC.
const GROUPS: [(&str, u16, Option<u16>); 8] = [
    ("gateway", 8080, None),
    ("auth", 8081, Some(9081)),
    ("user", 8082, Some(9082)),
    ("chat", 8083, Some(9083)),
    ("message", 8084, Some(9084)),
    ("notification", 8085, None),
    ("media", 8086, None),
    ("websocket", 8087, None),
];

/// `troupe config check` on a file, with these variables and no others of ours.
fn check(config: &str, variables: &[(&str, &str)]) -> Output {
    let elsewhere = TempDir::new().expect("a directory");
    Command::new(env!("CARGO_BIN_EXE_troupe"))
        .args(["config", "check", "--config", config])
        .env_clear()
        .envs(variables.iter().copied())
        .current_dir(elsewhere.path())
        .output()
        .expect("the program runs")
}

#[test]
fn the_production_settings_are_fine() {
    let secrets = &files("deploy/config", ".env")[0].text;
    let lines = secrets.lines().filter(|line| line.starts_with("TROUPE__"));
    let variables: Vec<(&str, &str)> = lines.filter_map(|line| line.split_once('=')).collect();
    for file in files("deploy/config", ".toml") {
        let path = format!("{}/{}", env!("CARGO_MANIFEST_DIR"), file.path);
        let checked = check(&path, &variables);
        assert!(checked.status.success(), "{path}: {checked:?}");
        for one in &variables {
            let others: Vec<_> = variables
                .iter()
                .copied()
                .filter(|other| other != one)
                .collect();
            let checked = check(&path, &others);
            assert_eq!(
                checked.status.code(),
                Some(2),
                "{} is needed: {checked:?}",
                one.0
            );
        }
    }
}

/// What begins so in a text, as far as these go on.
fn words<'a>(
    text: &'a str,
    start: &'a str,
    goes_on: fn(char) -> bool,
) -> impl Iterator<Item = &'a str> {
    let places = text.match_indices(start);
    let own = places.filter(move |(at, _)| !text[..*at].ends_with(goes_on));
    own.map(move |(at, _)| {
        let rest = &text[at..];
        &rest[..rest.find(|c| !goes_on(c)).unwrap_or(rest.len())]
    })
}

fn deployed() -> impl Iterator<Item = SourceFile> {
    let endings = [".yml", ".yaml", ".env", "Dockerfile"];
    endings
        .into_iter()
        .flat_map(|ending| files("deploy", ending))
}

#[test]
fn every_variable_is_a_setting() {
    let settings = Loader::dev().settings().expect("the defaults");
    let known: BTreeSet<String> = settings
        .iter()
        .map(|setting| format!("TROUPE__{}", setting.name.replace('.', "__").to_uppercase()))
        .collect();
    let mut found = 0;
    for file in deployed() {
        let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        for name in words(&file.text, "TROUPE__", is_name).filter(|name| *name != "TROUPE__") {
            found += 1;
            assert!(
                known.contains(name),
                "{} sets {name}, which is no setting",
                file.path
            );
        }
    }
    assert!(found > 8, "only {found}");
}

#[test]
fn every_group_is_deployed_on_the_ports_of_the_requirement() {
    let config = Loader::dev().load().expect("the defaults");
    let ports = config.grpc.ports;
    let served = [ports.auth, ports.user, ports.chat, ports.message];
    let stated: Vec<u16> = ["auth", "user", "chat", "message"]
        .iter()
        .filter_map(|name| GROUPS.iter().find(|(group, ..)| group == name)?.2)
        .collect();
    assert_eq!(served, *stated, "the defaults are the requirement's");
    let base = files("deploy/kubernetes/base", ".yaml");
    for (group, http, grpc) in GROUPS {
        let path = format!("deploy/kubernetes/base/{group}.yaml");
        let file = base.iter().find(|file| file.path == path);
        let text = &file.unwrap_or_else(|| panic!("{path} is missing")).text;
        let container: BTreeSet<u16> = numbers(text, "containerPort: ");
        let service: BTreeSet<u16> = numbers(text, "      port: ");
        let expected: BTreeSet<u16> = [Some(http), grpc].into_iter().flatten().collect();
        assert_eq!((&container, &service), (&expected, &expected), "{path}");
        assert!(text.contains(&format!("--groups, {group}]")), "{path}");
        assert!(
            text.contains(&format!("prometheus.io/port: \"{http}\"")),
            "{path}"
        );
    }
}

fn numbers(text: &str, before: &str) -> BTreeSet<u16> {
    let lines = text.lines().filter_map(|line| line.split_once(before));
    lines
        .filter_map(|(_, number)| number.trim().parse().ok())
        .collect()
}

#[test]
fn every_metric_that_is_watched_is_there() {
    let sources = files("src", ".rs");
    let counted = |name: &str| {
        sources
            .iter()
            .any(|file| file.text.contains(&format!("\"{name}\"")))
    };
    let watched = ["yml", "json"]
        .into_iter()
        .flat_map(|ending| files("deploy/observability", ending));
    let mut found = BTreeSet::new();
    for file in watched {
        for start in ["troupe_", "http_", "grpc_"] {
            for name in words(&file.text, start, |c| c.is_ascii_lowercase() || c == '_') {
                let name = name.trim_end_matches("_bucket");
                assert!(
                    counted(name),
                    "{} watches {name}, which nothing counts",
                    file.path
                );
                found.insert(name.to_owned());
            }
        }
    }
    assert!(found.len() > 20, "{found:?}");
}

#[test]
fn the_files_of_the_image_pass_through_the_ignore_file() {
    let ignored = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/.dockerignore"));
    let ignored = ignored.expect("there");
    for needed in [
        "Cargo.toml",
        "Cargo.lock",
        "build.rs",
        "src",
        "proto",
        "migrations",
    ] {
        assert!(
            !ignored.lines().any(|line| line == needed),
            "{needed} is built from"
        );
    }
}
