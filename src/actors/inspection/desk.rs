//! Asking the processes of an installation about themselves.

use std::sync::Arc;
use std::time::Duration;

use futures_util::future::join_all;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::timeout;

use super::requests::NodePeers;
use crate::actors::cluster::requests::{Installation, SeenNode};
use crate::actors::group::Group;
use crate::actors::remote::{CarryTo, ask_there};
use crate::actors::request::{Answer, Request, Way, ask};
use crate::error::{ErrorCode, Failure};
use crate::id::{ChatId, NodeId};

/// How long one process is waited for.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks processes about themselves, this one among them. Cheap to clone.
#[derive(Clone)]
pub struct NodeDesk {
    installation: Arc<dyn Installation>,
    here: NodePeers,
    /// `None` where there can be no others.
    way: Option<Arc<dyn CarryTo>>,
}

/// What several processes answered.
#[derive(Debug)]
pub struct Asked<T> {
    pub answers: Vec<(NodeId, T)>,
    pub silent: Vec<Silent>,
}

/// A process that did not answer.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Silent {
    pub node: NodeId,
    pub address: String,
    pub problem: String,
}

/// The way to one request of this very process.
pub type Here<R> = fn(&NodePeers) -> &Way<R>;

impl NodeDesk {
    pub fn new(
        installation: Arc<dyn Installation>,
        here: NodePeers,
        way: Option<Arc<dyn CarryTo>>,
    ) -> Self {
        Self {
            installation,
            here,
            way,
        }
    }

    /// Asks every process that runs a group, all at once.
    pub async fn ask_all<R>(
        &self,
        group: Option<Group>,
        request: R,
        here: Here<R>,
    ) -> Asked<R::Reply>
    where
        R: Request + Serialize + Clone,
        R::Reply: DeserializeOwned,
    {
        let nodes = self.installation.nodes();
        let runs = |node: &SeenNode| group.is_none_or(|group| node.groups.contains(group));
        let asked = nodes.into_iter().filter(runs).map(|node| {
            let request = request.clone();
            async move {
                let answer = timeout(PATIENCE, self.put(&node, request, here)).await;
                let answer = answer.unwrap_or_else(|_| Err(late()));
                (node, answer)
            }
        });
        let mut all = Asked {
            answers: Vec::new(),
            silent: Vec::new(),
        };
        for (node, answer) in join_all(asked).await {
            match answer {
                Ok(answer) => all.answers.push((node.id, answer)),
                Err(failure) => all.silent.push(Silent {
                    node: node.id,
                    address: node.address,
                    problem: failure.message().to_owned(),
                }),
            }
        }
        all
    }

    /// Asks the process that owns a chat; answers which that is.
    pub async fn ask_owner<R>(
        &self,
        chat_id: ChatId,
        request: R,
        here: Here<R>,
    ) -> Answer<(NodeId, R::Reply)>
    where
        R: Request + Serialize,
        R::Reply: DeserializeOwned,
    {
        let owner = self.installation.owner(chat_id);
        let nodes = self.installation.nodes();
        let node = nodes.into_iter().find(|node| Some(node.id) == owner);
        let node = node.ok_or_else(nobody)?;
        if !node.groups.contains(Group::Chat) {
            return Err(nobody());
        }
        let answer = timeout(PATIENCE, self.put(&node, request, here)).await;
        Ok((node.id, answer.unwrap_or_else(|_| Err(late()))?))
    }

    /// Asks this very process.
    pub async fn ask_here<R: Request>(&self, request: R, here: Here<R>) -> Answer<R::Reply> {
        ask(here(&self.here), request).await
    }

    /// The processes there are, this one first.
    pub fn nodes(&self) -> Vec<SeenNode> {
        self.installation.nodes()
    }

    /// Whether the others can be reached; `None` where there can be none.
    pub fn is_connected(&self) -> Option<bool> {
        self.installation.is_connected()
    }

    async fn put<R>(&self, node: &SeenNode, request: R, here: Here<R>) -> Answer<R::Reply>
    where
        R: Request + Serialize,
        R::Reply: DeserializeOwned,
    {
        match &self.way {
            Some(way) if !node.is_me => ask_there(way.as_ref(), node.id, &request).await,
            _ => ask(here(&self.here), request).await,
        }
    }
}

fn late() -> Failure {
    Failure::new(ErrorCode::Timeout, "no answer in time")
}

fn nobody() -> Failure {
    Failure::unavailable("no process that keeps chats is running, try again")
}
