//! `troupe dev` as a child process on free ports and its own data directory.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;

use super::process::{collect, free_ports, new_data, reaper};
use super::shape::{self, Shape};
use super::{Client, PATIENCE, Person, eventually};

/// How a server is to be started.
#[derive(Clone, Default)]
pub struct ServerOptions {
    unlimited: bool,
    arguments: Vec<String>,
    settings: Vec<(String, String)>,
    data: Option<Arc<TempDir>>,
    shape: Option<Shape>,
}

impl ServerOptions {
    /// Lifts every budget and waiting time.
    #[must_use]
    pub fn unlimited(mut self) -> Self {
        self.unlimited = true;
        self
    }

    /// A further argument of the command.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A setting by its environment name without the prefix, as `HTTP__BODY_SECONDS`.
    #[must_use]
    pub fn setting(mut self, name: &str, value: &str) -> Self {
        self.settings
            .push((format!("TROUPE__{name}"), value.to_owned()));
        self
    }

    /// The data directory of a server that is gone.
    #[must_use]
    pub fn data(mut self, data: Arc<TempDir>) -> Self {
        self.data = Some(data);
        self
    }

    /// One process on storage of its own, whatever set-up the flows run in.
    #[must_use]
    pub fn embedded(mut self) -> Self {
        self.shape = Some(Shape::Embedded);
        self
    }

    /// Starts it and waits until it is ready; another port is tried when one was taken meanwhile.
    pub async fn start(self) -> Server {
        let data = self.data.clone().unwrap_or_else(new_data);
        let shape = self.shape.unwrap_or_else(Shape::of_flows);
        let shared = match shape {
            Shape::Embedded => Vec::new(),
            Shape::Servers | Shape::Nodes => shape::settings(data.path()).await,
        };
        let mut server = self.start_one(&data, &shared).await;
        for _ in 1..shape.processes() {
            server.others.push(self.start_one(&data, &shared).await);
        }
        server.until_all_know_all().await;
        server
    }

    async fn start_one(&self, data: &Arc<TempDir>, shared: &[(String, String)]) -> Server {
        for _ in 0..5 {
            let mut server = self.spawn(data, shared);
            if server.until_ready().await {
                return server;
            }
        }
        panic!("the server did not start");
    }

    fn spawn(&self, data: &Arc<TempDir>, shared: &[(String, String)]) -> Server {
        let (port, admin_port) = free_ports();
        let mut command = self.command(port, admin_port, data.path());
        command.envs(shared.iter().map(|(name, value)| (name, value)));
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program starts");
        let output = Arc::new(Mutex::new(String::new()));
        if let Some(stdout) = child.stdout.take() {
            collect(stdout, output.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            collect(stderr, output.clone());
        }
        Server {
            reaper: reaper(child.id(), data.path()),
            child,
            port,
            admin_port,
            data: data.clone(),
            output,
            others: Vec::new(),
        }
    }

    fn command(&self, port: u16, admin_port: u16, data: &Path) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
        command
            .arg("dev")
            .args(["--port", &port.to_string()])
            .args(["--admin-port", &admin_port.to_string()])
            .arg("--data-dir")
            .arg(data);
        if self.unlimited {
            command.arg("--unlimited");
        }
        command
            .args(&self.arguments)
            .envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs it to its end, for starts that must fail: exit code and everything it said.
    pub async fn run(self, data: &Path) -> (Option<i32>, String) {
        let (port, admin_port) = free_ports();
        let mut command = self.command(port, admin_port, data);
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .expect("joined")
            .expect("the program runs");
        let said = [output.stdout, output.stderr].concat();
        (
            output.status.code(),
            String::from_utf8_lossy(&said).into_owned(),
        )
    }
}

/// A running server; killed when dropped.
pub struct Server {
    child: Child,
    reaper: Child,
    port: u16,
    admin_port: u16,
    data: Arc<TempDir>,
    output: Arc<Mutex<String>>,
    /// The other nodes of the same installation.
    others: Vec<Server>,
}

impl Server {
    /// A server of one's own, with its limits.
    pub async fn start() -> Self {
        ServerOptions::default().start().await
    }

    pub fn options() -> ServerOptions {
        ServerOptions::default()
    }

    /// The server most flows share: without budgets, and full of other people's chats.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async { Self::options().unlimited().start().await })
            .await
    }

    /// A client of the API without a token.
    pub fn api(&self) -> Client {
        Client::new(self.origin(), "/api/v1")
    }

    /// How many processes the installation has.
    pub fn nodes(&self) -> usize {
        self.others.len() + 1
    }

    /// A client of one node after the other.
    fn api_of(&self, place: usize) -> Client {
        match place % (self.others.len() + 1) {
            0 => self.api(),
            other => self.others[other - 1].api(),
        }
    }

    /// Waits until every node counts every other.
    async fn until_all_know_all(&self) {
        let count = self.others.len() + 1;
        let all = [self].into_iter().chain(&self.others);
        for node in all.filter(|_| count > 1) {
            eventually("nodes know each other", async || {
                let metrics = node.root().get("/metrics").await.text;
                let known = metrics
                    .lines()
                    .find_map(|line| line.strip_prefix("troupe_nodes "));
                known.is_some_and(|known| known.parse().is_ok_and(|known: usize| known >= count))
            })
            .await;
        }
    }

    /// A client of what lies outside the API: health, metrics, pages.
    pub fn root(&self) -> Client {
        Client::new(self.origin(), "")
    }

    /// A client of the admin listener.
    pub fn admin(&self) -> Client {
        Client::new(self.admin_origin(), "")
    }

    /// `http://host:port` of the admin listener.
    pub fn admin_origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.admin_port)
    }

    /// `http://host:port` of the public listener.
    pub fn origin(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// New people with valid tokens, each signed in once.
    pub async fn people<const N: usize>(&self) -> [Person; N] {
        let people = self.crowd(N).await;
        people
            .try_into()
            .unwrap_or_else(|_| panic!("asked for {N} people"))
    }

    /// As many new people as asked for.
    pub async fn crowd(&self, count: usize) -> Vec<Person> {
        let made = self
            .admin()
            .post("/admin/test-users", json!({ "count": count }))
            .await;
        assert!(made.status == 200 || made.status == 201, "{made:?}");
        made.body["items"]
            .as_array()
            .expect("items")
            .iter()
            .enumerate()
            .map(|(place, item)| Person::new(self.api_of(place), item))
            .collect()
    }

    pub async fn person(&self) -> Person {
        let [person] = self.people().await;
        person
    }

    /// Everything it has printed so far.
    pub fn output(&self) -> String {
        self.output.lock().clone()
    }

    pub fn data_path(&self) -> PathBuf {
        self.data.path().to_owned()
    }

    /// SIGKILL; what it leaves behind is its data directory.
    pub fn kill(mut self) -> Arc<TempDir> {
        self.child.kill().expect("killed");
        self.child.wait().expect("waited");
        self.data.clone()
    }

    /// Sends SIGTERM and returns at once.
    pub fn terminate(&self) {
        let sent = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &self.child.id().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// How it ended, within a time.
    pub async fn exit(&mut self, within: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                return status;
            }
            assert!(started.elapsed() < within, "still running after {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// The data directory, to be given to the next server.
    pub fn data(&self) -> Arc<TempDir> {
        self.data.clone()
    }

    /// `false`: it ended, as when its port was taken.
    async fn until_ready(&mut self) -> bool {
        let started = Instant::now();
        let ready = format!("{}/health/ready", self.origin());
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .expect("an http client");
        loop {
            if let Some(status) = self.child.try_wait().expect("waited") {
                let said = self.output();
                assert!(
                    said.to_lowercase().contains("in use"),
                    "the server ended with {status}:\n{said}"
                );
                return false;
            }
            if let Ok(answer) = http.get(&ready).send().await
                && answer.status() == 200
            {
                return true;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "not ready:\n{}",
                self.output()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

impl Drop for Server {
    #[expect(
        clippy::print_stderr,
        reason = "a failed test shows what its server said"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            let output = self.output();
            let lines: Vec<&str> = output.lines().collect();
            let tail = &lines[lines.len().saturating_sub(60)..];
            eprintln!("--- the server's last words\n{}\n---", tail.join("\n"));
        }
        // Both may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.reaper.kill();
        let _ = self.reaper.wait();
    }
}
