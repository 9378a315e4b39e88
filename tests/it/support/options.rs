//! How a server is to be started, and its start.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;
use troupe::actors::group::Group;

use super::process::{Process, collect, free_ports, new_data, reaper};
use super::server::{Output, Server};
use super::shape::{self, Shape};

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

    /// It dies at a failpoint, `place` or `place:n`.
    #[must_use]
    pub fn abort_at(mut self, place: &str) -> Self {
        self.settings
            .push(("TROUPE_ABORT_AT".to_owned(), place.to_owned()));
        self
    }

    /// A handler panics at a failpoint, `place` or every `place:n`.
    #[must_use]
    pub fn panic_at(mut self, place: &str) -> Self {
        self.settings
            .push(("TROUPE_PANIC_AT".to_owned(), place.to_owned()));
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
    pub fn embedded(self) -> Self {
        self.shape(Shape::Embedded)
    }

    /// In this set-up, whatever the flows run in.
    #[must_use]
    pub fn shape(mut self, shape: Shape) -> Self {
        self.shape = Some(shape);
        self
    }

    /// Starts it and waits until it is ready; another port is tried when one was taken meanwhile.
    pub async fn start(self) -> Server {
        let data = self.data.clone().unwrap_or_else(new_data);
        let shape = self.shape.unwrap_or_else(Shape::of_flows);
        let shared = shape.settings(data.path()).await;
        let groups = shape.processes();
        let mut all: Vec<Server> = groups
            .iter()
            .map(|group| self.spawn(&data, &shared, *group))
            .collect();
        for state in ["/health/live", "/health/ready"] {
            for (server, group) in all.iter_mut().zip(&groups) {
                let mut tries = 0;
                while !server.until_fine(state).await {
                    tries += 1;
                    assert!(tries < 5, "the server did not start");
                    *server = self.spawn(&data, &shared, *group);
                }
            }
        }
        let mut server = all.remove(0);
        server.others = all;
        server.until_all_know_all().await;
        server
    }

    /// Starts one process on servers that may be away, and waits no longer than until it lives.
    pub async fn begin(self) -> Server {
        let data = self.data.clone().unwrap_or_else(new_data);
        let mut server = self.spawn(&data, &[], None);
        for _ in 0..5 {
            if server.until_fine("/health/live").await {
                return server;
            }
            server = self.spawn(&data, &[], None);
        }
        panic!("the server did not start");
    }

    fn spawn(
        &self,
        data: &Arc<TempDir>,
        shared: &[(String, String)],
        group: Option<Group>,
    ) -> Server {
        let [port, admin_port] = free_ports();
        let mut command = self.command(port, admin_port, data.path());
        command.envs(shared.iter().map(|(name, value)| (name, value)));
        if let Some(group) = group {
            command.envs(shape::of_group(group, port));
        }
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
            pid: child.id(),
            process: Some(Process {
                reaper: reaper(child.id(), data.path()),
                child,
            }),
            group,
            port,
            admin_port,
            data: Some(data.clone()),
            output: Output::Read(output),
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
        let [port, admin_port] = free_ports();
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
