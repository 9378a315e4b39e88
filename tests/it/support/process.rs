//! What a child process needs: free ports, a data directory, someone to read what it says, and
//! someone to end it.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use parking_lot::Mutex;
use tempfile::TempDir;
use tokio::net::TcpListener;

/// A process and what ends it should this one be gone; killed when dropped.
pub struct Process {
    pub child: Child,
    pub reaper: Child,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = self.reaper.kill();
        let _ = self.reaper.wait();
    }
}

/// Kills the server and removes its data when this process is gone, since a static is never
/// dropped: the end of the pipe closes with the process, however that ends.
pub fn reaper(pid: u32, data: &Path) -> Child {
    Command::new("sh")
        .args([
            "-c",
            "read -r _; kill -9 \"$0\"; rm -rf \"$1\"",
            &pid.to_string(),
        ])
        .arg(data)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("a shell")
}

pub fn new_data() -> Arc<TempDir> {
    let data = tempfile::Builder::new()
        .prefix("data-")
        .tempdir_in(env!("CARGO_TARGET_TMPDIR"));
    Arc::new(data.expect("a data directory"))
}

/// Where outgoing connections do not take their ports from, by Linux' defaults: what stops listening can
/// listen there again, and nobody who tries meanwhile is connected to himself.
const PORTS: std::ops::Range<u16> = 20_000..32_768;

/// A listener on a free port of [`PORTS`] that no other test is given as long as this one runs.
pub fn listen() -> TcpListener {
    let ports = (0..1_000).map(|_| rand::random_range(PORTS));
    let tries = ports
        .filter(|port| is_ours(*port))
        .map(|port| std::net::TcpListener::bind(("127.0.0.1", port)));
    let listener = tries.flatten().next().expect("a free port");
    listener.set_nonblocking(true).expect("set");
    TcpListener::from_std(listener).expect("a listener")
}

/// Tests are processes: one that still starts what is to listen there holds a lock.
fn is_ours(port: u16) -> bool {
    static OURS: Mutex<Vec<File>> = Mutex::new(Vec::new());
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ports");
    std::fs::create_dir_all(&folder).expect("a folder");
    let file = File::create(folder.join(port.to_string())).expect("a file");
    let is_ours = file.try_lock().is_ok();
    if is_ours {
        OURS.lock().push(file);
    }
    is_ours
}

/// Ports that were free a moment ago, and that no other test is given as long as this one runs.
pub fn free_ports<const COUNT: usize>() -> [u16; COUNT] {
    let listeners = [(); COUNT].map(|()| listen());
    listeners.map(|listener| listener.local_addr().expect("an address").port())
}

pub fn collect(stream: impl Read + Send + 'static, output: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let mut output = output.lock();
            output.push_str(&line);
            output.push('\n');
        }
    });
}
