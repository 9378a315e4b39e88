//! `[admin]`: the operator's listener.

use std::net::IpAddr;

use serde::Deserialize;

use super::Problems;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AdminConfig {
    pub host: IpAddr,
    /// 0: any free one.
    pub port: u16,
    /// `POST /admin/test-users`.
    pub test_users: bool,
    /// `/admin/faults`.
    pub faults: bool,
}

impl AdminConfig {
    pub(super) fn check(&self, problems: &mut Problems) {
        problems.require(
            self.host.is_loopback() || !self.test_users,
            "admin.test_users",
            "is on while admin.host is not loopback: anyone who reaches it could make accounts",
            "turn it off, or set admin.host to 127.0.0.1",
        );
        problems.require(
            self.host.is_loopback() || !self.faults,
            "admin.faults",
            "is on while admin.host is not loopback: anyone who reaches it could break everything",
            "turn it off, or set admin.host to 127.0.0.1",
        );
    }
}
