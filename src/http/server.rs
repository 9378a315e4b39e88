//! The two listeners and what every worker of theirs is given.

use std::net::TcpListener;
use std::sync::Arc;

use actix_http::{Request, Response};
use actix_service::IntoServiceFactory;
use actix_web::body::MessageBody;
use actix_web::dev::{AppConfig, Server, ServiceFactory};
use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};
use actix_web::{App, HttpServer};

use super::middleware::{cors, doorkeeper, frame};
use super::{admin, routes};
use crate::actors::fanout::LANES;
use crate::actors::websocket::queue::PIECE_BYTES;
use crate::actors::websocket::transport::Transport;
use crate::config::{Config, HttpConfig};
use crate::storage::limits::LimitStore;

/// How long requests under way may take once the server stops, in seconds.
const SHUTDOWN_SECONDS: u64 = 8;

/// What the workers share.
#[derive(Clone)]
pub struct Shared {
    pub config: Arc<Config>,
    pub limits: Arc<dyn LimitStore>,
}

/// Serves what this process runs: the API, the sockets and the pages, or of these what there is. `equip` runs once on each worker's own arbiter and
/// adds what its handlers take.
pub fn serve_public(
    listeners: Vec<TcpListener>,
    shared: &Shared,
    equip: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let http = shared.config.http.clone();
    let shared = shared.clone();
    let served = routes::of(shared.config.groups);
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&shared.config)))
            .app_data(web::Data::from(Arc::clone(&shared.limits)))
            .configure(&equip)
            .configure(served)
            .wrap(from_fn(doorkeeper))
            .wrap(cors(&shared.config.http.cors))
            .wrap(from_fn(frame))
    });
    let server = tuned(server, &http).workers(workers(&http));
    Ok(listen(server, listeners)?.run())
}

/// Serves operators.
pub fn serve_admin(
    listener: TcpListener,
    shared: &Shared,
    equip: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
) -> std::io::Result<Server> {
    let http = shared.config.http.clone();
    let shared = shared.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::from(Arc::clone(&shared.config)))
            .configure(&equip)
            .configure(admin::routes)
            .wrap(from_fn(frame))
    });
    Ok(tuned(server, &http).workers(1).listen(listener)?.run())
}

/// The same on each of them.
pub(super) fn listen<F, I, S, B>(
    server: HttpServer<F, I, S, B>,
    listeners: Vec<TcpListener>,
) -> std::io::Result<HttpServer<F, I, S, B>>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    let mut listeners = listeners.into_iter();
    listeners.try_fold(server, HttpServer::listen)
}

/// The framework's own bounds. It answers heads that come too slowly with 408, and heads above 128 KiB
/// with 431, before any handler; the doorkeeper's bound is lower.
fn tuned<F, I, S, B>(server: HttpServer<F, I, S, B>, http: &HttpConfig) -> HttpServer<F, I, S, B>
where
    F: Fn() -> I + Send + Clone + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<actix_web::Error>,
    S::InitError: std::fmt::Debug,
    S::Response: Into<Response<B>>,
    B: MessageBody + 'static,
{
    server
        .disable_signals()
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .client_request_timeout(http.head_timeout)
        .keep_alive(http.keep_alive)
        .tcp_nodelay(true)
        .h1_write_buffer_size(PIECE_BYTES)
        .on_connect(Transport::keep)
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
