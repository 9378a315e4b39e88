//! `groups`: what this process runs, and `[ports]`: where it answers when that is no gateway.

use serde::{Deserialize, Deserializer, de};

use super::{Backend, Config, Problems};
use crate::actors::group::{Group, GroupSet};

/// The port of each group but the gateway's, which is `http.port`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PortsConfig {
    pub auth: u16,
    pub user: u16,
    pub chat: u16,
    pub message: u16,
    pub notification: u16,
    pub media: u16,
    pub websocket: u16,
}

/// A list, or names with commas between them, as the environment has it.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    List(Vec<String>),
    Text(String),
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<GroupSet, D::Error> {
    let names = match Written::deserialize(deserializer)? {
        Written::List(names) => names,
        Written::Text(text) => text.split(',').map(str::to_owned).collect(),
    };
    let groups = names.iter().map(|name| name.trim());
    groups
        .filter(|name| !name.is_empty())
        .map(|name| {
            let unknown = || format!("{name:?} is no group; there are {:?}", GroupSet::ALL);
            Group::parse(name).ok_or_else(|| de::Error::custom(unknown()))
        })
        .collect()
}

impl Config {
    /// The settings of the ports that this process answers at, and what they are: the gateway's alone
    /// where there is one, else that of each group, the sockets' first.
    pub fn listening(&self) -> Vec<(&'static str, u16)> {
        if self.groups.contains(Group::Gateway) {
            return vec![("http.port", self.http.port)];
        }
        let mut groups: Vec<Group> = self.groups.iter().collect();
        groups.sort_by_key(|group| *group != Group::Websocket);
        groups.into_iter().map(|group| self.port(group)).collect()
    }

    /// What is served there, for people.
    pub fn served(&self) -> String {
        if self.groups.contains(Group::Gateway) {
            return "API".to_owned();
        }
        self.groups.to_string()
    }

    fn port(&self, group: Group) -> (&'static str, u16) {
        let ports = &self.ports;
        match group {
            Group::Gateway => ("http.port", self.http.port),
            Group::Auth => ("ports.auth", ports.auth),
            Group::User => ("ports.user", ports.user),
            Group::Chat => ("ports.chat", ports.chat),
            Group::Message => ("ports.message", ports.message),
            Group::Notification => ("ports.notification", ports.notification),
            Group::Media => ("ports.media", ports.media),
            Group::Websocket => ("ports.websocket", ports.websocket),
        }
    }

    pub(super) fn check_groups(&self, problems: &mut Problems) {
        problems.require(
            !self.groups.is_empty(),
            "groups",
            "names none",
            &format!("name some of {:?}", GroupSet::ALL),
        );
        problems.require(
            self.groups == GroupSet::ALL || self.storage.backend == Backend::Distributed,
            "groups",
            "leaves some out, and the embedded storage belongs to one process, which runs them all",
            "set storage.backend to \"distributed\", or leave groups out",
        );
        let mut taken = vec![("admin.port", self.admin.port)];
        for (setting, port) in self.listening() {
            let other = taken.iter().find(|(_, other)| port != 0 && *other == port);
            if let Some((other, _)) = other {
                let (wrong, same) = match *other {
                    "admin.port" => ("admin.port", setting),
                    other => (setting, other),
                };
                problems.add(
                    wrong,
                    format!("is the same as {same}"),
                    "give each listener a port of its own",
                );
            }
            taken.push((setting, port));
        }
    }
}
