//! What PostgreSQL's troubles mean to a caller.

use std::time::Duration;

use secrecy::SecretString;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use troupe::domain::phone::Phone;
use troupe::storage::StoreErrorKind;
use troupe::storage::distributed::sessions::PostgresSessions;
use troupe::storage::distributed::users::PostgresUsers;
use troupe::storage::sessions::SessionStore;
use troupe::storage::users::{UserPatch, UserStore};

use super::backend::Backend;
use super::distributed::Distributed;
use super::sessions::session;
use super::stage::{START, at};

fn named(name: &str) -> UserPatch {
    UserPatch {
        display_name: Some(name.to_owned()),
        ..UserPatch::default()
    }
}

#[tokio::test]
async fn a_lock_that_is_not_given_up_is_unavailable() {
    let backend = Distributed::new().await;
    let user = backend.open().person().await;
    let hasty = backend.postgres_with(|settings| {
        settings.lock_timeout = Duration::from_millis(50);
    });
    let mut holder = backend.postgres().client().await.unwrap();
    let transaction = holder.transaction().await.unwrap();
    let lock = "SELECT FROM users FOR UPDATE";
    transaction.query(lock, &[]).await.unwrap();
    let users = PostgresUsers(hasty);
    let refused = users.update(user, named("Ada"), at(1)).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Unavailable, "{refused}");
    transaction.rollback().await.unwrap();
    let updated = users.update(user, named("Ada"), at(1)).await.unwrap();
    assert_eq!(updated.unwrap().rev, Some(1), "nothing was written before");
}

#[tokio::test]
async fn a_server_that_is_away_is_unavailable() {
    let backend = Distributed::new().await;
    let away = backend.postgres_with(|settings| {
        settings.url = SecretString::from("postgres://troupe@127.0.0.1:1/troupe".to_owned());
        settings.wait = Duration::from_secs(1);
    });
    let phone = Phone::from_store("+12025550100".to_owned());
    let refused = PostgresUsers(away).insert(phone, START).await.unwrap_err();
    assert_eq!(refused.kind, StoreErrorKind::Unavailable, "{refused}");
}

#[tokio::test]
async fn what_the_server_ended_did_not_happen_and_the_pool_recovers() {
    let backend = Distributed::new().await;
    let user = backend.open().person().await;
    let single = backend.postgres_with(|settings| settings.connections = 1);
    let sessions = PostgresSessions(single.clone());
    let new = session(user, None);
    let id = new.session.id;
    sessions.insert(new).await.unwrap();
    let pid: i32 = {
        let client = single.client().await.unwrap();
        let row = client.query_one("SELECT pg_backend_pid()", &[]).await;
        row.unwrap().get(0)
    };
    let mut holder = backend.postgres().client().await.unwrap();
    let transaction = holder.transaction().await.unwrap();
    let lock = "SELECT FROM refresh_tokens FOR UPDATE";
    transaction.query(lock, &[]).await.unwrap();
    let end = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let end = "SELECT pg_terminate_backend($1)";
        let ended = transaction.query_one(end, &[&pid]).await.unwrap();
        assert!(ended.get::<_, bool>(0));
    };
    let (removed, ()) = tokio::join!(sessions.remove(user, id, at(1)), end);
    let error = removed.unwrap_err();
    assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}");
    transaction.rollback().await.unwrap();
    // The last words of the server come a moment before the end of the connection.
    let found = loop {
        match sessions.find(id).await {
            Ok(found) => break found.unwrap(),
            Err(error) => assert_eq!(error.kind, StoreErrorKind::Unavailable, "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!(found.revoked_at, None);
    assert!(sessions.remove(user, id, at(1)).await.unwrap());
}

/// A wire to the server that can be made to swallow what the server answers.
pub struct Wire {
    pub address: std::net::SocketAddr,
    pub cut: tokio::sync::watch::Sender<bool>,
}

impl Wire {
    pub async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (cut, is_cut) = tokio::sync::watch::channel(false);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(carry(client, server, is_cut.clone()));
            }
        });
        Self { address, cut }
    }
}

/// Once cut, what the client sends still arrives; the answer does not, and the wire breaks.
async fn carry(client: TcpStream, server: TcpStream, is_cut: tokio::sync::watch::Receiver<bool>) {
    let (mut from_client, mut to_client) = client.into_split();
    let (mut from_server, mut to_server) = server.into_split();
    let there = tokio::spawn(async move {
        let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
    });
    let mut answer = vec![0; 8192];
    while let Ok(bytes @ 1..) = from_server.read(&mut answer).await {
        if *is_cut.borrow() || to_client.write_all(&answer[..bytes]).await.is_err() {
            break;
        }
    }
    there.abort();
}

#[tokio::test]
async fn a_write_whose_answer_is_lost_is_of_unknown_outcome() {
    let backend = Distributed::new().await;
    let user = backend.open().person().await;
    let url = crate::support::servers::address("POSTGRES");
    let (_, place) = url.split_once('@').unwrap();
    let (server, _) = place.split_once('/').unwrap();
    let wire = Wire::to(server.to_owned()).await;
    let wired = backend.postgres_with(|settings| {
        let (_, database) = {
            use secrecy::ExposeSecret;
            let url = settings.url.expose_secret();
            url.rsplit_once('/')
                .map(|(server, database)| (server.to_owned(), database.to_owned()))
                .unwrap()
        };
        settings.url = SecretString::from(format!("postgres://troupe@{}/{database}", wire.address));
        settings.connections = 1;
    });
    let sessions = PostgresSessions(wired);
    // The statement is prepared while the wire is whole; cut, it is the write alone that is lost.
    sessions.insert(session(user, None)).await.unwrap();
    let new = session(user, None);
    let id = new.session.id;
    wire.cut.send(true).unwrap();
    let lost = sessions.insert(new).await.unwrap_err();
    assert_eq!(lost.kind, StoreErrorKind::OutcomeUnknown, "{lost}");
    let found = backend.open().sessions.find(id).await.unwrap();
    assert!(found.is_some(), "it did happen");
    wire.cut.send(false).unwrap();
    assert!(
        sessions.find(id).await.unwrap().is_some(),
        "a new connection"
    );
}
