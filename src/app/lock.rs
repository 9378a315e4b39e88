//! One process at a time on a data directory.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::StartError;

/// The lock; it goes with the process, however that ends.
#[derive(Debug)]
pub struct DataLock {
    _file: File,
}

/// Makes the directory if need be and locks it.
pub fn take(data_dir: &Path) -> Result<DataLock, StartError> {
    let refused = |what: String| StartError::Setting {
        setting: "storage.data_dir",
        what,
        cure: "name a directory that can be written to, with --data-dir".into(),
    };
    let shown = data_dir.display();
    std::fs::create_dir_all(data_dir)
        .map_err(|error| refused(format!("{shown} cannot be made ({error})")))?;
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(data_dir.join("lock"))
        .map_err(|error| refused(format!("{shown} cannot be used ({error})")))?;
    match file.try_lock() {
        Ok(()) => Ok(DataLock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(StartError::Setting {
            setting: "storage.data_dir",
            what: format!("{shown} is used by another troupe"),
            cure: "stop that one, or name another directory with --data-dir".into(),
        }),
        Err(TryLockError::Error(error)) => {
            Err(refused(format!("{shown} cannot be locked ({error})")))
        }
    }
}
