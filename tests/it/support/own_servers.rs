//! A set of real servers that one test may kill, apart from those that all share.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use super::process::free_ports;

/// Started by `deploy/dev/servers.sh`, ended when dropped.
pub struct OwnServers {
    /// Ends them when this process is gone, however it went.
    reaper: Child,
    folder: PathBuf,
    settings: Vec<(String, String)>,
}

const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/deploy/dev/servers.sh");

/// As many as the script starts servers.
type Ports = [u16; 5];

fn script(arguments: &[&str], ports: Option<Ports>) -> String {
    let ports = ports.map(|ports| {
        (
            "TROUPE_SERVERS_PORTS",
            ports.map(|port| port.to_string()).join(" "),
        )
    });
    let output = Command::new(SCRIPT).args(arguments).envs(ports).output();
    let output = output.expect("the script runs");
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).expect("text")
}

fn shell(command: &str, argument: &str) {
    let ran = Command::new("sh").args(["-c", command, argument]).status();
    assert!(ran.expect("a shell").success(), "{command} {argument}");
}

fn reaper(folder: &str) -> Child {
    let end = "read -r _; kill -CONT $(cat \"$1\"/*.pid); exec \"$0\" stop \"$1\"";
    Command::new("sh")
        .args(["-c", end, SCRIPT, folder])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell")
}

impl OwnServers {
    pub async fn start() -> Self {
        let ports: Ports = free_ports();
        let said = tokio::task::spawn_blocking(move || script(&["start"], Some(ports))).await;
        let said = said.expect("joined");
        let settings = said.lines().filter_map(|line| {
            let (name, value) = line.strip_prefix("export ")?.split_once('=')?;
            Some((name.to_owned(), value.trim_matches('\'').to_owned()))
        });
        let mut settings: Vec<(String, String)> = settings.collect();
        let place = settings
            .iter()
            .position(|(name, _)| name == "TROUPE_SERVERS");
        let (_, folder) = settings.remove(place.expect("a folder"));
        Self {
            reaper: reaper(&folder),
            folder: folder.into(),
            settings,
        }
    }

    /// The addresses, as nodes take them from their environment.
    pub fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    /// The address of `POSTGRES`, `MONGODB`, `REDIS` or `NATS`.
    pub fn address(&self, server: &str) -> String {
        let name = format!("TROUPE__{server}__URL");
        let found = self.settings.iter().find(|(setting, _)| *setting == name);
        found.expect("an address").1.clone()
    }

    fn pid(&self, server: &str) -> String {
        let file = self.folder.join(format!("{server}.pid"));
        let pid = std::fs::read_to_string(file).expect("a process id");
        pid.trim().to_owned()
    }

    /// SIGKILL for `postgres`, `mongodb`, `redis` or `nats`, and waits until it is gone.
    pub fn kill(&self, server: &str) {
        let gone = "kill -9 $0; while kill -0 $0 2>/dev/null; do sleep 0.05; done";
        shell(gone, &self.pid(server));
    }

    /// It neither answers nor ends its connections, until it goes on.
    pub fn freeze(&self, server: &str) {
        shell("kill -STOP $0", &self.pid(server));
    }

    pub fn thaw(&self, server: &str) {
        shell("kill -CONT $0", &self.pid(server));
    }

    /// Where a server keeps what it has.
    pub fn store(&self, server: &str) -> PathBuf {
        self.folder.join(server)
    }

    /// Removes everything that a killed server kept.
    pub fn wipe(&self, server: &str) {
        let store = self.store(server);
        std::fs::remove_dir_all(&store).expect("removed");
        std::fs::create_dir(&store).expect("an empty folder");
    }

    pub fn is_running(&self, server: &str) -> bool {
        let place = format!("/proc/{}/stat", self.pid(server));
        // One that ended and that nobody waited for is there in name only.
        std::fs::read_to_string(place).is_ok_and(|stat| !stat.contains(") Z "))
    }

    /// Moves a server to a small disk of its own and starts it again there. As root alone.
    pub async fn on_small_disk(&self, server: &'static str, megabytes: usize) -> SmallDisk {
        self.kill(server);
        let store = self.store(server);
        let moved = format!(
            "mv $0 $0.before && mkdir $0 && \
             mount -t tmpfs -o size={megabytes}M tmpfs $0 && cp -r $0.before/. $0 && rm -r $0.before"
        );
        shell(&moved, &store.to_string_lossy());
        self.again(server).await;
        SmallDisk(store)
    }

    /// Starts it again, on its port and with what it kept.
    pub async fn again(&self, server: &'static str) {
        let folder = self.folder.to_string_lossy().into_owned();
        let started =
            tokio::task::spawn_blocking(move || script(&["again", &folder, server], None));
        started.await.expect("joined");
    }
}

/// A disk that can be filled.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }

    /// Not a byte is left.
    pub fn fill(&self) {
        let filled = "head -c 1T /dev/zero >$0 2>/dev/null; true";
        shell(filled, &self.filler().to_string_lossy());
    }

    pub fn free(&self) {
        std::fs::remove_file(self.filler()).expect("removed");
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What still uses it keeps it until it ends.
        shell("umount -l $0", &self.0.to_string_lossy());
    }
}

impl Drop for OwnServers {
    fn drop(&mut self) {
        // Its end of the pipe closes; it does what is to be done.
        drop(self.reaper.stdin.take());
        let _ = self.reaper.wait();
    }
}
