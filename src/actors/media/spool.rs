//! Where an upload is put together before anyone looks at it: a file of its own, gone with its upload.

use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::clock::{Clock, Timestamp};
use crate::domain::media::sniff::HEAD_BYTES;
use crate::id::MediaId;

/// Bytes gathered before they are written.
const GATHERED: usize = 256 * 1024;

/// The folder of uploads under way.
#[derive(Clone, Debug)]
pub struct Spool {
    folder: PathBuf,
}

impl Spool {
    /// Removes what uploads older than `age` left when their process died.
    pub fn open(folder: PathBuf, age: Duration, clock: Clock) -> io::Result<Self> {
        fs::create_dir_all(&folder)?;
        let before = clock.now().minus(age);
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if is_older(&path, before) {
                let _ = fs::remove_file(path);
            }
        }
        Ok(Self { folder })
    }

    pub fn file(&self, id: MediaId, what: &str) -> SpoolFile {
        SpoolFile(self.folder.join(format!("{id}.{what}")))
    }
}

/// By the time in its id; what is no upload is left alone.
fn is_older(path: &Path, before: Timestamp) -> bool {
    let name = path.file_stem().and_then(|name| name.to_str());
    let id: Option<MediaId> = name.and_then(|name| name.parse().ok());
    let made = id.and_then(|id| id.0.get_timestamp());
    made.is_some_and(|made| {
        let (seconds, _) = made.to_unix();
        i64::try_from(seconds).is_ok_and(|seconds| Timestamp(seconds * 1000) < before)
    })
}

/// A path that is free again once this is dropped.
#[derive(Debug)]
pub struct SpoolFile(PathBuf);

impl SpoolFile {
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for SpoolFile {
    fn drop(&mut self) {
        // Moved away, or never written.
        let _ = fs::remove_file(&self.0);
    }
}

/// Writes a file piece by piece, off the arbiter's thread, and keeps its first bytes.
pub struct Writing {
    file: Option<fs::File>,
    gathered: Vec<u8>,
    pub head: Vec<u8>,
    pub written: u64,
}

impl Writing {
    pub async fn start(to: &SpoolFile) -> io::Result<Self> {
        let path = to.path().to_owned();
        let file = off_thread(move || fs::File::create_new(path)).await?;
        Ok(Self {
            file: Some(file),
            gathered: Vec::new(),
            head: Vec::new(),
            written: 0,
        })
    }

    pub async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let wanted = HEAD_BYTES - self.head.len();
        self.head
            .extend_from_slice(&bytes[..bytes.len().min(wanted)]);
        self.written += bytes.len() as u64;
        self.gathered.extend_from_slice(bytes);
        if self.gathered.len() >= GATHERED {
            self.flush().await?;
        }
        Ok(())
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        let Some(mut file) = self.file.take() else {
            return Err(io::Error::other("the file is closed"));
        };
        let mut gathered = std::mem::take(&mut self.gathered);
        let (file, gathered) = off_thread(move || {
            file.write_all(&gathered)?;
            gathered.clear();
            Ok((file, gathered))
        })
        .await?;
        (self.file, self.gathered) = (Some(file), gathered);
        Ok(())
    }
}

pub async fn off_thread<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let result = tokio::task::spawn_blocking(work).await;
    result.unwrap_or_else(|stopped| Err(io::Error::other(stopped)))
}
