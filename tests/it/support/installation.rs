//! The processes that most flows share, for all tests of a run: each test is a process, and would start
//! them again. The first that needs them starts them, and `deploy/dev/servers.sh stop` ends them with the
//! servers they are on.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use super::process::free_ports;
use super::{Server, Shape, servers, shape};

/// What the tests of a run tell each other.
#[derive(Serialize, Deserialize, PartialEq)]
struct Places {
    /// The program they were started from; another takes their place.
    program: String,
    /// Port and admin port of each.
    ports: Vec<[u16; 2]>,
}

const PROGRAM: &str = env!("CARGO_BIN_EXE_troupe");

pub async fn join(shape: Shape) -> Server {
    let Some(folder) = servers::folder() else {
        return Server::options().unlimited().start().await;
    };
    let lock = lock(folder.join(format!("{shape:?}.lock"))).await;
    let program = program();
    let known_file = folder.join(format!("{shape:?}.json"));
    let told = fs::read(&known_file).unwrap_or_default();
    let known = serde_json::from_slice(&told).ok();
    let ports = match known.filter(|places: &Places| places.program == program) {
        Some(places) => places.ports,
        None => start(&folder, shape).await,
    };
    let processes = shape.processes().into_iter().zip(&ports);
    let places = processes.map(|(group, ports)| (group, *ports)).enumerate();
    let mut servers = places.map(|(place, (group, ports))| {
        let pid = fs::read_to_string(named(&folder, shape, place, "pid")).expect("a process");
        let log = named(&folder, shape, place, "log");
        Server::attached(group, ports, pid.parse().expect("its id"), log)
    });
    let first = servers.next().expect("a process");
    let first = first.together(servers.collect()).await;
    // What does not work is started anew by the next.
    let told = serde_json::to_vec(&Places { program, ports }).expect("JSON");
    fs::write(known_file, told).expect("written");
    drop(lock);
    first
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

fn named(folder: &Path, shape: Shape, place: usize, ending: &str) -> PathBuf {
    folder.join(format!("{shape:?}-{place}.{ending}"))
}

#[expect(clippy::zombie_processes, reason = "they outlive this test")]
async fn start(folder: &Path, shape: Shape) -> Vec<[u16; 2]> {
    let data = tempfile::Builder::new().prefix("data").tempdir_in(folder);
    let data = data.expect("a folder").keep();
    let shared = shape.settings(&data).await;
    let processes = shape.processes().into_iter().enumerate();
    let started = processes.map(|(place, group)| {
        let ports: [u16; 2] = free_ports();
        let log = File::create(named(folder, shape, place, "log")).expect("a log");
        // Away from this process, which ends first.
        let mut command = Command::new("setsid");
        command
            .args([PROGRAM, "dev", "--unlimited"])
            .args(["--port", &ports[0].to_string()])
            .args(["--admin-port", &ports[1].to_string()])
            .arg("--data-dir")
            .arg(&data)
            .envs(shared.clone());
        if let Some(group) = group {
            command.envs(shape::of_group(group, ports[0]));
        }
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("the program starts");
        let its_pid = named(folder, shape, place, "pid");
        if let Ok(old) = fs::read_to_string(&its_pid) {
            // It may be gone.
            let _ = Command::new("kill").arg(old.trim()).status();
        }
        fs::write(its_pid, child.id().to_string()).expect("written");
        ports
    });
    started.collect()
}
