//! Who may call over gRPC, how much, and how it ends.

use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tempfile::TempDir;
use tonic::Code;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use troupe::actors::group::Group;

use crate::support::grpc::proto::GetUserRequest;
use crate::support::grpc::proto::user_service_client::UserServiceClient;
use crate::support::grpc::with_token;
use crate::support::{PATIENCE, Server};

const TOKEN: &str = "a token of this installation, long enough";

fn health(service: &str) -> HealthCheckRequest {
    HealthCheckRequest {
        service: service.to_owned(),
    }
}

/// The names of everything served.
async fn described(channel: Channel, token: &str) -> Result<Vec<String>, tonic::Status> {
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let asked = with_token(futures_util::stream::iter([request]), token);
    let mut client = ServerReflectionClient::new(channel);
    let mut answers = client.server_reflection_info(asked).await?.into_inner();
    let answer = answers.message().await?.expect("an answer");
    match answer.message_response {
        Some(MessageResponse::ListServicesResponse(list)) => Ok(list
            .service
            .into_iter()
            .map(|service| service.name)
            .collect()),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_is_asked_of_everything_but_health() {
    let server = Server::options()
        .unlimited()
        .grpc()
        .setting("GRPC__TOKEN", TOKEN)
        .start()
        .await;
    let anna = server.person().await;
    let channel = server.grpc(Group::User).await;
    let mut users = UserServiceClient::new(channel.clone());
    let asked = || GetUserRequest {
        user_id: anna.id.clone(),
    };
    for wrong in [
        "",
        "wrong",
        &TOKEN[1..],
        &format!("{TOKEN}."),
        &anna.access_token,
    ] {
        let answer = users.get_user(with_token(asked(), wrong)).await;
        assert_eq!(
            answer.expect_err("refused").code(),
            Code::Unauthenticated,
            "{wrong}"
        );
        let answer = described(channel.clone(), wrong).await;
        assert_eq!(
            answer.expect_err("refused").code(),
            Code::Unauthenticated,
            "{wrong}"
        );
    }
    let bare = users.get_user(asked()).await.expect_err("refused");
    assert_eq!(bare.code(), Code::Unauthenticated);
    let got = users
        .get_user(with_token(asked(), TOKEN))
        .await
        .expect("let in");
    assert_eq!(got.into_inner().id, anna.id);

    let output = server.output();
    assert!(!output.contains(TOKEN), "the token is in the log");
}

#[tokio::test]
async fn what_is_served_is_described_and_healthy() {
    let server = Server::options().unlimited().grpc().start().await;
    let channel = server.grpc(Group::User).await;
    let mut names = described(channel.clone(), TOKEN).await.expect("described");
    names.sort_unstable();
    let mut services =
        ["Auth", "Chat", "Media", "Message", "User"].map(|name| format!("troupe.v1.{name}Service"));
    services.sort_unstable();
    let (others, ours): (Vec<_>, Vec<_>) = names
        .into_iter()
        .partition(|name| name.starts_with("grpc."));
    assert_eq!(ours, services);
    assert!(
        others.iter().any(|name| name == "grpc.health.v1.Health"),
        "{others:?}"
    );
    let mut client = HealthClient::new(channel);
    for service in ["", "troupe.v1.AuthService", "troupe.v1.MessageService"] {
        let answer = client
            .check(health(service))
            .await
            .expect("healthy")
            .into_inner();
        assert_eq!(answer.status(), ServingStatus::Serving, "{service}");
    }
    let unknown = client.check(health("troupe.v1.CallService")).await;
    assert_eq!(unknown.expect_err("not served").code(), Code::NotFound);
}

#[tokio::test]
async fn off_loopback_it_starts_only_where_callers_are_asked() {
    let data = TempDir::new().expect("a directory");
    let outside = || Server::options().grpc().setting("GRPC__HOST", "0.0.0.0");
    let (code, said) = outside().run(data.path()).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("grpc.token") && said.contains("grpc.tls.client_ca"),
        "{said}"
    );
    let (code, said) = outside()
        .setting("GRPC__TOKEN", "short")
        .run(data.path())
        .await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("grpc.token") && !said.contains("short\""),
        "{said}"
    );
    let missing = outside()
        .setting("GRPC__TLS__CERTIFICATE", "/nowhere/cert.pem")
        .setting("GRPC__TLS__KEY", "/nowhere/key.pem")
        .setting("GRPC__TLS__CLIENT_CA", "/nowhere/ca.pem");
    let (code, said) = missing.run(data.path()).await;
    assert_eq!(code, Some(2), "{said}");
    assert!(
        said.contains("grpc.tls") && said.contains("/nowhere/cert.pem"),
        "{said}"
    );
    let server = outside().setting("GRPC__TOKEN", TOKEN).start().await;
    let answer = described(server.grpc(Group::User).await, TOKEN).await;
    assert!(answer.is_ok(), "{answer:?}");
}

/// A certificate authority with a server's and a client's certificate, as files.
struct Papers {
    folder: TempDir,
    ca: String,
    client: (String, String),
}

impl Papers {
    fn new() -> Self {
        let key = || KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("names");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, key()).expect("an authority");
        let signed = |name: &str| {
            let key = key();
            let params = CertificateParams::new(vec![name.to_owned()]).expect("names");
            let certificate = params.signed_by(&key, &issuer).expect("signed");
            (certificate.pem(), key.serialize_pem())
        };
        let folder = TempDir::new().expect("a directory");
        let (certificate, key) = signed("localhost");
        let ca = issuer.pem();
        for (name, text) in [
            ("cert.pem", certificate),
            ("key.pem", key),
            ("ca.pem", ca.clone()),
        ] {
            std::fs::write(folder.path().join(name), text).expect("written");
        }
        Self {
            folder,
            ca,
            client: signed("client"),
        }
    }

    fn file(&self, name: &str) -> String {
        let path: &Path = self.folder.path();
        path.join(name).display().to_string()
    }
}

#[tokio::test]
async fn mutual_tls_lets_in_whom_the_authority_knows() {
    let (papers, strangers) = (Papers::new(), Papers::new());
    let server = Server::options()
        .unlimited()
        .grpc()
        .setting("GRPC__HOST", "0.0.0.0")
        .setting("GRPC__TLS__CERTIFICATE", &papers.file("cert.pem"))
        .setting("GRPC__TLS__KEY", &papers.file("key.pem"))
        .setting("GRPC__TLS__CLIENT_CA", &papers.file("ca.pem"))
        .start()
        .await;
    let anna = server.person().await;
    let address = server.grpc_address(Group::User).await;
    let port = address.rsplit_once(':').expect("a port").1.to_owned();
    let call = async |identity: Option<&(String, String)>| {
        let mut tls = ClientTlsConfig::new()
            .domain_name("localhost")
            .ca_certificate(Certificate::from_pem(&papers.ca));
        if let Some((certificate, key)) = identity {
            tls = tls.identity(Identity::from_pem(certificate, key));
        }
        let endpoint = Endpoint::from_shared(format!("https://127.0.0.1:{port}"));
        let endpoint = endpoint
            .expect("an address")
            .tls_config(tls)
            .expect("settings");
        let channel = endpoint.connect_lazy();
        let asked = GetUserRequest {
            user_id: anna.id.clone(),
        };
        UserServiceClient::new(channel).get_user(asked).await
    };
    let answer = call(Some(&papers.client))
        .await
        .expect("known to the authority");
    assert_eq!(answer.into_inner().id, anna.id);
    assert!(call(None).await.is_err(), "without a certificate");
    assert!(
        call(Some(&strangers.client)).await.is_err(),
        "of another authority"
    );
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_connection_lives() {
    let server = Server::options()
        .unlimited()
        .grpc()
        .setting("GRPC__MESSAGE_BYTES", "16384")
        .start()
        .await;
    let anna = server.person().await;
    let mut users = UserServiceClient::new(server.grpc(Group::User).await);
    let large = GetUserRequest {
        user_id: "x".repeat(20_000),
    };
    let answer = users.get_user(large).await.expect_err("too large");
    assert_eq!(answer.code(), Code::OutOfRange, "{answer:?}");
    let asked = GetUserRequest {
        user_id: anna.id.clone(),
    };
    assert!(users.get_user(asked).await.is_ok());
}

#[tokio::test]
async fn a_drain_is_announced_and_does_not_wait_for_watchers() {
    let mut server = Server::options()
        .unlimited()
        .embedded()
        .grpc()
        .start()
        .await;
    let mut client = HealthClient::new(server.grpc(Group::Message).await);
    let watching = client
        .watch(health("troupe.v1.ChatService"))
        .await
        .expect("watching");
    let mut states = watching.into_inner();
    let first = states.message().await.expect("a state").expect("a state");
    assert_eq!(first.status(), ServingStatus::Serving);
    server.terminate();
    let next = tokio::time::timeout(PATIENCE, states.message())
        .await
        .expect("in time");
    assert_eq!(
        next.expect("a state").expect("a state").status(),
        ServingStatus::NotServing
    );
    let status = server.exit(Duration::from_secs(10)).await;
    assert!(status.success(), "{status:?}");
}
