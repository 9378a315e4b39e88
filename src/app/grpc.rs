//! The listeners for systems beside the installation: which there are, and what each serves.

use std::net::TcpListener;

use secrecy::ExposeSecret;

use super::dependencies::Finding;
use super::groups::Groups;
use super::listeners::{self, GRPC};
use super::{StartError, failed};
use crate::actors::group::{Group, GroupSet};
use crate::config::{Config, GrpcConfig};
use crate::grpc::{Running, Service, Settings, TlsFiles, serve};

/// A bound listener and the groups whose services it serves.
pub struct Bound {
    listener: TcpListener,
    groups: Vec<Group>,
}

/// The listeners of a process that runs these groups: one for everything, or one for each group, on
/// the group's own port.
pub fn bind(config: &GrpcConfig, here: GroupSet) -> Result<Vec<Bound>, StartError> {
    if !config.enabled {
        return Ok(Vec::new());
    }
    let ports = [
        (Group::Auth, config.ports.auth),
        (Group::User, config.ports.user),
        (Group::Chat, config.ports.chat),
        (Group::Message, config.ports.message),
        (Group::Media, config.ports.media),
    ];
    let bound = |port: u16, groups: Vec<Group>| {
        let listener = listeners::bind_one(config.host, port, &GRPC)?;
        Ok(Bound { listener, groups })
    };
    if here == GroupSet::ALL {
        let all = ports.map(|(group, _)| group);
        return Ok(vec![bound(config.port, all.into())?]);
    }
    ports
        .into_iter()
        .filter(|(group, _)| here.contains(*group))
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
        groups: served,
    } in bound
    {
        let address = listeners::address(&listener)?;
        let services = served.iter().filter_map(|group| service(groups, *group));
        let serving = serve(listener, services.collect(), &settings).await;
        running.push(serving.map_err(failed)?);
        tracing::info!(%address, groups = %served.into_iter().collect::<GroupSet>(), "grpc is served");
    }
    Ok(running)
}

fn service(groups: &Groups, group: Group) -> Option<Service> {
    Some(match group {
        Group::Auth => Service::Auth {
            auth: groups.auth.clone(),
            user: groups.user.clone(),
        },
        Group::User => Service::User {
            user: groups.user.clone(),
        },
        Group::Chat => Service::Chat {
            roster: groups.roster.clone()?,
        },
        Group::Message => Service::Message {
            message: groups.message.clone(),
            door: groups.door.clone(),
        },
        Group::Media => Service::Media {
            media: groups.media.clone(),
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
        Ok(_) => Finding::fine(format!("grpc: {asks}")),
        Err(error) => Finding::wrong(error),
    })
}

#[cfg(test)]
mod tests {
    use super::bind;
    use crate::actors::group::{Group, GroupSet};
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
        let bound = bind(&config(), GroupSet::ALL).unwrap();
        assert_eq!(bound.len(), 1);
        let all = [
            Group::Auth,
            Group::User,
            Group::Chat,
            Group::Message,
            Group::Media,
        ];
        assert_eq!(bound[0].groups, all);
    }

    #[test]
    fn groups_of_their_own_have_listeners_of_their_own() {
        let here = [Group::Websocket, Group::Chat, Group::Auth];
        let bound = bind(&config(), here.into_iter().collect()).unwrap();
        let groups: Vec<_> = bound.iter().map(|one| one.groups.as_slice()).collect();
        assert_eq!(groups, [[Group::Auth], [Group::Chat]]);
        assert!(
            bind(&config(), [Group::Gateway].into_iter().collect())
                .unwrap()
                .is_empty()
        );
    }

    #[test]
    fn nothing_listens_unless_it_is_enabled() {
        let off = GrpcConfig {
            enabled: false,
            ..config()
        };
        assert!(bind(&off, GroupSet::ALL).unwrap().is_empty());
    }
}
