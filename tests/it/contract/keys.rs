//! The installation's keys.

use secrecy::{ExposeSecret, SecretSlice};
use troupe::storage::keys::{InstallationKeys, SigningKey};

use super::backend::Backend;
use super::stage::{START, at};

over_every_backend!(
    keys_are_kept_as_they_were,
    the_first_keys_stand,
    keys_replace_those_that_were_found,
);

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
    stores.keys.insert(keys(7, &["old", "new"])).await.unwrap();
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

async fn the_first_keys_stand(backend: &dyn Backend) {
    let (one, other) = (backend.open(), backend.open());
    let (first, second) = tokio::join!(
        one.keys.insert(keys(1, &["a"])),
        other.keys.insert(keys(2, &["b"])),
    );
    let (first, second) = (first.unwrap(), second.unwrap());
    assert!(first.is_like(&second), "both go on with the same");
    let found = one.keys.find().await.unwrap().expect("keys");
    assert!(found.is_like(&first));
    assert_eq!(found.secret.expose_secret(), first.secret.expose_secret());
}

async fn keys_replace_those_that_were_found(backend: &dyn Backend) {
    let stores = backend.open();
    let first = stores.keys.insert(keys(1, &["a"])).await.unwrap();
    let (second, third) = (keys(1, &["a", "b"]), keys(1, &["a", "c"]));
    assert!(stores.keys.update(&first, &second).await.unwrap());
    assert!(!stores.keys.update(&first, &third).await.unwrap(), "late");
    let found = stores.keys.find().await.unwrap().expect("keys");
    assert!(found.is_like(&second));
}

/// Of the distributed twin alone: the row tells nothing, and only the secret opens it.
#[tokio::test]
async fn the_keys_are_sealed() {
    use secrecy::SecretString;
    use troupe::storage::StoreErrorKind;
    use troupe::storage::distributed::keys::PostgresKeys;
    use troupe::storage::keys::KeyStore;

    use super::distributed::{Distributed, KEYS_SECRET};

    let backend = Distributed::new().await;
    let store = |secret: &str| PostgresKeys(backend.postgres(), SecretString::from(secret));
    let kept = store(KEYS_SECRET);
    let client = backend.postgres().client().await.unwrap();
    let sealed = async || -> Vec<u8> {
        let row = client.query_one("SELECT sealed FROM installation_keys", &[]);
        row.await.unwrap().get(0)
    };
    let standing = kept.insert(keys(1, &["kid"])).await.unwrap();
    let first = sealed().await;
    let mut readable = first.windows(3).filter(|window| *window == b"kid");
    assert_eq!(readable.next(), None);
    assert!(kept.update(&standing, &standing).await.unwrap());
    assert_ne!(sealed().await, first, "a nonce of its own each time");

    let refused = store("another").find().await.err().expect("refused");
    assert_eq!(refused.kind, StoreErrorKind::Internal);
    assert!(refused.message.contains("storage.keys_secret"), "{refused}");
    assert!(kept.find().await.unwrap().is_some(), "nothing was lost");

    let damage =
        "UPDATE installation_keys SET sealed = set_byte(sealed, 20, 255 - get_byte(sealed, 20))";
    client.execute(damage, &[]).await.unwrap();
    let damaged = kept.find().await.err().expect("refused");
    assert_eq!(damaged.kind, StoreErrorKind::Internal);
    let cut = "UPDATE installation_keys SET sealed = substr(sealed, 1, 5)";
    client.execute(cut, &[]).await.unwrap();
    let short = kept.find().await.err().expect("refused");
    assert_eq!(short.kind, StoreErrorKind::Internal);
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
    store.insert(keys(1, &["a"])).await.unwrap();
    assert_eq!(mode(), 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(store.find().await.unwrap().is_some());
    assert_eq!(mode(), 0o600, "what was opened is closed again");
    fs::write(&file, "{}").unwrap();
    assert!(store.find().await.is_err(), "a broken file is not replaced");
}
