//! Dependencies point one way: main → app → http → requests → domain.

use super::source::{SourceFile, files};

const GROUPS: &[&str] = &[
    "auth",
    "user",
    "chat",
    "message",
    "notification",
    "websocket",
];

/// What a room must not know; longest room first where one lies in another.
const FORBIDDEN: &[(&str, &[&str])] = &[
    (
        "src/domain/",
        &[
            "actors",
            "app",
            "cli",
            "config",
            "http",
            "storage",
            "telemetry",
        ],
    ),
    (
        "src/wire/",
        &[
            "actors",
            "app",
            "cli",
            "config",
            "http",
            "storage",
            "telemetry",
        ],
    ),
    (
        "src/storage/",
        &["actors", "app", "cli", "config", "http", "telemetry"],
    ),
    ("src/actors/", &["app", "cli", "grpc", "http", "telemetry"]),
    ("src/config/", &["app", "cli", "grpc", "http", "telemetry"]),
    ("src/http/", &["app", "cli", "grpc"]),
    (
        "src/grpc/",
        &["app", "cli", "config", "http", "storage", "telemetry"],
    ),
    (
        "src/telemetry/",
        &["actors", "app", "cli", "http", "storage"],
    ),
    ("src/cli/", &["actors", "storage"]),
];

/// What of the actors the handlers may name beside each group's `requests`: the seam itself, the
/// groups' names, and the socket, which is a response body as well as an actor.
const OPEN_TO_HTTP: &[&str] = &[
    "request",
    "fanout",
    "placement",
    "group",
    "guardian",
    "websocket",
];

/// Imports across groups that are no requests, each with its reason.
const ACROSS: &[(&str, &str)] = &[
    // Keyed hashes of looked-up numbers use the installation's secret, which auth keeps.
    ("src/actors/user/", "auth::keyring"),
];

/// Everything of this crate that a file's code names with its full path.
fn named(file: &SourceFile) -> Vec<String> {
    file.code()
        .split("crate::")
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|c| c.is_alphanumeric() || matches!(c, '_' | ':'))
                .collect::<String>()
        })
        .collect()
}

fn is_within(name: &str, module: &str) -> bool {
    name == module
        || name
            .strip_prefix(module)
            .is_some_and(|rest| rest.starts_with("::"))
}

#[test]
fn rooms_know_only_what_lies_below_them() {
    let mut wrong = Vec::new();
    for file in files("src", ".rs") {
        for (_, forbidden) in FORBIDDEN
            .iter()
            .filter(|(room, _)| file.path.starts_with(room))
        {
            for name in named(&file) {
                if forbidden.iter().any(|module| is_within(&name, module)) {
                    wrong.push(format!("{} names {name}", file.path));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn groups_meet_through_requests_alone() {
    let mut wrong = Vec::new();
    for file in files("src/actors", ".rs") {
        let own = file.path.split('/').nth(2).unwrap_or_default().to_owned();
        for name in named(&file) {
            let mut parts = name.split("::");
            let (Some("actors"), Some(group), part) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            let foreign = GROUPS.contains(&group) && group != own && GROUPS.contains(&own.as_str());
            let part = part.unwrap_or_default();
            let excused = ACROSS.iter().any(|(folder, import)| {
                file.path.starts_with(folder) && *import == format!("{group}::{part}")
            });
            if foreign && part != "requests" && !excused {
                wrong.push(format!("{} names {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn handlers_reach_actors_through_requests_alone() {
    let mut wrong = Vec::new();
    let adapters = files("src/grpc", ".rs");
    for file in files("src/http", ".rs").into_iter().chain(adapters) {
        for name in named(&file) {
            let mut parts = name.split("::");
            let (Some("actors"), Some(module), part) = (parts.next(), parts.next(), parts.next())
            else {
                continue;
            };
            if !OPEN_TO_HTTP.contains(&module) && part != Some("requests") {
                wrong.push(format!("{} names {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn only_the_composition_root_and_its_own_room_name_a_backend() {
    let mut wrong = Vec::new();
    for backend in ["embedded", "distributed"] {
        let room = format!("src/storage/{backend}/");
        for file in files("src", ".rs") {
            let may = file.path.starts_with("src/app/") || file.path.starts_with(&room);
            let names = named(&file);
            let mut naming = names
                .iter()
                .filter(|name| is_within(name, &format!("storage::{backend}")));
            if let Some(name) = naming.next().filter(|_| !may) {
                wrong.push(format!("{} names {name}", file.path));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
