//! The listeners for systems beside the installation: which there are, and what each serves.

use std::net::TcpListener;

use secrecy::ExposeSecret;

use super::dependencies::Finding;
use super::groups::Groups;
use super::listeners::{self, GRPC};
use super::{StartError, failed};
use crate::config::{Config, GrpcConfig};
use crate::grpc::{Running, Service, Settings, TlsFiles, serve};

/// A bound listener and the groups whose services it serves.
pub struct Bound {
    listener: TcpListener,
    groups: Vec<&'static str>,
}

/// Groups that have a service.
const SERVED: [&str; 4] = ["auth", "user", "chat", "message"];

/// The listeners of a process that runs `only` these groups, or all: one for everything, or one for
/// each group, on the group's own port.
pub fn bind(config: &GrpcConfig, only: Option<&[&str]>) -> Result<Vec<Bound>, StartError> {
    if !config.enabled {
        return Ok(Vec::new());
    }
    let bound = |port: u16, groups: Vec<&'static str>| {
        let listener = listeners::bind_one(config.host, port, &GRPC)?;
        Ok(Bound { listener, groups })
    };
    let Some(only) = only else {
        return Ok(vec![bound(config.port, SERVED.to_vec())?]);
    };
    let ports = [
        config.ports.auth,
        config.ports.user,
        config.ports.chat,
        config.ports.message,
    ];
    let served = SERVED.into_iter().zip(ports);
    served
        .filter(|(group, _)| only.contains(group))
        .map(|(group, port)| bound(port, vec![group]))
        .collect()
}

/// Serves what was bound.
pub async fn start(
    config: &GrpcConfig,
    bound: Vec<Bound>,
    groups: &Groups,
) -> Result<Vec<Running>, StartError> {
    let settings = settings(config)?;
    let mut running = Vec::with_capacity(bound.len());
    for Bound {
        listener,
        groups: names,
    } in bound
    {
        let address = listeners::address(&listener)?;
        let services = names.iter().filter_map(|name| service(groups, name));
        let serving = serve(listener, services.collect(), &settings).await;
        running.push(serving.map_err(failed)?);
        tracing::info!(%address, groups = names.join(","), "grpc is served");
    }
    Ok(running)
}

fn service(groups: &Groups, name: &str) -> Option<Service> {
    Some(match name {
        "auth" => Service::Auth {
            auth: groups.auth.clone(),
            user: groups.user.clone(),
        },
        "user" => Service::User {
            user: groups.user.clone(),
        },
        "chat" => Service::Chat {
            roster: groups.roster.clone(),
        },
        "message" => Service::Message {
            message: groups.message.clone(),
            door: groups.door.clone(),
        },
        _ => return None,
    })
}

/// Reads the files that the settings name.
fn settings(config: &GrpcConfig) -> Result<Settings, StartError> {
    let files = config.tls.is_on().then(|| TlsFiles {
        certificate: config.tls.certificate.clone(),
        key: config.tls.key.clone(),
        client_ca: config.tls.is_mutual().then(|| config.tls.client_ca.clone()),
    });
    let tls = files
        .as_ref()
        .filter(|_| config.enabled)
        .map(TlsFiles::read);
    let tls = tls.transpose().map_err(|error| StartError::Setting {
        setting: "grpc.tls",
        what: error.to_string(),
        cure: "name files in PEM that this process may read and that belong together".into(),
    })?;
    Ok(Settings {
        token: config.token.clone(),
        message_bytes: config.message_bytes,
        calls: config.calls,
        deadline: config.deadline,
        tls,
    })
}

/// A line of `troupe doctor`; `None` where nothing is served.
pub fn examine(config: &Config) -> Option<Finding> {
    let grpc = &config.grpc;
    let asks = match (grpc.tls.is_mutual(), grpc.token.expose_secret().is_empty()) {
        (true, true) => "asks for a certificate",
        (true, false) => "asks for a certificate and a token",
        (false, false) => "asks for a token",
        (false, true) => "asks for nothing, on loopback",
    };
    grpc.enabled.then(|| match settings(grpc) {
        Ok(_) => Finding::new(true, format!("fine   grpc: {asks}")),
        Err(error) => Finding::new(false, format!("WRONG  {error}")),
    })
}

#[cfg(test)]
mod tests {
    use super::bind;
    use crate::config::{GrpcConfig, Loader};

    fn config() -> GrpcConfig {
        let names = ["grpc.port", "grpc.ports.auth", "grpc.ports.chat"];
        let loader = Loader::dev().set("grpc.enabled", true);
        let loader = names
            .iter()
            .fold(loader, |loader, name| loader.set(name, 0));
        loader.load().unwrap().grpc
    }

    #[test]
    fn a_process_that_runs_everything_has_one_listener() {
        let bound = bind(&config(), None).unwrap();
        assert_eq!(bound.len(), 1);
        assert_eq!(bound[0].groups, ["auth", "user", "chat", "message"]);
    }

    #[test]
    fn groups_of_their_own_have_listeners_of_their_own() {
        let bound = bind(&config(), Some(&["websocket", "chat", "auth"])).unwrap();
        let groups: Vec<_> = bound.iter().map(|one| one.groups.as_slice()).collect();
        assert_eq!(groups, [["auth"], ["chat"]]);
        assert!(bind(&config(), Some(&["gateway"])).unwrap().is_empty());
    }

    #[test]
    fn nothing_listens_unless_it_is_enabled() {
        let off = GrpcConfig {
            enabled: false,
            ..config()
        };
        assert!(bind(&off, None).unwrap().is_empty());
    }
}
