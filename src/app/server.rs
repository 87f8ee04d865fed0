//! The HTTP server: its threads, and the connections that they accept.

use std::{fmt, future::ready, io, net::TcpListener, thread, time::Duration};

use actix_http::{HttpService, Request, Response, body::MessageBody, error::DispatchError};
use actix_service::{
    IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt as _, fn_service, map_config,
};
use actix_web::{
    Error,
    dev::{AppConfig, Server},
};
use tokio::net::TcpStream;

use crate::{config::ServerConfig, telemetry::metrics::Runtimes};

use super::{
    connections::{Connection, Peers},
    descriptors,
};

/// Starts the server, which runs until its handle stops it.
///
/// actix-web's own `HttpServer` accepts connections of its own kind alone, which wait for a client that never reads.
pub(super) fn start<F, I, S, B>(
    listener: TcpListener,
    config: &ServerConfig,
    runtimes: &Runtimes,
    routes: F,
) -> io::Result<Server>
where
    F: Fn() -> I + Clone + Send + 'static,
    I: IntoServiceFactory<S, Request>,
    S: ServiceFactory<Request, Config = AppConfig> + 'static,
    S::Error: Into<Error> + 'static,
    S::InitError: fmt::Debug,
    S::Response: Into<Response<B>> + 'static,
    S::Service: 'static,
    <S::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    let threads =
        config.workers.map_or_else(|| thread::available_parallelism().map_or(2, Into::into), Into::into);
    let Bounds { of_thread, of_peer } = Bounds::of(config, threads);
    let peers = Peers::new(of_peer, config.proxies());
    let address = listener.local_addr()?;
    let keep_alive = Duration::from_secs(config.keep_alive_seconds);
    let for_headers = Duration::from_secs(config.header_seconds);
    let patience = Duration::from_secs(config.write_seconds);

    let server = Server::build()
        .workers(threads)
        .max_concurrent_connections(of_thread)
        .shutdown_timeout(config.shutdown_seconds)
        .disable_signals();
    let (stopping, runtimes) = (server.graceful_shutdown_signal(), runtimes.clone());
    let server = server.listen("http", listener, move || {
        runtimes.add_current();
        let (peers, stopping) = (peers.clone(), stopping.clone());
        let admitted = fn_service(move |stream: TcpStream| {
            let peer = stream.peer_addr();
            let admitted = peer.map_err(DispatchError::Io).and_then(|peer| {
                let admission = peers.admit(peer.ip()).ok_or_else(|| {
                    tracing::debug!(%peer, "a peer has as many connections as it may, and this one is closed");
                    DispatchError::Io(io::ErrorKind::ConnectionRefused.into())
                })?;
                Ok((Connection::accepted(stream, admission, patience), Some(peer)))
            });
            ready(admitted)
        });
        let routes = routes().into_factory().map_err(|error| error.into().error_response());
        let http = HttpService::build()
            .graceful_shutdown_signal(move || {
                let stopping = stopping.clone();
                async move { stopping.notified().await }
            })
            .keep_alive(keep_alive)
            .client_request_timeout(for_headers)
            .client_disconnect_timeout(Duration::from_secs(5))
            .local_addr(address)
            .on_connect_ext(|connection: &Connection<TcpStream>, data| {
                data.insert(connection.outgoing().clone());
            })
            .h1(map_config(routes, |()| AppConfig::default()));
        admitted.and_then(http)
    })?;
    tracing::info!(%address, threads, connections = of_thread * threads, of_peer, "the server accepts connections");
    Ok(server.run())
}

/// Connections at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Bounds {
    of_thread: usize,
    of_peer: usize,
}

impl Bounds {
    fn of(config: &ServerConfig, threads: usize) -> Self {
        Self::within(descriptors::connections(), config, threads)
    }

    /// As configured, within what the system allows. No peer has more than half of all.
    fn within(allowed: u64, config: &ServerConfig, threads: usize) -> Self {
        let allowed = usize::try_from(allowed).unwrap_or(usize::MAX) / threads.max(1);
        let of_thread = config.max_connections.min(allowed).max(1);
        let of_peer = config.max_connections_per_peer.min((of_thread * threads / 2).max(1));
        Self { of_thread, of_peer }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_stay_within_what_the_system_allows() {
        let config =
            ServerConfig { max_connections: 1000, max_connections_per_peer: 300, ..ServerConfig::default() };
        let bounds = |allowed, threads| {
            let Bounds { of_thread, of_peer } = Bounds::within(allowed, &config, threads);
            (of_thread, of_peer)
        };
        assert_eq!(bounds(1 << 20, 2), (1000, 300));
        assert_eq!(bounds(768, 2), (384, 300));
        assert_eq!(bounds(256, 4), (64, 128));
        assert_eq!(bounds(1, 4), (1, 2));
    }
}
