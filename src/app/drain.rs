//! The end of a server under load: no client whose connection was accepted is left without an answer.
//!
//! 1. Answers ask clients to close their connections, and new connections are still served.
//! 2. The server accepts no more. The connections that the system has accepted for it meanwhile are answered with 503.
//! 3. Requests under way are finished, and idle connections are closed.

use std::{net::TcpListener, time::Duration};

use actix_web::dev::ServerHandle;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinSet,
    time::{Instant, sleep, timeout},
};

use crate::http::Draining;

/// How often it is looked whether requests still come.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How long connections are looked for that the system has accepted.
const SWEEP: Duration = Duration::from_millis(200);
const SWEEP_EVERY: Duration = Duration::from_millis(5);
/// How long such a client may take to send its request.
const REFUSE_WITHIN: Duration = Duration::from_secs(2);
/// The most that is read of a request that is refused.
const MAX_HEAD: usize = 64 << 10;

const REFUSAL: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n\
    Cache-Control: private, no-store\r\nAccess-Control-Allow-Origin: *\r\nContent-Length: 0\r\n\r\n";

/// Ends the server. `listener` is another handle of the socket that it listens on: without it the system would reset the
/// connections that no thread has taken when the server closes its own.
pub(super) async fn drain(
    server: ServerHandle,
    listener: TcpListener,
    draining: &Draining,
    patience: Duration,
) {
    draining.begin();
    let began = Instant::now();
    let mut seen = None;
    while began.elapsed() < patience {
        let requests = draining.requests();
        if seen.replace(requests) == Some(requests) {
            break;
        }
        sleep(LOOK_EVERY).await;
    }
    server.pause().await;
    // Meanwhile the workers take what was accepted before.
    let first = sweep(&listener).await;
    let stopped = server.stop(true);
    let refused = async {
        refuse_all(first).await;
        // Their clients would connect again at once: they are answered when there is nothing to connect to.
        let last = sweep(&listener).await;
        drop(listener);
        refuse_all(last).await;
    };
    tokio::join!(stopped, refused);
}

/// Takes the connections that wait, for a while, and at the very end.
async fn sweep(listener: &TcpListener) -> Vec<std::net::TcpStream> {
    let (mut taken, until) = (Vec::new(), Instant::now() + SWEEP);
    loop {
        // The listener does not block: nothing waits, or the connection is gone again.
        while let Ok((stream, _)) = listener.accept() {
            taken.push(stream);
        }
        if Instant::now() >= until {
            return taken;
        }
        sleep(SWEEP_EVERY).await;
    }
}

async fn refuse_all(streams: Vec<std::net::TcpStream>) {
    streams.into_iter().map(refuse).collect::<JoinSet<()>>().join_all().await;
}

/// Reads a request to its end and answers it: a connection that is closed with bytes unread is reset.
async fn refuse(stream: std::net::TcpStream) {
    let answered = async {
        stream.set_nonblocking(true)?;
        let mut stream = TcpStream::from_std(stream)?;
        let (mut head, mut chunk) = (Vec::new(), [0; 4096]);
        while head.len() < MAX_HEAD && !head.windows(4).any(|end| end == b"\r\n\r\n") {
            match stream.read(&mut chunk).await? {
                0 => return Ok(()),
                read => head.extend_from_slice(&chunk[..read]),
            }
        }
        stream.write_all(REFUSAL).await?;
        stream.shutdown().await
    };
    // The client may have left.
    let _: Result<std::io::Result<()>, _> = timeout(REFUSE_WITHIN, answered).await;
}
