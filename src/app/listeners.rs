//! Ports, bound before anything else is started.

use std::io::ErrorKind;
use std::net::{IpAddr, SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use super::{StartError, failed};
use crate::config::Config;

/// Connections that may wait to be accepted.
const BACKLOG: i32 = 4096;

/// The public and the admin listener.
pub fn bind(config: &Config) -> Result<(TcpListener, TcpListener), StartError> {
    let public = listen(config.http.host, config.http.port).map_err(|error| {
        refused(
            "http.port",
            &error,
            "choose another with --port, or stop what uses it",
        )
    })?;
    let admin = listen(config.admin.host, config.admin.port).map_err(|error| {
        refused(
            "admin.port",
            &error,
            "choose another with --admin-port, or stop what uses it",
        )
    })?;
    Ok((public, admin))
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

fn refused(setting: &'static str, unbound: &Unbound, cure: &'static str) -> StartError {
    let Unbound { address, error } = unbound;
    let what = match error.kind() {
        ErrorKind::AddrInUse => format!("{address} is in use"),
        ErrorKind::PermissionDenied => format!("{address} needs more rights"),
        ErrorKind::AddrNotAvailable => format!("{address} is no address of this machine"),
        _ => format!("{address} cannot be listened on ({error})"),
    };
    StartError::Setting {
        setting,
        what,
        cure,
    }
}
