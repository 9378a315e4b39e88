//! Eight processes, one per group, for all tests of a run: eight for each test would take minutes to
//! start. The first test that needs them starts them, and `deploy/dev/servers.sh stop` ends them with the
//! servers they are on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use troupe::actors::group::Group;

use super::process::free_ports;
use super::{Server, servers, shape};

/// What the tests of a run tell each other.
#[derive(Serialize, Deserialize, PartialEq)]
struct Places {
    /// The program they were started from; another takes their place.
    program: String,
    /// Port and admin port by group.
    ports: Vec<(u16, u16)>,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_troupe");

pub async fn join() -> Server {
    let Some(folder) = servers::folder() else {
        return Server::options().unlimited().start().await;
    };
    let lock = lock(folder.join("groups.lock")).await;
    let program = program();
    let told = fs::read(folder.join("groups.json")).unwrap_or_default();
    let known = serde_json::from_slice(&told).ok();
    let ports = match known.filter(|places: &Places| places.program == program) {
        Some(places) => places.ports,
        None => {
            let ports = start(&folder).await;
            let places = Places { program, ports };
            let told = serde_json::to_vec(&places).expect("JSON");
            fs::write(folder.join("groups.json"), told).expect("written");
            places.ports
        }
    };
    let servers = Group::ALL.into_iter().zip(ports);
    let mut servers = servers.map(|(group, ports)| {
        let pid = fs::read_to_string(named(&folder, group, "pid")).expect("a process");
        let log = named(&folder, group, "log");
        Server::attached(group, ports, pid.parse().expect("its id"), log)
    });
    let gateway = servers.next().expect("a gateway");
    let gateway = gateway.together(servers.collect()).await;
    drop(lock);
    gateway
}

/// Held until it is dropped, by one test at a time.
async fn lock(path: PathBuf) -> File {
    let locked = tokio::task::spawn_blocking(move || {
        let file = File::create(path).expect("a file");
        file.lock().expect("locked");
        file
    });
    locked.await.expect("joined")
}

fn program() -> String {
    let built = fs::metadata(PROGRAM).and_then(|file| file.modified());
    format!("{PROGRAM} {:?}", built.expect("the program"))
}

fn named(folder: &Path, group: Group, ending: &str) -> PathBuf {
    folder.join(format!("group-{}.{ending}", group.name()))
}

#[expect(clippy::zombie_processes, reason = "they outlive this test")]
async fn start(folder: &Path) -> Vec<(u16, u16)> {
    let data = folder.join("groups");
    fs::create_dir_all(&data).expect("a folder");
    let shared = shape::settings(&data).await;
    let started = Group::ALL.into_iter().map(|group| {
        let ports = free_ports();
        let log = File::create(named(folder, group, "log")).expect("a log");
        // Away from this process, which ends first.
        let child = Command::new("setsid")
            .args([PROGRAM, "dev", "--unlimited"])
            .args(["--admin-port", &ports.1.to_string()])
            .envs(shared.clone())
            .envs(shape::of_group(group, ports.0))
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let place = named(folder, group, "pid");
        if let Ok(old) = fs::read_to_string(&place) {
            // It may be gone.
            let _ = Command::new("kill").arg(old.trim()).status();
        }
        fs::write(place, child.id().to_string()).expect("written");
        ports
    });
    started.collect()
}
