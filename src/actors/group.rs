//! The groups by name. A process runs a set of them; the others run elsewhere.

use std::fmt;

/// One service boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Group {
    /// The public API: it has no requests of its own, it makes everyone else's.
    Gateway,
    Auth,
    User,
    Chat,
    Message,
    Media,
    Notification,
    Websocket,
}

impl Group {
    pub const ALL: [Self; 8] = [
        Self::Gateway,
        Self::Auth,
        Self::User,
        Self::Chat,
        Self::Message,
        Self::Media,
        Self::Notification,
        Self::Websocket,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Auth => "auth",
            Self::User => "user",
            Self::Chat => "chat",
            Self::Message => "message",
            Self::Media => "media",
            Self::Notification => "notification",
            Self::Websocket => "websocket",
        }
    }

    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|group| group.name() == name)
    }

    /// The groups without which this one can do nothing.
    const fn needs(self) -> &'static [Self] {
        match self {
            Self::Gateway => &[Self::Auth, Self::User, Self::Chat, Self::Message],
            Self::Websocket => &[Self::Auth, Self::User, Self::Chat, Self::Message],
            Self::User => &[Self::Chat],
            Self::Auth | Self::Chat | Self::Message | Self::Media | Self::Notification => &[],
        }
    }
}

/// Some of the groups.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct GroupSet(u8);

impl GroupSet {
    pub const ALL: Self = Self(u8::MAX);

    pub fn contains(self, group: Group) -> bool {
        self.0 & bit(group) != 0
    }

    /// Whether any of these is in it.
    pub fn has_any(self, groups: &[Group]) -> bool {
        groups.iter().any(|group| self.contains(*group))
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Group> {
        Group::ALL
            .into_iter()
            .filter(move |group| self.contains(*group))
    }

    /// Groups that those of this set cannot do without and that are not in it.
    pub fn missing(self) -> Self {
        let needed = self.iter().flat_map(|group| group.needs()).copied();
        needed.filter(|group| !self.contains(*group)).collect()
    }

    /// As another node names them; what this version does not know is left out. A node that names
    /// none is of a version that runs them all.
    pub fn of_names<N: AsRef<str>>(names: &[N]) -> Self {
        if names.is_empty() {
            return Self::ALL;
        }
        let known = names.iter().filter_map(|name| Group::parse(name.as_ref()));
        known.collect()
    }

    pub fn names(self) -> Vec<&'static str> {
        self.iter().map(Group::name).collect()
    }
}

impl FromIterator<Group> for GroupSet {
    fn from_iter<I: IntoIterator<Item = Group>>(groups: I) -> Self {
        Self(groups.into_iter().fold(0, |bits, group| bits | bit(group)))
    }
}

impl fmt::Display for GroupSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.names().join(", "))
    }
}

impl fmt::Debug for GroupSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

const fn bit(group: Group) -> u8 {
    1 << group as u8
}
