//! What the listeners answer while the servers behind this process are not there yet.

use std::net::TcpListener;
use std::sync::Arc;

use actix_web::dev::Server;
use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, web};
use parking_lot::RwLock;
use serde_json::json;

use super::error::Problem;
use crate::error::Failure;

/// The servers that are away. Cheap to clone.
#[derive(Clone, Default)]
pub struct Missing(Arc<RwLock<Vec<&'static str>>>);

impl Missing {
    pub fn set(&self, servers: Vec<&'static str>) {
        *self.0.write() = servers;
    }
}

/// Answers `/health/live` and nothing else with 200.
pub fn serve(listeners: Vec<TcpListener>, missing: Missing) -> std::io::Result<Server> {
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(missing.clone()))
            .route("/health/live", web::get().to(live))
            .route("/health/ready", web::get().to(ready))
            .default_service(web::to(refuse))
    })
    .workers(1)
    .disable_signals()
    .shutdown_timeout(1);
    let mut listeners = listeners.into_iter();
    let server = listeners.try_fold(server, HttpServer::listen)?;
    Ok(server.run())
}

async fn live() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok", "service": "troupe" }))
}

async fn ready(missing: web::Data<Missing>) -> HttpResponse {
    let failing = missing.0.read().clone();
    let dependencies: serde_json::Map<_, _> = failing
        .iter()
        .map(|name| ((*name).to_owned(), json!("unavailable")))
        .collect();
    HttpResponse::ServiceUnavailable()
        .insert_header((header::RETRY_AFTER, "1"))
        .json(json!({
            "status": "unavailable",
            "failing": failing,
            "dependencies": dependencies,
        }))
}

async fn refuse() -> HttpResponse {
    let failure = Failure::unavailable("the servers behind this one are not there yet");
    Problem::from(failure).response(&uuid::Uuid::now_v7().to_string())
}
