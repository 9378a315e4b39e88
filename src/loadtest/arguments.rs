//! What `troupe loadtest` takes on the command line.

use clap::{Args, ValueEnum};

/// Most users one call may ask for, as the server's limit times a few calls.
const USERS_AT_MOST: usize = 200_000;
/// Members of a group, as the server allows them.
const GROUP_AT_MOST: usize = 256;

/// Who talks to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Shape {
    /// Pairs: every user in one direct chat.
    Direct,
    /// Every user in one group of `--group-size`.
    Group,
}

/// Options of `troupe loadtest`. The server should run with `troupe dev --unlimited`.
#[derive(Args, Clone, Debug)]
pub struct Arguments {
    /// Where clients connect.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    pub url: String,
    /// The admin listener, which makes the test users.
    #[arg(long, default_value = "http://127.0.0.1:8090")]
    pub admin_url: String,
    /// How many users to make; each opens one connection.
    #[arg(long, default_value_t = 100)]
    pub users: usize,
    #[arg(long, value_enum, default_value = "direct")]
    pub shape: Shape,
    /// Members of each group, with `--shape group`.
    #[arg(long, default_value_t = 20)]
    pub group_size: usize,
    /// Members of each chat that send.
    #[arg(long, default_value_t = 2)]
    pub senders: usize,
    /// Messages a second over all connections, sent on schedule whether answers come or not;
    /// 0: as fast as `--in-flight` allows.
    #[arg(long, default_value_t = 0)]
    pub rate: u64,
    /// Unanswered sends each sender keeps going when there is no `--rate`.
    #[arg(long, default_value_t = 8)]
    pub in_flight: usize,
    /// Characters of each text.
    #[arg(long, default_value_t = 64)]
    pub chars: usize,
    /// How long to measure.
    #[arg(long, default_value_t = 10)]
    pub seconds: u64,
    /// How long to send before measuring.
    #[arg(long, default_value_t = 2)]
    pub warmup: u64,
    /// How long answers and deliveries may take after the last send.
    #[arg(long, default_value_t = 20)]
    pub drain: u64,
    /// Sends nothing: opens this many idle connections and reports what each costs the server.
    #[arg(long, conflicts_with_all = ["users", "shape", "rate"])]
    pub idle: Option<usize>,
    /// The server's process id, to read its CPU time and memory.
    #[arg(long)]
    pub server_pid: Option<u32>,
    /// Client threads.
    #[arg(long, default_value_t = 1)]
    pub threads: usize,
    /// Recipients answer with `message.ack`, at most ten times a second each.
    #[arg(long)]
    pub acks: bool,
    /// Fails when the 99th percentile of acks or deliveries is above this.
    #[arg(long)]
    pub max_p99_ms: Option<f64>,
    /// Fails when fewer sends a second were acked.
    #[arg(long)]
    pub min_rate: Option<f64>,
    /// Fails when an idle connection costs the server more memory.
    #[arg(long)]
    pub max_idle_kib: Option<f64>,
    /// Prints the report as JSON.
    #[arg(long)]
    pub json: bool,
}

impl Arguments {
    /// How many connections are opened.
    pub fn connections(&self) -> usize {
        self.idle.unwrap_or(self.users)
    }

    /// Members of each chat.
    pub fn chat_size(&self) -> usize {
        match self.shape {
            Shape::Direct => 2,
            Shape::Group => self.group_size,
        }
    }

    /// Says what cannot be run, in words for the one who typed it.
    pub fn check(&self) -> Result<(), String> {
        let size = self.chat_size();
        if !(1..=USERS_AT_MOST).contains(&self.connections()) {
            return Err(format!("users must be 1 to {USERS_AT_MOST}"));
        }
        if self.idle.is_none() && self.users < size {
            return Err(format!("{} users do not fill a chat of {size}", self.users));
        }
        if !(2..=GROUP_AT_MOST).contains(&size) {
            return Err(format!("a group has 2 to {GROUP_AT_MOST} members"));
        }
        if self.senders == 0 || self.in_flight == 0 || self.threads == 0 {
            return Err("senders, in-flight and threads are at least 1".to_owned());
        }
        if !(1..=4096).contains(&self.chars) {
            return Err("a text has 1 to 4096 characters".to_owned());
        }
        if !self.url.starts_with("http://") || !self.admin_url.starts_with("http://") {
            return Err("addresses start with http://".to_owned());
        }
        Ok(())
    }
}
