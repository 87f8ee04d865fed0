//! The address of the server, and the signals that stop the process.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
};

use nix::sys::socket::{Backlog, listen};

use super::AppError;

/// Takes the address that a setting names.
pub(super) fn bind(address: &str, setting: &'static str) -> Result<TcpListener, AppError> {
    listener(address).map_err(|source| AppError::Listen { address: address.to_owned(), setting, source })
}

/// The standard library lets 128 connections wait until they are accepted. Where more visitors come at once, the system
/// drops what they send, and they come again after a second: as many may wait as the system allows.
fn listener(address: &str) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listen(&listener, Backlog::MAXCONN)?;
    Ok(listener)
}

/// An address that a browser on this machine can open: one that stands for all becomes the loopback.
pub(super) fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = if address.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { address.ip() };
    SocketAddr::new(ip, address.port())
}

/// Completes at SIGTERM or SIGINT, which are caught as soon as this returns.
pub(super) fn stop_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("stopping: requests under way are finished");
    })
}

#[cfg(test)]
mod tests {
    use std::{fs, net::TcpStream, time::Duration};

    use super::*;

    #[test]
    fn hundreds_of_visitors_may_come_at_once() {
        let allowed = fs::read_to_string("/proc/sys/net/core/somaxconn").unwrap().trim().parse().unwrap();
        let listener = bind("127.0.0.1:0", "server.listen").unwrap();
        let address = listener.local_addr().unwrap();
        let connect = |_| TcpStream::connect_timeout(&address, Duration::from_secs(20));
        // None is accepted.
        let visitors = (0..300.min(allowed)).map(connect).collect::<io::Result<Vec<_>>>();
        assert!(visitors.is_ok(), "{visitors:?}");
    }
}
