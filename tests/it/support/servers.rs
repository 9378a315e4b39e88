//! Where the real servers are: `deploy/dev/servers.sh` starts them and says so in the environment.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;
use troupe::storage::distributed::blobs::S3Settings;

/// The address of `POSTGRES`, `MONGODB`, `REDIS` or `NATS`.
pub fn address(server: &str) -> String {
    setting(&format!("{server}__URL"))
}

/// The S3 server, and a bucket there.
pub fn s3(bucket: &str) -> S3Settings {
    S3Settings {
        endpoint: setting("S3__ENDPOINT"),
        public_endpoint: String::new(),
        region: "us-east-1".to_owned(),
        bucket: bucket.to_owned(),
        access_key: setting("S3__ACCESS_KEY"),
        secret_key: SecretString::from(setting("S3__SECRET_KEY")),
        timeout: Duration::from_secs(10),
        address_life: Duration::from_secs(3600),
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment where the servers are"
)]
fn setting(name: &str) -> String {
    let name = format!("TROUPE__{name}");
    std::env::var(&name).unwrap_or_else(|_| {
        panic!(
            "{name} is not set: run deploy/dev/test.sh, or eval \"$(deploy/dev/servers.sh start)\""
        )
    })
}

/// Where they keep everything: what leaves its process id there ends with them.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment where the servers are"
)]
pub fn folder() -> Option<PathBuf> {
    std::env::var("TROUPE_SERVERS").ok().map(PathBuf::from)
}
