//! Another system that calls the services of `proto/`, with clients made from the same files.

use tonic::metadata::MetadataValue;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status};
use troupe::actors::group::Group;

use super::options::ServerOptions;
use super::{Server, eventually_some};

#[expect(clippy::allow_attributes_without_reason, reason = "generated")]
pub mod proto {
    include!(concat!(env!("OUT_DIR"), "/clients/troupe.v1.rs"));
}

impl ServerOptions {
    /// Serves gRPC on free ports.
    #[must_use]
    pub fn grpc(self) -> Self {
        let ports = [
            "PORT",
            "PORTS__AUTH",
            "PORTS__USER",
            "PORTS__CHAT",
            "PORTS__MESSAGE",
            "PORTS__MEDIA",
        ];
        let ports = ports.map(|port| format!("GRPC__{port}"));
        let enabled = self.setting("GRPC__ENABLED", "true");
        ports
            .iter()
            .fold(enabled, |all, port| all.setting(port, "0"))
    }
}

impl Server {
    /// `host:port` where a group's service is.
    pub async fn grpc_address(&self, group: Group) -> String {
        eventually_some("gRPC is served", async || {
            let output = self.part(group).output();
            let line = output
                .lines()
                .find(|line| line.contains("grpc is served"))?;
            let (_, rest) = line.split_once("address=")?;
            rest.split_whitespace().next().map(str::to_owned)
        })
        .await
    }

    pub async fn grpc(&self, group: Group) -> Channel {
        let address = format!("http://{}", self.grpc_address(group).await);
        let endpoint = Endpoint::from_shared(address).expect("an address");
        endpoint.connect().await.expect("connected")
    }
}

/// A request that carries the installation's token.
pub fn with_token<T>(message: T, token: &str) -> Request<T> {
    let mut request = Request::new(message);
    let value: MetadataValue<_> = format!("Bearer {token}").parse().expect("a header value");
    request.metadata_mut().insert("authorization", value);
    request
}

/// Refused with this status, which carries the contract's code.
#[track_caller]
pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>, code: Code, word: &str) -> Status {
    let status = answer.expect_err("refused");
    assert_eq!(status.code(), code, "{status:?}");
    let said = status.metadata().get("troupe-code");
    let said = said.and_then(|value| value.to_str().ok());
    assert_eq!(said, Some(word), "{status:?}");
    status
}
