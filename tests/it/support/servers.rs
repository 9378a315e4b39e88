//! Where the real servers are: `deploy/dev/servers.sh` starts them and says so in the environment.

use std::path::PathBuf;

/// The address of `POSTGRES`, `MONGODB`, `REDIS` or `NATS`.
#[expect(
    clippy::disallowed_methods,
    reason = "a test is told by its environment where the servers are"
)]
pub fn address(server: &str) -> String {
    let name = format!("TROUPE__{server}__URL");
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
