//! `troupe dev` as a child process on free ports and its own data directory.

use std::path::PathBuf;
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use serde_json::json;
use tempfile::TempDir;
use tokio::sync::OnceCell;
use troupe::actors::group::Group;

use super::options::ServerOptions;
use super::process::Process;
use super::shape::Shape;
use super::{Client, PATIENCE, Person, eventually, installation};

/// What a process says.
pub enum Output {
    /// As it comes.
    Read(Arc<Mutex<String>>),
    Log(PathBuf),
}

impl Output {
    fn text(&self) -> String {
        match self {
            Self::Read(output) => output.lock().clone(),
            Self::Log(file) => std::fs::read_to_string(file).unwrap_or_default(),
        }
    }
}

/// A running server; killed when dropped.
pub struct Server {
    /// `None`: it belongs to the whole run.
    pub(super) process: Option<Process>,
    /// What it runs, if not everything.
    pub(super) group: Option<Group>,
    pub(super) pid: u32,
    pub(super) port: u16,
    pub(super) admin_port: u16,
    pub(super) data: Option<Arc<TempDir>>,
    pub(super) output: Output,
    /// The other nodes of the same installation.
    pub(super) others: Vec<Server>,
}

impl Server {
    /// A server of one's own, with its limits.
    pub async fn start() -> Self {
        ServerOptions::default().start().await
    }

    /// A process that someone else started and ends.
    pub fn attached(
        group: Option<Group>,
        [port, admin_port]: [u16; 2],
        pid: u32,
        log: PathBuf,
    ) -> Self {
        Self {
            process: None,
            group,
            pid,
            port,
            admin_port,
            data: None,
            output: Output::Log(log),
            others: Vec::new(),
        }
    }

    /// With the other processes of its installation, once all of them are ready.
    pub async fn together(mut self, others: Vec<Self>) -> Self {
        self.others = others;
        assert!(self.until_ready().await);
        for server in &mut self.others {
            assert!(server.until_ready().await);
        }
        self.until_all_know_all().await;
        self
    }

    pub fn options() -> ServerOptions {
        ServerOptions::default()
    }

    /// The server most flows share: without budgets, and full of other people's chats.
    pub async fn shared() -> &'static Self {
        static SHARED: OnceCell<Server> = OnceCell::const_new();
        SHARED
            .get_or_init(|| async { installation::join(Shape::of_flows()).await })
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
        let all = [self].into_iter().chain(&self.others);
        let mut doors = all.filter(|server| server.has_api()).cycle();
        doors.nth(place).expect("an API").api()
    }

    /// The process that runs a group.
    pub fn part(&self, group: Group) -> &Self {
        let mut all = [self].into_iter().chain(&self.others);
        let runs = |server: &&Self| server.group.is_none_or(|own| own == group);
        all.find(runs).expect("every group runs somewhere")
    }

    fn has_api(&self) -> bool {
        self.group.is_none_or(|group| group == Group::Gateway)
    }

    /// Waits until every node counts every other.
    pub(super) async fn until_all_know_all(&self) {
        let count = self.others.len() + 1;
        let all = [self].into_iter().chain(&self.others);
        for node in all.filter(|_| count > 1) {
            eventually("nodes know each other", async || {
                node.counted("troupe_nodes ").await >= count as f64
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

    /// A number of `/metrics` by its name or the beginning of it, of all labels together.
    pub async fn counted(&self, name: &str) -> f64 {
        let metrics = self.root().get("/metrics").await.text;
        let values = metrics.lines().filter(|line| line.starts_with(name));
        let values = values.filter_map(|line| line.rsplit(' ').next());
        values.filter_map(|value| value.parse::<f64>().ok()).sum()
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
        self.pid
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

    /// Everything it has printed so far, and the other processes of its installation.
    pub fn output(&self) -> String {
        let others = self.others.iter().map(Self::output);
        [self.output.text()].into_iter().chain(others).collect()
    }

    pub fn data_path(&self) -> PathBuf {
        self.data().path().to_owned()
    }

    /// SIGKILL; what it leaves behind is its data directory.
    pub fn kill(mut self) -> Arc<TempDir> {
        let child = &mut self.process.as_mut().expect("a server of one's own").child;
        child.kill().expect("killed");
        child.wait().expect("waited");
        self.data()
    }

    /// Sends SIGTERM and returns at once.
    pub fn terminate(&self) {
        let sent = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &self.pid().to_string()])
            .status()
            .expect("kill runs");
        assert!(sent.success());
    }

    /// How it ended, within a time.
    pub async fn exit(&mut self, within: Duration) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.ended() {
                return status;
            }
            assert!(started.elapsed() < within, "still running after {within:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        let process = self.process.as_mut()?;
        process.child.try_wait().expect("waited")
    }

    /// The data directory, to be given to the next server.
    pub fn data(&self) -> Arc<TempDir> {
        self.data.clone().expect("a server of one's own")
    }

    /// `false`: it ended, as when its port was taken.
    pub(super) async fn until_ready(&mut self) -> bool {
        self.until_fine("/health/ready").await
    }

    /// The same for another state; one of several is ready only once all are there.
    pub(super) async fn until_fine(&mut self, path: &str) -> bool {
        let started = Instant::now();
        let url = format!("{}{path}", self.origin());
        let http = reqwest::Client::builder()
            .no_proxy()
            .timeout(Duration::from_secs(2))
            .build()
            .expect("an http client");
        loop {
            if let Some(status) = self.ended() {
                let said = self.output();
                assert!(
                    said.to_lowercase().contains("in use"),
                    "the server ended with {status}:\n{said}"
                );
                return false;
            }
            if let Ok(answer) = http.get(&url).send().await
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
    }
}
