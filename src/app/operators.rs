//! The listener for operators, where they have one of their own: that of a server, and that of a process that only works.

use std::net::TcpListener;

use actix_web::dev::{Server, ServerHandle};

use crate::{config::ServerConfig, http, telemetry::metrics::Runtimes};

use super::{
    AppError, listen,
    routes::{OfWorker, Shared},
    server,
};

/// Operators and what measures the server are few: a thread and some connections are enough for them.
const THREADS: usize = 1;
const MAX_CONNECTIONS: usize = 256;

/// Starts a server of the operators' addresses, if the settings name an address for it. It runs until its handle stops it.
pub(super) fn start(
    config: &ServerConfig,
    runtimes: &Runtimes,
    shared: &Shared,
) -> Result<Option<ServerHandle>, AppError> {
    let Some((listener, config)) = bind(config)? else { return Ok(None) };
    let shared = shared.clone();
    let server = server::start(listener, &config, runtimes, move || shared.clone().routes(http::operator))
        .map_err(AppError::Server)?;
    Ok(Some(run(server)))
}

/// The same of a process that only works: its figures, and whether it lives.
pub(super) fn start_for_worker(
    config: &ServerConfig,
    runtimes: &Runtimes,
    shared: &OfWorker,
) -> Result<Option<ServerHandle>, AppError> {
    let Some((listener, config)) = bind(config)? else { return Ok(None) };
    let shared = shared.clone();
    let server = server::start(listener, &config, runtimes, move || shared.clone().routes())
        .map_err(AppError::Server)?;
    Ok(Some(run(server)))
}

fn bind(config: &ServerConfig) -> Result<Option<(TcpListener, ServerConfig)>, AppError> {
    let Some(address) = &config.operator_listen else { return Ok(None) };
    let listener = listen::bind(address, "server.operator_listen")?;
    let address = listener.local_addr().map_err(AppError::Server)?;
    tracing::info!(%address, "operators have a listener of their own");
    let config = ServerConfig {
        workers: THREADS.try_into().ok(),
        max_connections: config.max_connections.min(MAX_CONNECTIONS),
        ..config.clone()
    };
    Ok(Some((listener, config)))
}

fn run(server: Server) -> ServerHandle {
    let handle = server.handle();
    tokio::spawn(async move {
        if let Err(error) = server.await {
            tracing::error!(%error, "the operators' server failed");
        }
    });
    handle
}
