//! `[clients]`: which apps are too old.

use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

use super::Problems;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientsConfig {
    /// One per platform.
    pub minimum: Vec<ClientVersion>,
}

impl ClientsConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        for (index, version) in self.minimum.iter().enumerate() {
            let again = self.minimum[..index]
                .iter()
                .any(|earlier| earlier.platform == version.platform);
            problems.require(
                !again,
                "clients.minimum",
                &format!("names {} twice", version.platform),
                "keep one version per platform",
            );
        }
    }

    /// Whether a client that sends this `X-Client` is too old. What cannot be read is let through.
    pub fn refuses(&self, client: &str) -> bool {
        client.parse::<ClientVersion>().is_ok_and(|client| {
            self.minimum.iter().any(|minimum| {
                minimum.platform == client.platform && client.version < minimum.version
            })
        })
    }
}

/// `android/2.4.1`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientVersion {
    platform: String,
    version: [u32; 3],
}

impl FromStr for ClientVersion {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (platform, version) = text.trim().split_once('/').ok_or(())?;
        let mut parts = [0; 3];
        for (index, part) in version.split('.').enumerate() {
            let digits = part.split(['-', '+']).next().unwrap_or(part);
            *parts.get_mut(index).ok_or(())? = digits.parse().map_err(|_| ())?;
        }
        if platform.is_empty() {
            return Err(());
        }
        Ok(Self {
            platform: platform.to_ascii_lowercase(),
            version: parts,
        })
    }
}

impl<'de> Deserialize<'de> for ClientVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|()| de::Error::custom("expected a platform and version as \"android/2.4.1\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_clients() {
        let clients = ClientsConfig {
            minimum: vec!["android/2.4.1".parse().unwrap()],
        };
        for old in [
            "android/2.4.0",
            "Android/1.99.99",
            "android/2",
            "android/2.4",
        ] {
            assert!(clients.refuses(old), "{old}");
        }
        for fine in [
            "android/2.4.1",
            "android/2.10.0",
            "android/3",
            "ios/1.0.0",
            "",
            "android",
            "x/y",
        ] {
            assert!(!clients.refuses(fine), "{fine}");
        }
    }
}
