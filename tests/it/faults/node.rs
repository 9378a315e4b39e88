//! A node under load, and the ways between it, its servers and its clients.

use std::process::Command;
use std::time::Duration;

use crate::support::{Mode, OwnServers, Proxy, Server, ServerOptions};

/// The name of the installation on its servers.
pub const PREFIX: &str = "faults";

/// What a node is to be started with.
#[derive(Clone, Debug, Default)]
pub struct NodePlan {
    /// MongoDB is reached by a way of its own, too. A driver that knows of a replica set goes to the
    /// address that this names, so the node is told of none.
    pub mongodb: bool,
    /// Further settings, as `HTTP__WORKERS`.
    pub settings: Vec<(&'static str, String)>,
}

/// Each leads from one node; `door` leads to it.
pub struct Ways {
    pub door: Proxy,
    pub postgres: Proxy,
    pub mongodb: Proxy,
    pub redis: Proxy,
    pub nats: Proxy,
}

pub struct Node {
    pub server: Server,
    pub ways: Ways,
}

impl Node {
    /// Starts it, and waits until it is ready.
    pub async fn start(servers: &OwnServers, plan: &NodePlan, seed: u64) -> Self {
        let (options, ways) = Self::prepare(servers, plan, seed).await;
        Self::behind(options.start().await, ways, seed).await
    }

    /// Starts it, and waits until it lives.
    pub async fn begin(servers: &OwnServers, plan: &NodePlan, seed: u64) -> Self {
        let (options, ways) = Self::prepare(servers, plan, seed).await;
        Self::behind(options.begin().await, ways, seed).await
    }

    async fn behind(
        server: Server,
        [postgres, mongodb, redis, nats]: [Proxy; 4],
        seed: u64,
    ) -> Self {
        let door = Proxy::to(&format!("127.0.0.1:{}", server.port()), seed).await;
        let ways = Ways {
            door,
            postgres,
            mongodb,
            redis,
            nats,
        };
        Self { server, ways }
    }

    async fn prepare(
        servers: &OwnServers,
        plan: &NodePlan,
        seed: u64,
    ) -> (ServerOptions, [Proxy; 4]) {
        let way = async |server: &str| Proxy::to(&place(&servers.address(server)), seed).await;
        let [postgres, mongodb, redis, nats] = [
            way("POSTGRES").await,
            way("MONGODB").await,
            way("REDIS").await,
            way("NATS").await,
        ];
        let url = |server: &str, proxy: &Proxy| {
            let address = servers.address(server);
            address.replace(&place(&address), &proxy.address())
        };
        let mut settings = settings(servers);
        settings.extend([
            ("POSTGRES__URL".to_owned(), url("POSTGRES", &postgres)),
            ("REDIS__URL".to_owned(), url("REDIS", &redis)),
            ("NATS__URL".to_owned(), url("NATS", &nats)),
        ]);
        if plan.mongodb {
            let direct = format!("mongodb://{}/?directConnection=true", mongodb.address());
            settings.push(("MONGODB__URL".to_owned(), direct));
        }
        let more = plan.settings.iter().cloned();
        settings.extend(more.map(|(name, value)| (name.to_owned(), value)));
        let mut options = Server::options().unlimited().embedded();
        for (name, value) in settings {
            options = match name.as_str() {
                "TROUPE_ABORT_AT" => options.abort_at(&value),
                "TROUPE_PANIC_AT" => options.panic_at(&value),
                name => options.setting(name, &value),
            };
        }
        (options, [postgres, mongodb, redis, nats])
    }

    /// What it says of itself at a path; `None` while nobody answers.
    pub async fn says(&self, path: &str) -> Option<(u16, String)> {
        get(self.server.origin() + path).await
    }

    /// The same of its admin listener.
    pub async fn tells_admins(&self, path: &str) -> Option<(u16, String)> {
        get(self.server.admin_origin() + path).await
    }

    /// Where clients find it.
    pub fn origin(&self) -> String {
        format!("http://{}", self.ways.door.address())
    }
}

async fn get(url: String) -> Option<(u16, String)> {
    let http = reqwest::Client::builder().no_proxy();
    let http = http.timeout(Duration::from_secs(10)).build();
    let said = http.expect("an http client").get(url).send().await.ok()?;
    Some((said.status().as_u16(), said.text().await.ok()?))
}

/// `host:port` of an address.
fn place(address: &str) -> String {
    let (_, rest) = address.rsplit_once("//").expect("an address");
    let rest = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
    rest.split('/').next().unwrap_or_default().to_owned()
}

/// Every node's, by their names without the prefix.
pub fn settings(servers: &OwnServers) -> Vec<(String, String)> {
    let own = [
        ("STORAGE__BACKEND", "distributed"),
        ("STORAGE__KEYS_SECRET", "0123456789abcdef0123456789abcdef"),
        ("NATS__PREFIX", PREFIX),
    ];
    let theirs = servers.settings().iter().map(|(name, value)| {
        let name = name.strip_prefix("TROUPE__").expect("a setting");
        (name.to_owned(), value.clone())
    });
    let own = own.map(|(name, value)| (name.to_owned(), value.to_owned()));
    theirs.chain(own).collect()
}

pub fn migrate(servers: &OwnServers) {
    let settings = settings(servers).into_iter();
    let migrated = Command::new(env!("CARGO_BIN_EXE_troupe"))
        .arg("migrate")
        .envs(settings.map(|(name, value)| (format!("TROUPE__{name}"), value)))
        .output()
        .expect("the program runs");
    assert!(migrated.status.success(), "{migrated:?}");
}

/// So much slower, there and back.
pub fn slower(round_trip: Duration) -> Mode {
    Mode::Latency(round_trip / 2)
}
