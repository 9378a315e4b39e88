//! A program as a child that cannot do harm for long: no input, no environment, bounded time and words,
//! gone with whoever waits for it.

use std::io;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use tokio::time::timeout;

/// Where programs are; of the environment nothing else is handed on.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What became of a child.
#[derive(Debug)]
pub enum Outcome {
    Said(Vec<u8>),
    /// It failed, or said more than it may.
    Failed,
    Late,
    /// There is no such program.
    Missing,
}

/// Runs a program and gives what it says, of at most `most` bytes.
pub async fn run(program: &Path, arguments: &[String], most: usize, patience: Duration) -> Outcome {
    match timeout(patience, said(program, arguments, most)).await {
        Ok(Ok(Some(said))) => Outcome::Said(said),
        Ok(Ok(None)) => Outcome::Failed,
        Ok(Err(error)) if error.kind() == io::ErrorKind::NotFound => Outcome::Missing,
        Ok(Err(error)) => {
            tracing::warn!(program = %program.display(), cause = %error, "a program could not be run");
            Outcome::Failed
        }
        Err(_) => Outcome::Late,
    }
}

async fn said(program: &Path, arguments: &[String], most: usize) -> io::Result<Option<Vec<u8>>> {
    let mut child = Command::new(program)
        .args(arguments)
        .env_clear()
        .env("PATH", PATH)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    let mut said = Vec::new();
    if let Some(stdout) = child.stdout.take() {
        let bound = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        stdout.take(bound).read_to_end(&mut said).await?;
    }
    if said.len() > most {
        return Ok(None);
    }
    let status = child.wait().await?;
    Ok(status.success().then_some(said))
}
