//! Files and their addresses.

use std::path::PathBuf;

use tempfile::TempDir;
use troupe::domain::media::BlobKey;
use troupe::id::MediaId;
use troupe::storage::blobs::{BlobAbout, PIECE_BYTES};

use super::backend::{Backend, Opened};

over_every_backend!(
    a_blob_is_kept_as_it_was,
    a_large_blob_is_kept_in_pieces,
    what_is_not_there_is_none,
    every_part_goes_with_its_medium,
    an_address_is_of_one_blob_and_one_time,
);

const PICTURE: BlobAbout<'_> = BlobAbout {
    mime_type: "image/png",
    disposition: "inline; filename*=UTF-8''a.png",
};

/// A file with these bytes, in a folder that goes with it.
fn file(opened: &Opened, bytes: &[u8]) -> (TempDir, PathBuf) {
    let folder = match &opened.folder {
        Some(near) => tempfile::tempdir_in(near),
        None => tempfile::tempdir(),
    };
    let folder = folder.expect("a folder");
    let path = folder.path().join("file");
    std::fs::write(&path, bytes).expect("written");
    (folder, path)
}

impl Opened {
    async fn keep(&self, key: BlobKey, bytes: &[u8]) {
        self.blobs.prepare().await.expect("prepared");
        let (_folder, path) = file(self, bytes);
        self.blobs.insert(key, &path, PICTURE).await.expect("kept");
    }
}

async fn a_blob_is_kept_as_it_was(backend: &dyn Backend) {
    let stores = backend.open();
    let key = BlobKey::original(MediaId::new());
    stores.keep(key, b"0123456789").await;
    let again = backend.open().blobs;
    assert_eq!(again.find(key).await.unwrap(), Some(10));
    assert_eq!(again.read(key, 0..10).await.unwrap(), "0123456789");
    assert_eq!(again.read(key, 3..5).await.unwrap(), "34");
    assert_eq!(again.read(key, 4..4).await.unwrap(), "");
}

async fn a_large_blob_is_kept_in_pieces(backend: &dyn Backend) {
    let stores = backend.open();
    // More than one part of an upload to S3.
    let bytes: Vec<u8> = (0..20_000_000_u32)
        .map(|place| (place % 251) as u8)
        .collect();
    let key = BlobKey::original(MediaId::new());
    stores.keep(key, &bytes).await;
    let size = bytes.len() as u64;
    assert_eq!(stores.blobs.find(key).await.unwrap(), Some(size));
    for start in [0, 8 * 1024 * 1024 - 7, 19_999_000] {
        let end = (start + PIECE_BYTES).min(size);
        let piece = stores.blobs.read(key, start..end).await.unwrap();
        assert!(piece == bytes[start as usize..end as usize], "at {start}");
    }
    let most = stores.blobs.read(key, 0..size).await.unwrap();
    assert_eq!(
        most.len() as u64,
        PIECE_BYTES,
        "no more than a piece at once"
    );
}

async fn what_is_not_there_is_none(backend: &dyn Backend) {
    let stores = backend.open();
    stores.blobs.prepare().await.unwrap();
    stores.blobs.prepare().await.unwrap();
    let id = MediaId::new();
    assert_eq!(
        stores.blobs.find(BlobKey::original(id)).await.unwrap(),
        None
    );
    stores.blobs.remove(id).await.expect("nothing to remove");
}

async fn every_part_goes_with_its_medium(backend: &dyn Backend) {
    let stores = backend.open();
    let (id, other) = (MediaId::new(), MediaId::new());
    for key in [
        BlobKey::original(id),
        BlobKey::thumbnail(id),
        BlobKey::original(other),
    ] {
        stores.keep(key, b"x").await;
    }
    stores.blobs.remove(id).await.unwrap();
    stores.blobs.remove(id).await.unwrap();
    let blobs = &stores.blobs;
    assert_eq!(blobs.find(BlobKey::original(id)).await.unwrap(), None);
    assert_eq!(blobs.find(BlobKey::thumbnail(id)).await.unwrap(), None);
    assert_eq!(blobs.find(BlobKey::original(other)).await.unwrap(), Some(1));
}

async fn an_address_is_of_one_blob_and_one_time(backend: &dyn Backend) {
    let stores = backend.open();
    let (one, other) = (MediaId::new(), MediaId::new());
    let now = super::stage::START;
    let address = |key| stores.blobs.address(key, now);
    let first = address(BlobKey::original(one));
    assert_eq!(
        first,
        backend.open().blobs.address(BlobKey::original(one), now)
    );
    assert_ne!(first, address(BlobKey::original(other)));
    assert_ne!(first, address(BlobKey::thumbnail(one)));
    let later = now + std::time::Duration::from_secs(1);
    assert_ne!(first, stores.blobs.address(BlobKey::original(one), later));
    assert!(first.contains(&format!("{one}/original")), "{first}");
}
