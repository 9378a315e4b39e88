//! Nodes that die of a signal, and those that die of what they do.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::node::NodePlan;
use super::world::{QUIET, World, actor_of};

impl World {
    /// SIGKILL, and another node in its place.
    pub async fn kill_node(&mut self, place: usize) {
        let killed = self.nodes.remove(place);
        killed.server.kill();
        self.tell_origins();
        self.go_on(Duration::from_secs(3)).await;
        self.add_node().await;
    }

    /// A node takes the place of the first one, and dies where it was told to.
    pub async fn abort_node(&mut self, failpoint: &str) {
        let mut plan = self.plan.clone();
        plan.settings
            .push(("TROUPE_ABORT_AT", failpoint.to_owned()));
        self.add_owner(&plan).await;
        self.take_node(0).server.kill();
        // It dies of what is sent, however slowly that goes.
        let began = Instant::now();
        let status = loop {
            self.go_on(Duration::from_secs(1)).await;
            let doomed = self.nodes.last_mut().expect("a node");
            if let Some(status) = doomed.server.ended() {
                break status;
            }
            assert!(began.elapsed() < QUIET, "it lives after {failpoint}");
        };
        self.nodes.pop();
        assert!(!status.success(), "{status}");
        self.tell_origins();
        self.go_on(Duration::from_secs(2)).await;
        self.add_node().await;
    }

    /// Adds a node that owns a chat.
    pub async fn add_owner(&mut self, plan: &NodePlan) {
        self.add_planned(plan).await;
        while !self.has_newest_a_chat().await {
            self.take_node(self.nodes.len() - 1);
            self.add_planned(plan).await;
        }
    }

    /// Whether the newest node owns a chat of the world's: of a few it may have none, and does nothing
    /// then of which it could die. `true`, too, when it died already.
    async fn has_newest_a_chat(&self) -> bool {
        let newest = self.nodes.last().expect("a node");
        let tells = async |path: &str| {
            let (status, body) = newest.tells_admins(path).await?;
            let body = serde_json::from_str::<Value>(&body).expect("JSON");
            Some(if status == 200 { body } else { Value::Null })
        };
        let Some(cluster) = tells("/admin/cluster").await else {
            return true;
        };
        let me = &cluster["nodes"][0];
        assert_eq!(me["self"], true, "{cluster}");
        for (chat_id, _) in &self.chats {
            match tells(&actor_of(chat_id)).await {
                Some(actor) if actor["node"] != me["id"] => {}
                _ => return true,
            }
        }
        false
    }
}
