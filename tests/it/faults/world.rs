//! Servers, nodes and people of their own, under load, for faults to be made.

use std::collections::BTreeMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use tokio::task::JoinHandle;
use troupe::event::Event;
use troupe::storage::distributed::events::{EventSettings, JetStreamEvents};
use troupe::storage::events::EventStream;

use super::copy::Copies;
use super::device::Device;
use super::ledger::Ledger;
use crate::cluster::events::everything;
use crate::contract::jetstream;
use crate::support::{Client, OwnServers, Person, Server, eventually_within};

/// People, of whom each has a device; chats of two and groups of eight.
const PEOPLE: usize = 16;
const DIRECT: usize = 4;
const GROUPS: usize = 2;
/// After a fault was healed, everything is as it should be within this time.
pub const QUIET: Duration = Duration::from_secs(60);
/// The name of the installation on its servers.
const PREFIX: &str = "faults";

/// What the people know of the world.
pub struct Ground {
    pub ledger: Ledger,
    origins: RwLock<Vec<String>>,
    is_loaded: AtomicBool,
    is_over: AtomicBool,
}

impl Ground {
    /// Where the nodes are, those that run.
    pub fn origins(&self) -> Vec<String> {
        self.origins.read().clone()
    }

    pub fn is_loaded(&self) -> bool {
        self.is_loaded.load(Ordering::Relaxed)
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// One who listens to every event: how often each was taken, by its id.
type Witnessed = Arc<Mutex<BTreeMap<String, usize>>>;

pub struct World {
    pub ground: Arc<Ground>,
    /// They end before their servers.
    pub nodes: Vec<Server>,
    pub servers: OwnServers,
    pub people: Vec<Person>,
    /// Each with its members' places.
    pub chats: Vec<(String, Vec<usize>)>,
    pub copies: Vec<Arc<Mutex<Copies>>>,
    pub events: JetStreamEvents,
    pub witnessed: Witnessed,
    devices: Vec<JoinHandle<()>>,
    witness: JoinHandle<()>,
}

impl World {
    pub async fn start(nodes: usize, seed: u64) -> Self {
        let servers = OwnServers::start().await;
        migrate(&servers);
        let mut started = Vec::new();
        for _ in 0..nodes {
            started.push(node(&servers, None).await);
        }
        let settings = EventSettings {
            prefix: PREFIX.to_owned(),
            max_age: Duration::from_secs(7 * 24 * 3600),
            max_bytes: 1024 * 1024 * 1024,
            ..jetstream::fresh()
        };
        let bus = jetstream::bus(&settings, servers.address("NATS")).await;
        let events = JetStreamEvents::new(bus.client.clone(), bus.connections(), settings);
        let witnessed = Witnessed::default();
        let witness = tokio::spawn(listen(events.clone(), Arc::clone(&witnessed)));
        let people = started[0].crowd(PEOPLE).await;
        let chats = make_chats(&people).await;
        let mut world = Self {
            servers,
            ground: Arc::new(Ground {
                ledger: Ledger::default(),
                origins: RwLock::default(),
                is_loaded: AtomicBool::new(true),
                is_over: AtomicBool::new(false),
            }),
            nodes: started,
            people,
            chats,
            copies: Vec::new(),
            events,
            witnessed,
            devices: Vec::new(),
            witness,
        };
        world.tell_origins();
        world.populate(seed);
        world
    }

    fn populate(&mut self, seed: u64) {
        for (place, person) in self.people.iter().enumerate() {
            let chats = self.chats.iter().filter(|(_, of)| of.contains(&place));
            let chats = chats.map(|(chat_id, _)| chat_id.clone()).collect();
            let device = Device::new(place, person.clone(), chats, seed + place as u64);
            self.copies.push(Arc::clone(&device.copies));
            let lived = device.live(Arc::clone(&self.ground));
            self.devices.push(tokio::spawn(lived));
        }
    }

    fn tell_origins(&self) {
        let origins = self.nodes.iter().map(Server::origin).collect();
        *self.ground.origins.write() = origins;
    }

    /// Load for a while.
    pub async fn go_on(&self, time: Duration) {
        self.ground.is_loaded.store(true, Ordering::Relaxed);
        tokio::time::sleep(time).await;
    }

    /// Load until some more sends were acked: the world has recovered.
    pub async fn until_acked(&self, more: usize) {
        self.ground.is_loaded.store(true, Ordering::Relaxed);
        let wanted = self.ground.ledger.acked() + more;
        let acked = async || self.ground.ledger.acked() >= wanted;
        eventually_within(QUIET, "sends are acked again", acked).await;
    }

    /// No more sends; waits until every one of them has its answer.
    pub async fn rest(&self, after: &str) {
        self.ground.is_loaded.store(false, Ordering::Relaxed);
        let answered = async || self.ground.ledger.unknown() == 0;
        let what = format!("after {after} every send has an answer");
        eventually_within(QUIET, &what, answered).await;
    }

    /// SIGKILL, and another node in its place.
    pub async fn kill_node(&mut self, place: usize) {
        self.nodes.remove(place).kill();
        self.tell_origins();
        self.go_on(Duration::from_secs(3)).await;
        self.add_node().await;
    }

    pub async fn add_node(&mut self) {
        self.nodes.push(node(&self.servers, None).await);
        self.tell_origins();
    }

    /// A node takes the place of the first one, and dies where it was told to.
    pub async fn abort_node(&mut self, failpoint: &str) {
        self.nodes.push(node(&self.servers, Some(failpoint)).await);
        self.nodes.remove(0).kill();
        self.tell_origins();
        self.go_on(Duration::from_secs(1)).await;
        let mut doomed = self.nodes.pop().expect("a node");
        let status = doomed.exit(QUIET).await;
        assert!(!status.success(), "{status}");
        self.tell_origins();
        self.go_on(Duration::from_secs(2)).await;
        self.add_node().await;
    }

    /// A client of a node for someone.
    pub fn api(&self, person: usize, node: usize) -> Client {
        let origin = self.nodes[node % self.nodes.len()].origin();
        Client::new(origin, "/api/v1").with_token(&self.people[person].access_token)
    }

    /// A counter of `/metrics`, of all nodes together.
    pub async fn counted(&self, name: &str) -> f64 {
        let mut sum = 0.0;
        for node in &self.nodes {
            let metrics = node.root().get("/metrics").await.text;
            let values = metrics.lines().filter(|line| line.starts_with(name));
            let values = values.filter_map(|line| line.rsplit(' ').next());
            sum += values
                .filter_map(|value| value.parse::<f64>().ok())
                .sum::<f64>();
        }
        sum
    }

    pub async fn end(self) {
        self.ground.is_over.store(true, Ordering::Relaxed);
        self.witness.abort();
        for device in self.devices {
            device.await.expect("a device lives until the end");
        }
    }
}

fn settings(servers: &OwnServers) -> Vec<(String, String)> {
    let own = [
        ("STORAGE__BACKEND", "distributed"),
        ("STORAGE__KEYS_SECRET", "0123456789abcdef0123456789abcdef"),
        ("NATS__PREFIX", PREFIX),
    ];
    let own = own.map(|(name, value)| (format!("TROUPE__{name}"), value.to_owned()));
    servers.settings().iter().cloned().chain(own).collect()
}

fn migrate(servers: &OwnServers) {
    let migrated = Command::new(env!("CARGO_BIN_EXE_troupe"))
        .arg("migrate")
        .envs(settings(servers))
        .output()
        .expect("the program runs");
    assert!(migrated.status.success(), "{migrated:?}");
}

async fn node(servers: &OwnServers, failpoint: Option<&str>) -> Server {
    let mut options = Server::options().unlimited().embedded();
    for (name, value) in settings(servers) {
        let name = name.strip_prefix("TROUPE__").expect("a setting");
        options = options.setting(name, &value);
    }
    if let Some(place) = failpoint {
        options = options.abort_at(place);
    }
    options.start().await
}

/// Chats of neighbours, and groups of every other one.
async fn make_chats(people: &[Person]) -> Vec<(String, Vec<usize>)> {
    let mut chats = Vec::new();
    for pair in 0..DIRECT {
        let (one, other) = (pair * 4, pair * 4 + 1);
        let chat_id = people[one].direct(&people[other]).await;
        chats.push((chat_id, vec![one, other]));
    }
    for group in 0..GROUPS {
        let members: Vec<usize> = (0..PEOPLE)
            .filter(|place| place % GROUPS == group)
            .collect();
        let others: Vec<&Person> = members[1..].iter().map(|place| &people[*place]).collect();
        let name = format!("Group {group}");
        let chat_id = people[members[0]].group(&name, &others).await;
        chats.push((chat_id, members));
    }
    chats
}

/// Takes every event there is.
async fn listen(events: JetStreamEvents, witnessed: Witnessed) {
    let started = Instant::now();
    let mut consumer = loop {
        match events.consume(everything()).await {
            Ok(consumer) => break consumer,
            Err(error) => assert!(started.elapsed() < QUIET, "{error}"),
        }
    };
    loop {
        let received = consumer.next().await;
        let id = Event::envelope(&received.event).id;
        *witnessed.lock().entry(id).or_default() += 1;
        // One that was taken and not answered comes again.
        let _ = received.done().await;
    }
}
