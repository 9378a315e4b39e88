//! The source as text.

use std::fs;
use std::path::{Path, PathBuf};

/// One file: its path from the crate's root, and its text.
pub struct SourceFile {
    pub path: String,
    pub text: String,
}

impl SourceFile {
    /// The lines before its tests.
    pub fn code(&self) -> &str {
        let end = self.text.find("#[cfg(test)]").unwrap_or(self.text.len());
        &self.text[..end]
    }
}

/// Every file below a folder of the crate that ends so.
pub fn files(folder: &str, ending: &str) -> Vec<SourceFile> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for path in entries(&folder) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                let name = path.strip_prefix(root).expect("below the root");
                found.push(SourceFile {
                    path: name.to_string_lossy().into_owned(),
                    text: fs::read_to_string(&path).expect("readable"),
                });
            }
        }
    }
    assert!(!found.is_empty(), "nothing in {folder}");
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    entries.map(|entry| entry.expect("an entry").path())
}
