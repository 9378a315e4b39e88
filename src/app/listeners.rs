//! Ports, bound before anything else is started.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::{StartError, failed};
use crate::config::Config;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// One more listener.
pub fn bind_one(host: IpAddr, port: u16, names: &Names) -> Result<TcpListener, StartError> {
    listen(host, port).map_err(|unbound| refused(names, &unbound))
}

/// What this process answers at.
pub struct Listeners {
    /// The public one; without the gateway those of the groups, first that by which others reach
    /// this process.
    pub public: Vec<TcpListener>,
    pub admin: TcpListener,
}

/// Binds them all.
pub fn bind(config: &Config) -> Result<Listeners, StartError> {
    let mut public = Vec::new();
    for (setting, port) in config.listening() {
        let names = Names {
            port: setting,
            other_port: if setting == PUBLIC.port {
                PUBLIC.other_port
            } else {
                "choose another, or stop what uses it"
            },
            ..PUBLIC
        };
        let bound = listen(config.http.host, port);
        public.push(bound.map_err(|unbound| refused(&names, &unbound))?);
    }
    let admin = listen(config.admin.host, config.admin.port)
        .map_err(|unbound| refused(&ADMIN, &unbound))?;
    Ok(Listeners { public, admin })
}

pub fn address(listener: &TcpListener) -> Result<SocketAddr, StartError> {
    listener.local_addr().map_err(failed)
}

struct Unbound {
    address: SocketAddr,
    error: std::io::Error,
}

fn listen(host: IpAddr, port: u16) -> Result<TcpListener, Unbound> {
    let address = SocketAddr::new(host, port);
    let bound = || {
        let socket = Socket::new(
            Domain::for_address(address),
            Type::STREAM,
            Some(Protocol::TCP),
        )?;
        socket.set_reuse_address(true)?;
        socket.bind(&address.into())?;
        socket.listen(BACKLOG)?;
        Ok(TcpListener::from(socket))
    };
    bound().map_err(|error| Unbound { address, error })
}

/// What a listener's settings are called, and how another is chosen.
pub struct Names {
    host: &'static str,
    other_host: &'static str,
    port: &'static str,
    other_port: &'static str,
}

const PUBLIC: Names = Names {
    host: "http.host",
    other_host: "choose another with --host",
    port: "http.port",
    other_port: "choose another with --port, or stop what uses it",
};
const ADMIN: Names = Names {
    host: "admin.host",
    other_host: "choose another in the settings",
    port: "admin.port",
    other_port: "choose another with --admin-port, or stop what uses it",
};

pub const GRPC: Names = Names {
    host: "grpc.host",
    other_host: "choose another in the settings",
    port: "grpc.port",
    other_port: "choose another in the settings, or stop what uses it",
};

fn refused(names: &Names, unbound: &Unbound) -> StartError {
    let Unbound { address, error } = unbound;
    let (setting, cure) = match error.kind() {
        ErrorKind::AddrNotAvailable => (names.host, names.other_host),
        _ => (names.port, names.other_port),
    };
    let what = match error.kind() {
        ErrorKind::AddrInUse => format!("{address} is in use"),
        ErrorKind::PermissionDenied => format!("{address} needs more rights"),
        ErrorKind::AddrNotAvailable => format!("{} is no address of this machine", address.ip()),
        _ => format!("{address} cannot be listened on ({error})"),
    };
    StartError::Setting {
        setting,
        what,
        cure: cure.into(),
    }
}
