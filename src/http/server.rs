//! The two listeners and what every worker of theirs is given.

use std::any::Any;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use actix_http::{HttpService, Request};
use actix_server::ServerBuilder;
use actix_service::{IntoServiceFactory, ServiceFactory, ServiceFactoryExt, map_config};
use actix_web::body::BoxBody;
use actix_web::dev::{AppConfig, Server, ServiceResponse};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, Error};

use super::middleware::{cors, doorkeeper, frame, same_origin};
use super::upgrade::Upgrades;
use super::{admin, routes};
use crate::actors::fanout::LANES;
use crate::actors::websocket::transport::Transport;
use crate::config::{Config, HttpConfig};
use crate::storage::limits::LimitStore;

/// How long requests under way may take once the server stops, in seconds.
const SHUTDOWN_SECONDS: u64 = 8;
/// How long a peer may take to end a connection that is over.
const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// The framework's buffer for each connection starts with 8 KiB, and then never grows.
const WRITE_BUFFER_BYTES: usize = 4096;

/// What the workers share.
#[derive(Clone)]
pub struct Shared {
    pub config: Arc<Config>,
    pub limits: Arc<dyn LimitStore>,
}

/// Serves what this process runs: the API, the sockets and the pages, or of these what there is.
/// `equip` runs on each worker's own arbiter and adds what its handlers take; `equip_sockets` what
/// those of sockets take beside it, once for each listener.
pub fn serve_public(
    listeners: Vec<TcpListener>,
    shared: &Shared,
    equip: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    equip_sockets: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let http = &shared.config.http;
    let (plain, sockets) = (shared.clone(), shared.clone());
    let equip_both = equip.clone();
    let plain = move || public_app(&plain, &equip);
    let sockets = move || {
        public_app(&sockets, &|worker| {
            equip_both(worker);
            equip_sockets(worker);
        })
    };
    listen(listeners, http, workers(http), plain, sockets)
}

fn public_app(shared: &Shared, equip: &dyn Fn(&mut ServiceConfig)) -> impl WebApp + use<> {
    App::new()
        .app_data(web::Data::from(Arc::clone(&shared.config)))
        .app_data(web::Data::from(Arc::clone(&shared.limits)))
        .configure(equip)
        .configure(routes::of(shared.config.groups))
        .wrap(from_fn(doorkeeper))
        .wrap(cors(&shared.config.http.cors))
        .wrap(from_fn(frame))
        .into_factory()
}

/// Serves operators.
pub fn serve_admin(
    listener: TcpListener,
    shared: &Shared,
    equip: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let http = &shared.config.http;
    let shared = shared.clone();
    let app = move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&shared.config)))
            .configure(&equip)
            .configure(admin::routes)
            .wrap(from_fn(same_origin))
            .wrap(from_fn(frame))
            .into_factory()
    };
    listen(vec![listener], http, 1, app.clone(), app)
}

/// What a worker serves.
pub trait WebApp:
    ServiceFactory<
        Request,
        Config = AppConfig,
        Response = ServiceResponse<BoxBody>,
        Error = Error,
        InitError = (),
        Service: 'static,
        Future: 'static,
    > + 'static
{
}

impl<A> WebApp for A where
    A: ServiceFactory<
            Request,
            Config = AppConfig,
            Response = ServiceResponse<BoxBody>,
            Error = Error,
            InitError = (),
            Service: 'static,
            Future: 'static,
        > + 'static
{
}

/// Serves `plain`, and `sockets` to requests that ask for a WebSocket; each is made on each worker.
///
/// `HttpServer` has no way to take a connection over after its 101, so this is what it does, with
/// that. The bounds are the framework's own: it answers heads that come too slowly with 408, and
/// heads above 128 KiB with 431, before any handler; the doorkeeper's bound is lower.
pub fn listen<P: WebApp, S: WebApp>(
    listeners: Vec<TcpListener>,
    http: &HttpConfig,
    workers: usize,
    plain: impl Fn() -> P + Clone + Send + 'static,
    sockets: impl Fn() -> S + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let mut builder = ServerBuilder::new()
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .workers(workers);
    for listener in listeners {
        let (plain, sockets) = (plain.clone(), sockets.clone());
        builder = listen_at(builder, listener, http, plain, sockets)?;
    }
    Ok(builder.run())
}

fn listen_at<P: WebApp, S: WebApp>(
    builder: ServerBuilder,
    listener: TcpListener,
    http: &HttpConfig,
    plain: impl Fn() -> P + Clone + Send + 'static,
    sockets: impl Fn() -> S + Clone + Send + 'static,
) -> std::io::Result<ServerBuilder> {
    let stopping = builder.graceful_shutdown_signal();
    let (head_timeout, keep_alive) = (http.head_timeout, http.keep_alive);
    builder.listen("http", listener, move || {
        let stopping = stopping.clone();
        HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(head_timeout)
            .client_disconnect_timeout(DISCONNECT_TIMEOUT)
            .h1_allow_half_closed(true)
            .h1_write_buffer_size(WRITE_BUFFER_BYTES)
            .on_connect_ext(|io: &_, data: &mut _| Transport::tune(io as &dyn Any, data))
            .upgrade(Upgrades(sockets()))
            .finish(map_config(
                plain().map_err(|error| error.error_response()),
                |()| AppConfig::default(),
            ))
            .tcp()
    })
}

fn workers(http: &HttpConfig) -> usize {
    let processors = std::thread::available_parallelism().map_or(2, usize::from);
    lanes(http.workers, processors)
}

/// Each worker serves sockets and so is a lane.
fn lanes(wanted: usize, processors: usize) -> usize {
    let workers = if wanted == 0 { processors } else { wanted };
    workers.min(LANES)
}

#[cfg(test)]
mod tests {
    use super::{LANES, lanes};

    #[test]
    fn a_large_machine_has_no_more_workers_than_lanes() {
        assert_eq!(lanes(0, 4), 4);
        assert_eq!(lanes(3, 4), 3);
        assert_eq!(lanes(0, 192), LANES);
    }
}
