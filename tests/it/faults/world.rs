//! Servers, nodes and people of their own, under load, for faults to be made.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Mutex, RwLock};
use serde_json::{Value, json};
use tokio::task::JoinHandle;
use troupe::event::Event;
use troupe::storage::distributed::events::{EventSettings, JetStreamEvents};
use troupe::storage::events::EventStream;

use super::copy::Copies;
use super::device::Device;
use super::ledger::{Ledger, Operation};
use super::node::{Node, NodePlan, PREFIX, Ways, migrate};
use crate::cluster::events::everything;
use crate::contract::jetstream;
use crate::support::{Client, OwnServers, Person, Socket, eventually_within};

/// People, of whom each has a device and every fourth a second one; chats of two and groups of eight.
const PEOPLE: usize = 16;
const DIRECT: usize = 4;
const GROUPS: usize = 2;
/// After a fault was healed, everything is as it should be within this time.
pub const QUIET: Duration = Duration::from_secs(60);

/// What the people know of the world.
pub struct Ground {
    pub ledger: Ledger,
    /// What each device asked for or was answered last, for when one waits in vain.
    seen: Mutex<BTreeMap<usize, (Instant, String)>>,
    origins: RwLock<Vec<String>>,
    is_loaded: AtomicBool,
    is_over: AtomicBool,
}

impl Ground {
    pub fn saw(&self, device: usize, what: &str) {
        self.seen
            .lock()
            .insert(device, (Instant::now(), what.to_owned()));
    }

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
    pub nodes: Vec<Node>,
    pub servers: OwnServers,
    pub people: Vec<Person>,
    /// Each with its members' places.
    pub chats: Vec<(String, Vec<usize>)>,
    /// What each device holds, with its owner's place.
    pub copies: Vec<(usize, Arc<Mutex<Copies>>)>,
    pub events: JetStreamEvents,
    pub witnessed: Witnessed,
    pub plan: NodePlan,
    seed: u64,
    devices: Vec<JoinHandle<()>>,
    witness: JoinHandle<()>,
}

impl World {
    pub async fn start(nodes: usize, seed: u64) -> Self {
        Self::planned(nodes, seed, NodePlan::default()).await
    }

    pub async fn planned(nodes: usize, seed: u64, plan: NodePlan) -> Self {
        let servers = OwnServers::start().await;
        migrate(&servers);
        let mut started = Vec::new();
        for place in 0..nodes {
            started.push(Node::start(&servers, &plan, seed + place as u64).await);
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
        let people = started[0].server.crowd(PEOPLE).await;
        let chats = make_chats(&people).await;
        let mut world = Self {
            servers,
            ground: Arc::new(Ground {
                ledger: Ledger::default(),
                seen: Mutex::default(),
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
            plan,
            seed,
            devices: Vec::new(),
            witness,
        };
        world.tell_origins();
        world.populate();
        world
    }

    fn populate(&mut self) {
        let everyone = (0..PEOPLE).chain((0..PEOPLE).step_by(4));
        for (number, place) in everyone.enumerate() {
            let chats = self.chats.iter().filter(|(_, of)| of.contains(&place));
            let chats = chats.map(|(chat_id, _)| chat_id.clone()).collect();
            let person = self.people[place].clone();
            // A second device begins on another node than the first.
            let number = number + number / PEOPLE;
            let device = Device::new(number, person, chats, self.seed + number as u64);
            self.copies.push((place, Arc::clone(&device.copies)));
            let lived = device.live(Arc::clone(&self.ground));
            self.devices.push(tokio::spawn(lived));
        }
    }

    pub fn tell_origins(&self) {
        let origins = self.nodes.iter().map(Node::origin).collect();
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
        let began = Instant::now();
        let unknown = || self.ground.ledger.unknown();
        while !unknown().is_empty() && began.elapsed() < QUIET {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let unknown = unknown();
        if unknown.is_empty() {
            return;
        }
        panic!("after {after} {}", self.in_vain(&unknown).await);
    }

    /// What there is to be known of sends that wait in vain: what their devices saw, how their chats are.
    async fn in_vain(&self, unknown: &BTreeMap<String, Operation>) -> String {
        let mut told = format!("no answer to {unknown:#?}\n");
        for (device, (at, what)) in self.ground.seen.lock().iter() {
            let _ = writeln!(told, "device {device}, {:?} ago: {what}", at.elapsed());
        }
        let chats: BTreeSet<&str> = unknown.values().map(|one| one.chat_id.as_str()).collect();
        for node in &self.nodes {
            let chats = chats.iter().map(|chat_id| actor_of(chat_id));
            for path in chats.chain(["/admin/cluster".to_owned()]) {
                let _ = writeln!(told, "{path}: {:?}", node.tells_admins(&path).await);
            }
        }
        told
    }

    /// Sends that were acked in a while, to each second.
    pub async fn rate(&self, time: Duration) -> f64 {
        let before = self.ground.ledger.acked();
        self.go_on(time).await;
        (self.ground.ledger.acked() - before) as f64 / time.as_secs_f64()
    }

    /// The same for every node's ways.
    pub fn each_way(&self, set: impl Fn(&Ways)) {
        self.nodes.iter().for_each(|node| set(&node.ways));
    }

    /// A node leaves the world, and its devices are told.
    pub fn take_node(&mut self, place: usize) -> Node {
        let node = self.nodes.remove(place);
        self.tell_origins();
        node
    }

    pub async fn add_node(&mut self) {
        let plan = self.plan.clone();
        self.add_planned(&plan).await;
    }

    pub async fn add_planned(&mut self, plan: &NodePlan) {
        self.seed += 100;
        let node = Node::start(&self.servers, plan, self.seed).await;
        self.take_in(node);
    }

    /// A node that starts whether or not its servers are there; it is none of the world's yet.
    pub async fn begin_node(&mut self) -> Node {
        self.seed += 100;
        Node::begin(&self.servers, &self.plan, self.seed).await
    }

    pub fn take_in(&mut self, node: Node) {
        self.nodes.push(node);
        self.tell_origins();
    }

    /// Who has a device on every node gets each message there, as it is sent and not because heads
    /// told of it: these sockets never ask for anything.
    pub async fn devices_hear_live(&self) {
        for (chat_id, members) in &self.chats {
            let token = &self.people[members[0]].access_token;
            let origins = self.nodes.iter().map(|node| node.server.origin());
            let opened = origins.map(|origin| async move { Socket::open(&origin, token).await });
            let mut sockets = futures_util::future::join_all(opened).await;
            for node in 0..self.nodes.len() {
                let message = json!({"chatId": chat_id, "type": "text", "content": "heard"});
                let sent = self.api(members[1], node).post("/messages", message).await;
                let id = sent.created()["messageId"].clone();
                for socket in &mut sockets {
                    let is_it = |frame: &Value| {
                        frame["type"] == "message.new" && frame["message"]["id"] == id
                    };
                    socket.expect("the message itself", is_it).await;
                }
            }
        }
    }

    /// A client of a node for someone.
    pub fn api(&self, person: usize, node: usize) -> Client {
        let origin = self.nodes[node % self.nodes.len()].server.origin();
        Client::new(origin, "/api/v1").with_token(&self.people[person].access_token)
    }

    /// A counter of `/metrics`, of all nodes together.
    pub async fn counted(&self, name: &str) -> f64 {
        let mut sum = 0.0;
        for node in &self.nodes {
            sum += node.server.counted(name).await;
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

/// Where a node tells of a chat's actor.
pub fn actor_of(chat_id: &str) -> String {
    format!("/admin/chats/{chat_id}/actor")
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
