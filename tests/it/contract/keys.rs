//! The installation's keys.

use secrecy::{ExposeSecret, SecretSlice};
use troupe::storage::keys::{InstallationKeys, SigningKey};

use super::backend::Backend;
use super::stage::{START, at};

over_every_backend!(keys_are_kept_as_they_were, keys_replace_keys);

fn keys(secret: u8, kids: &[&str]) -> InstallationKeys {
    InstallationKeys {
        signing: kids
            .iter()
            .map(|kid| SigningKey {
                kid: (*kid).to_owned(),
                pkcs8: SecretSlice::from(vec![secret; 138]),
                created_at: START,
                retired_at: (*kid == "old").then_some(at(5)),
            })
            .collect(),
        secret: SecretSlice::from(vec![secret; 32]),
    }
}

async fn keys_are_kept_as_they_were(backend: &dyn Backend) {
    let stores = backend.open();
    assert!(stores.keys.find().await.unwrap().is_none());
    stores.keys.update(keys(7, &["old", "new"])).await.unwrap();
    let stores = backend.open();
    let found = stores.keys.find().await.unwrap().expect("keys");
    assert_eq!(found.secret.expose_secret(), [7; 32]);
    let kids: Vec<&str> = found.signing.iter().map(|key| key.kid.as_str()).collect();
    assert_eq!(kids, ["old", "new"], "the one that signs last");
    assert_eq!(found.signing[0].pkcs8.expose_secret(), [7; 138]);
    assert_eq!(found.signing[0].created_at, START);
    assert_eq!(found.signing[0].retired_at, Some(at(5)));
    assert_eq!(found.signing[1].retired_at, None);
}

async fn keys_replace_keys(backend: &dyn Backend) {
    let stores = backend.open();
    stores.keys.update(keys(1, &["old", "a"])).await.unwrap();
    stores.keys.update(keys(2, &["b"])).await.unwrap();
    let found = stores.keys.find().await.unwrap().expect("keys");
    assert_eq!(found.secret.expose_secret(), [2; 32]);
    assert_eq!(found.signing.len(), 1);
}

/// Of the embedded twin alone: nobody else may read the file.
#[tokio::test]
async fn the_key_file_is_for_its_owner() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use troupe::storage::embedded::keys::FileKeys;
    use troupe::storage::keys::KeyStore;

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keys.json");
    let mode = || fs::metadata(&file).unwrap().permissions().mode() & 0o777;
    let store = FileKeys::new(folder.path());
    store.update(keys(1, &["a"])).await.unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(store.find().await.unwrap().is_some());
    assert_eq!(mode(), 0o600, "what was opened is closed again");
    fs::write(&file, "{}").unwrap();
    assert!(store.find().await.is_err(), "a broken file is not replaced");
}
