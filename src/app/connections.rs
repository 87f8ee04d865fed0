//! Connections: how many one peer may have, and how long a client may take none of the bytes that wait for it.
//!
//! A client that asks and never reads holds its connection and what waits in it. Both are bounded here: a connection that
//! takes less than [`LEAST_BYTES`] in a while is closed, the system's buffer of each is small, and one peer has a part of
//! all connections at most. Behind a proxy every visitor is the same peer, so trusted proxies are not counted.

use std::{
    collections::HashMap,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, ready},
    time::Duration,
};

use metrics::{Counter, Gauge, counter, gauge};
use nix::sys::socket::{setsockopt, sockopt::SndBuf};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Sleep, sleep},
};

use crate::{
    domain::{limit::network, proxies::TrustedProxies},
    http::outgoing::{Outgoing, Sent},
};

/// What a client has to take in each while that bytes wait for it.
const LEAST_BYTES: usize = 4096;
/// Bytes that the system holds for one connection, about: it would take some megabytes by itself.
const SYSTEM_BUFFER_BYTES: usize = 256 * 1024;

/// How many connections each peer has. A peer is an IPv4 address or an IPv6 network of 64 bits, which one client has
/// for itself.
#[derive(Debug)]
pub(super) struct Peers {
    max: usize,
    trusted: TrustedProxies,
    counts: Mutex<HashMap<IpAddr, usize>>,
    open: Gauge,
    refused: Counter,
    sent: Counter,
}

/// The right to one more connection, as long as it is held.
#[derive(Debug)]
pub(super) struct Admission {
    peers: Arc<Peers>,
    /// `None` for a trusted proxy.
    counted: Option<IpAddr>,
}

impl Peers {
    pub(super) fn new(max: usize, trusted: TrustedProxies) -> Arc<Self> {
        Arc::new(Self {
            max,
            trusted,
            counts: Mutex::default(),
            open: gauge!("girasol_http_connections"),
            refused: counter!("girasol_http_connections_refused_total"),
            sent: counter!("girasol_http_sent_bytes_total"),
        })
    }

    fn counts(&self) -> MutexGuard<'_, HashMap<IpAddr, usize>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Admits one more connection of a peer, unless it has as many as it may.
    pub(super) fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Admission> {
        let counted = (!self.trusted.trusted(peer)).then(|| network(peer));
        if let Some(peer) = counted {
            let mut counts = self.counts();
            let count = counts.entry(peer).or_default();
            if *count >= self.max {
                self.refused.increment(1);
                return None;
            }
            *count += 1;
        }
        self.open.increment(1.0);
        Some(Admission { peers: self.clone(), counted })
    }
}

impl Drop for Admission {
    fn drop(&mut self) {
        self.peers.open.decrement(1.0);
        let Some(peer) = self.counted else { return };
        let mut counts = self.peers.counts();
        if let Some(count) = counts.get_mut(&peer) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&peer);
            }
        }
    }
}

/// A connection that ends when its client takes nothing.
pub(super) struct Connection<S> {
    stream: S,
    outgoing: Outgoing,
    patience: Duration,
    /// Runs while bytes wait for the client.
    waiting: Option<Pin<Box<Sleep>>>,
    /// What the client has taken since then.
    taken: usize,
    admission: Admission,
}

impl Connection<TcpStream> {
    /// A connection as it was accepted.
    pub(super) fn accepted(stream: TcpStream, admission: Admission, patience: Duration) -> Self {
        // The system's own choice does as well, with more memory.
        let _ = setsockopt(&stream, SndBuf, &SYSTEM_BUFFER_BYTES);
        // Otherwise the end of a body waits until the client has acknowledged what came before it, which clients put off by 40 ms.
        let _ = stream.set_nodelay(true);
        Self::new(stream, admission, patience)
    }
}

impl<S: AsyncWrite + Unpin> Connection<S> {
    fn new(stream: S, admission: Admission, patience: Duration) -> Self {
        Self { stream, outgoing: Outgoing::default(), patience, waiting: None, taken: 0, admission }
    }

    /// Where bodies of answers put what this connection is to send.
    pub(super) fn outgoing(&self) -> &Outgoing {
        &self.outgoing
    }

    fn took(&mut self, bytes: usize) {
        self.admission.peers.sent.increment(bytes as u64);
        self.taken += bytes;
        if self.taken >= LEAST_BYTES {
            self.is_through();
        }
    }

    /// Nothing waits for the client, or it has taken enough of it.
    fn is_through(&mut self) {
        (self.waiting, self.taken) = (None, 0);
    }

    /// Waits for the client, and no longer than it may take.
    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let (patience, taken) = (self.patience, &mut self.taken);
        let waiting = self.waiting.get_or_insert_with(|| {
            *taken = 0;
            Box::pin(sleep(patience))
        });
        ready!(waiting.as_mut().poll(cx));
        tracing::debug!(seconds = patience.as_secs(), "a client took nothing, and its connection is closed");
        Poll::Ready(io::Error::new(io::ErrorKind::TimedOut, "the client takes no bytes"))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Connection<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let Self { stream, outgoing, .. } = &mut *self;
        match outgoing.poll_write(stream, cx, bytes) {
            Poll::Ready(Ok(sent)) => {
                self.took(sent.all);
                Poll::Ready(Ok(sent.of_these))
            }
            Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
            Poll::Pending => self.poll_patience(cx).map(Err),
        }
    }

    /// The server flushes when the system has taken all bytes of its buffer.
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.outgoing.is_empty() {
            let Self { stream, outgoing, .. } = &mut *self;
            match outgoing.poll_write(stream, cx, &[]) {
                Poll::Ready(Ok(Sent { all: 0, .. })) => {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                Poll::Ready(Ok(sent)) => self.took(sent.all),
                Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                Poll::Pending => return self.poll_patience(cx).map(Err),
            }
        }
        self.is_through();
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Connection<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, bytes)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;

    fn peers(max: usize) -> Arc<Peers> {
        let trusted = [TrustedProxies::network("10.0.0.0/8").unwrap()].into_iter().collect();
        Peers::new(max, trusted)
    }

    fn admit(peers: &Arc<Peers>, peer: &str) -> Option<Admission> {
        peers.admit(peer.parse().unwrap())
    }

    #[test]
    fn a_peer_has_so_many_connections_and_a_proxy_any_number() {
        let peers = peers(2);
        let held = [admit(&peers, "192.0.2.1"), admit(&peers, "::ffff:192.0.2.1")];
        assert!(held.iter().all(Option::is_some));
        assert!(admit(&peers, "192.0.2.1").is_none());
        let others: Vec<_> = ["192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"]
            .map(|peer| admit(&peers, peer))
            .into();
        assert!(others.iter().all(Option::is_some));
        assert!(admit(&peers, "2001:db8::3").is_none(), "a network of 64 bits is one client");
        let proxy: Vec<_> = (0..9).map(|_| admit(&peers, "10.1.2.3")).collect();
        assert!(proxy.iter().all(Option::is_some));
        drop((held, others, proxy));
        assert!(peers.counts().is_empty());
    }

    fn connection(patience: Duration) -> (Connection<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (server, client) = duplex(1024);
        let admission = admit(&peers(1), "192.0.2.1").unwrap();
        (Connection::new(server, admission, patience), client)
    }

    const LONG: Duration = Duration::from_hours(1);

    /// What one poll writes; 0 where the client has to take something first.
    async fn write_once(server: &mut Connection<tokio::io::DuplexStream>) -> usize {
        let written =
            std::future::poll_fn(|cx| Poll::Ready(Pin::new(&mut *server).poll_write(cx, &[0; 2048]))).await;
        match written {
            Poll::Ready(written) => written.unwrap(),
            Poll::Pending => 0,
        }
    }

    #[tokio::test]
    async fn the_end_of_a_body_does_not_wait_for_an_acknowledgement() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let _client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, peer) = listener.accept().await.unwrap();
        let admission = peers(1).admit(peer.ip()).unwrap();
        let connection = Connection::accepted(stream, admission, Duration::from_secs(1));
        assert!(connection.stream.nodelay().unwrap());
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_left() {
        let (mut server, _client) = connection(Duration::from_millis(10));
        let error = server.write_all(&[0; 4096]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_client_has_to_take_enough_in_its_time() {
        let (mut server, mut client) = connection(LONG);
        assert_eq!(write_once(&mut server).await, 1024);
        assert!(server.waiting.is_none(), "nothing waits yet");
        assert_eq!(write_once(&mut server).await, 0);
        let mut taken = [0; 1024];
        for _ in 0..4 {
            assert!(server.waiting.is_some());
            client.read_exact(&mut taken).await.unwrap();
            assert_eq!(write_once(&mut server).await, 1024);
        }
        // The last of 4096 bytes: its time begins anew.
        assert!(server.waiting.is_none());
    }

    #[tokio::test]
    async fn an_answer_that_was_taken_leaves_the_next_one_all_of_its_time() {
        let (mut server, mut client) = connection(LONG);
        write_once(&mut server).await;
        assert_eq!(write_once(&mut server).await, 0);
        client.read_exact(&mut [0; 100]).await.unwrap();
        assert_eq!(write_once(&mut server).await, 100);
        assert!(server.waiting.is_some());
        server.flush().await.unwrap();
        assert!(server.waiting.is_none());
        assert_eq!(server.taken, 0);
    }
}
