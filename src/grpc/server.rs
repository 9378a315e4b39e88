//! One listener: which services it serves, how it begins and how it ends.

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use actix::Arbiter;
use secrecy::SecretString;
use tokio::sync::oneshot;
use tonic::service::RoutesBuilder;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tonic_health::ServingStatus;
use tonic_health::server::HealthReporter;

use super::auth::AuthAdapter;
use super::chat::ChatAdapter;
use super::doorkeeper::Doorkeeper;
use super::media::MediaAdapter;
use super::message::MessageAdapter;
use super::proto::auth_service_server::{AuthServiceServer, SERVICE_NAME as AUTH};
use super::proto::chat_service_server::{ChatServiceServer, SERVICE_NAME as CHAT};
use super::proto::media_service_server::{MediaServiceServer, SERVICE_NAME as MEDIA};
use super::proto::message_service_server::{MessageServiceServer, SERVICE_NAME as MESSAGE};
use super::proto::user_service_server::{SERVICE_NAME as USER, UserServiceServer};
use super::user::UserAdapter;
use crate::actors::auth::requests::AuthPeers;
use crate::actors::chat::requests::RosterPeers;
use crate::actors::media::requests::MediaPeers;
use crate::actors::message::requests::MessagePeers;
use crate::actors::placement::ChatDoor;
use crate::actors::user::requests::UserPeers;

/// The services as reflection describes them.
const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/services.bin"));
/// Calls under way on one connection.
const STREAMS: u32 = 256;
/// How long calls under way may take once the server stops. Who watches its health never ends by
/// himself.
const DRAIN: Duration = Duration::from_secs(5);
const KEEPALIVE: Duration = Duration::from_secs(30);
const HANDSHAKE: Duration = Duration::from_secs(10);

/// A service and the groups that answer it.
#[derive(Clone)]
#[expect(
    clippy::large_enum_variant,
    reason = "one of each is made, at the start"
)]
pub enum Service {
    Auth {
        auth: AuthPeers,
        user: UserPeers,
    },
    User {
        user: UserPeers,
    },
    Chat {
        roster: RosterPeers,
    },
    Message {
        message: MessagePeers,
        door: ChatDoor,
    },
    Media {
        media: MediaPeers,
    },
}

impl Service {
    /// As callers, reflection and health name it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Auth { .. } => AUTH,
            Self::User { .. } => USER,
            Self::Chat { .. } => CHAT,
            Self::Message { .. } => MESSAGE,
            Self::Media { .. } => MEDIA,
        }
    }
}

/// How a listener treats its callers.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Empty: nothing is asked.
    pub token: SecretString,
    pub message_bytes: usize,
    /// Calls under way.
    pub calls: usize,
    pub deadline: Duration,
    pub tls: Option<ServerTlsConfig>,
}

/// Files in PEM.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    pub certificate: PathBuf,
    pub key: PathBuf,
    /// Whose certificates callers must show.
    pub client_ca: Option<PathBuf>,
}

/// A file that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be used ({cause})", path.display())]
pub struct TlsFileError {
    path: PathBuf,
    cause: String,
}

impl TlsFiles {
    /// Reads the files, and sees whether they can be used together.
    pub fn read(&self) -> Result<ServerTlsConfig, TlsFileError> {
        let pem = |path: &PathBuf| {
            std::fs::read(path).map_err(|error| TlsFileError {
                path: path.clone(),
                cause: error.to_string(),
            })
        };
        let identity = Identity::from_pem(pem(&self.certificate)?, pem(&self.key)?);
        let mut tls = ServerTlsConfig::new().identity(identity).timeout(HANDSHAKE);
        if let Some(path) = &self.client_ca {
            tls = tls.client_ca_root(Certificate::from_pem(pem(path)?));
        }
        let tried = Server::builder().tls_config(tls.clone());
        tried.map_err(|error| TlsFileError {
            path: self.certificate.clone(),
            cause: chain(&error),
        })?;
        Ok(tls)
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    match error.source() {
        Some(source) => format!("{error}: {}", chain(source)),
        None => error.to_string(),
    }
}

/// A listener that serves.
pub struct Running {
    stop: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
    health: HealthReporter,
    names: Vec<&'static str>,
}

impl Running {
    /// Says through the health service that no more calls should come.
    pub async fn announce_end(&self) {
        for name in self.names.iter().chain([&""]) {
            let gone = ServingStatus::NotServing;
            self.health.set_service_status(name, gone).await;
        }
    }

    /// Takes no more calls and waits for those under way, at most 5 s.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        if tokio::time::timeout(DRAIN, self.ended).await.is_err() {
            tracing::debug!("calls were still under way");
        }
    }
}

/// Why a listener does not serve.
#[derive(Debug, thiserror::Error)]
#[error("grpc: {0}")]
pub struct ServeError(String);

impl ServeError {
    fn of(error: impl std::error::Error) -> Self {
        Self(chain(&error))
    }
}

/// Serves these services, their health and their descriptions, on an arbiter of its own.
pub async fn serve(
    listener: TcpListener,
    services: Vec<Service>,
    settings: &Settings,
) -> Result<Running, ServeError> {
    let (health, health_service) = tonic_health::server::health_reporter();
    let names: Vec<&'static str> = services.iter().map(Service::name).collect();
    for name in &names {
        health
            .set_service_status(name, ServingStatus::Serving)
            .await;
    }
    let mut routes = RoutesBuilder::default();
    routes.add_service(health_service);
    describe(&mut routes, &names)?;
    for service in services {
        add(&mut routes, service, settings.message_bytes);
    }
    let router = builder(settings)?.add_routes(routes.routes());
    listener.set_nonblocking(true).map_err(ServeError::of)?;
    let (stop, stopped) = oneshot::channel();
    let (end, ended) = oneshot::channel();
    Arbiter::new().spawn(async move {
        let incoming = match tokio::net::TcpListener::from_std(listener) {
            Ok(listener) => TcpIncoming::from(listener).with_nodelay(Some(true)),
            Err(error) => return tracing::error!(cause = %error, "grpc does not listen"),
        };
        let stopped = async move {
            let _ = stopped.await;
        };
        if let Err(error) = router.serve_with_incoming_shutdown(incoming, stopped).await {
            tracing::error!(cause = chain(&error), "grpc ended");
        }
        let _ = end.send(());
    });
    Ok(Running {
        stop,
        ended,
        health,
        names,
    })
}

type Layers = tower::layer::util::Stack<Doorkeeper, tower::layer::util::Identity>;

fn builder(settings: &Settings) -> Result<Server<Layers>, ServeError> {
    let mut server = Server::builder()
        .max_concurrent_streams(STREAMS)
        .http2_keepalive_interval(Some(KEEPALIVE));
    if let Some(tls) = &settings.tls {
        server = server.tls_config(tls.clone()).map_err(ServeError::of)?;
    }
    let Settings {
        token,
        calls,
        deadline,
        ..
    } = settings;
    Ok(server.layer(Doorkeeper::new(token, *calls, *deadline)))
}

/// Both versions of reflection: tools of today still ask for the older one.
fn describe(routes: &mut RoutesBuilder, names: &[&'static str]) -> Result<(), ServeError> {
    let described = || {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTORS)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        names
            .iter()
            .fold(builder, |builder, name| builder.with_service_name(*name))
    };
    routes.add_service(described().build_v1().map_err(ServeError::of)?);
    routes.add_service(described().build_v1alpha().map_err(ServeError::of)?);
    Ok(())
}

fn add(routes: &mut RoutesBuilder, service: Service, bytes: usize) {
    /// A generated server around an adapter, with its bounds.
    macro_rules! bounded {
        ($server:ident, $adapter:expr) => {
            routes.add_service(
                $server::new($adapter)
                    .max_decoding_message_size(bytes)
                    .max_encoding_message_size(bytes),
            )
        };
    }
    match service {
        Service::Auth { auth, user } => bounded!(AuthServiceServer, AuthAdapter { auth, user }),
        Service::User { user } => bounded!(UserServiceServer, UserAdapter { user }),
        Service::Chat { roster } => bounded!(ChatServiceServer, ChatAdapter { roster }),
        Service::Media { media } => bounded!(MediaServiceServer, MediaAdapter { media }),
        Service::Message { message, door } => {
            bounded!(MessageServiceServer, MessageAdapter { message, door })
        }
    };
}

#[cfg(test)]
mod tests {
    use prost::Message;

    #[test]
    fn everything_described_can_be_read() {
        let read = prost_types::FileDescriptorSet::decode(super::DESCRIPTORS).unwrap();
        let services = read.file.iter().flat_map(|file| &file.service);
        assert_eq!(services.count(), 5);
    }
}
