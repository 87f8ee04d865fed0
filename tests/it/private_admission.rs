//! What artists and operators ask for: each kind has turns of its own, and what finds none is refused with 503.

use std::{
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::Duration,
};

use futures_util::{FutureExt as _, StreamExt as _, stream::FuturesUnordered};
use reqwest::{Method, Response};
use serde_json::json;

use crate::{
    admission::{Hold, refused},
    artist::{Artist, ring},
    girasol::{Server, girasol, key},
    scaled::Postgres,
};

/// Few turns, and little patience.
const FEW: &str = "[server]\nmax_artist_requests = 1\nmax_uploads = 1\nmax_streams = 1\nshed_after_ms = 50\n";

fn bearer(data: &Path, role: &str) -> String {
    format!("Bearer {}", key(data, role))
}

async fn get(server: &Server, path: &str, key: &str) -> Response {
    server.get(path, &[("authorization", key)]).await
}

/// Asks until a turn is free.
async fn until(server: &Server, path: &str, key: &str) -> Response {
    let asked = async {
        loop {
            let response = get(server, path, key).await;
            if response.status() != 503 {
                return response;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("a turn is free in time")
}

#[tokio::test]
async fn artists_are_refused_and_operators_look_on() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let settings = format!(
        "{FEW}[cache]\nwarm = 0\n[database]\njobs_connections = 30\nstatement_timeout_ms = 600000\n\
         report_timeout_ms = 600000\nurl = '{}/postgres'\n",
        postgres.address
    );
    let config = folder.path().join("girasol.toml");
    std::fs::write(&config, &settings).unwrap();
    let key = |role: &str| {
        let mut command = girasol();
        command.args(["key", "create", "--role", role, "--config"]).arg(&config);
        let output = command.arg("--data").arg(folder.path()).output().unwrap();
        format!("Bearer {}", String::from_utf8(output.stdout).unwrap().trim())
    };
    let (artist, metrics) = (key("artist"), key("metrics"));
    let server = Server::start_with(folder.path(), &settings);
    assert_eq!(get(&server, "/api/demand", &artist).await.status(), 200);

    let held = Hold::table(&postgres, "demand");
    let mut asked: FuturesUnordered<_> = (0..5).map(|_| get(&server, "/api/demand", &artist)).collect();
    for _ in 1..5 {
        refused(asked.next().await.unwrap()).await;
    }
    assert!(asked.next().now_or_never().is_none(), "one has the only turn");
    for path in ["/api/alerts", "/api/launches", "/api/performance?hours=1", "/api/session", "/api/health"] {
        assert_eq!(get(&server, path, &metrics).await.status(), 200, "{path}");
    }
    drop(held);
    assert_eq!(asked.next().await.unwrap().status(), 200);
    assert_eq!(until(&server, "/api/jobs", &artist).await.status(), 200);

    // What no one knows is tried a few at a time, and takes no turn of those that are known.
    let unknown = {
        let last = if artist.ends_with('0') { "1" } else { "0" };
        format!("{}{last}", &artist[..artist.len() - 1])
    };
    let held = Hold::table(&postgres, "keys");
    let mut tried: FuturesUnordered<_> = (0..12).map(|_| get(&server, "/api/alerts", &unknown)).collect();
    for _ in 0..4 {
        refused(tried.next().await.unwrap()).await;
    }
    assert!(tried.next().now_or_never().is_none(), "eight are tried");
    drop(held);
    while let Some(response) = tried.next().await {
        assert_eq!(response.status(), 401);
    }
}

#[tokio::test]
async fn files_that_come_slowly_keep_no_one_from_looking() {
    let folder = tempfile::tempdir().unwrap();
    let bearer = bearer(folder.path(), "admin");
    let artist = Artist { server: Server::start_with(folder.path(), FEW), bearer: bearer.clone() };
    let set = artist.open(&ring()).await;
    let file = |name: &str| format!("{set}/frames/{name}");
    // It says what follows, and waits.
    let address = artist.server.base.strip_prefix("http://").unwrap();
    let mut slow = TcpStream::connect(address).unwrap();
    let head = format!(
        "PUT {} HTTP/1.1\r\nHost: {address}\r\nAuthorization: {bearer}\r\nContent-Length: 9\r\n\r\n1234",
        file("000.png")
    );
    slow.write_all(head.as_bytes()).unwrap();
    let put = async || {
        let request = artist.request(Method::PUT, &file("001.png")).body("no picture");
        request.send().await.unwrap()
    };
    let shed = async {
        loop {
            let response = put().await;
            if response.status() == 503 {
                return response;
            }
        }
    };
    let shed = tokio::time::timeout(Duration::from_mins(1), shed).await;
    refused(shed.expect("the only turn is taken")).await;
    assert_eq!(artist.request(Method::GET, "/api/framesets").send().await.unwrap().status(), 200);
    assert_eq!(get(&artist.server, "/api/alerts", &bearer).await.status(), 200);
    slow.write_all(b"56789").unwrap();
    let mut answer = [0; 12];
    slow.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 201");
    drop(slow);
    while put().await.status() == 503 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn streams_have_a_bound_and_artists_have_another_one_than_operators() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = bearer(folder.path(), "metrics");
    let artist =
        Artist { server: Server::start_with(folder.path(), FEW), bearer: bearer(folder.path(), "admin") };
    let server = &artist.server;
    let mut figures = get(server, "/api/performance/events", &metrics).await;
    assert!(figures.chunk().await.unwrap().unwrap().starts_with(b"event: figures\n"));
    refused(get(server, "/api/alerts/events", &metrics).await).await;
    // What is no stream is answered.
    assert_eq!(get(server, "/api/alerts", &metrics).await.status(), 200);
    let unknown = get(server, "/api/jobs/00000000000000000000000000000000/events", &artist.bearer).await;
    assert_eq!(unknown.status(), 404, "an artist's streams are others");
    drop(figures);
    assert_eq!(until(server, "/api/alerts/events", &metrics).await.status(), 200);
}

#[tokio::test]
async fn a_stream_ends_with_the_key_that_opened_it() {
    let folder = tempfile::tempdir().unwrap();
    let [gone, metrics] = ["metrics", "metrics"].map(|role| key(folder.path(), role));
    let server = Server::start_with(folder.path(), "");
    let streams = ["/api/performance/events", "/api/alerts/events"];
    let mut open = Vec::new();
    for path in streams {
        open.push(get(&server, path, &format!("Bearer {gone}")).await);
    }
    let mut other = get(&server, streams[0], &format!("Bearer {metrics}")).await;
    let session = server.post("/api/session", &json!({ "key": metrics }).to_string()).await;
    let cookie = session.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    let of_session = server.get(streams[0], &[("cookie", &cookie)]).await;
    assert_eq!(of_session.status(), 200);

    let id = gone.split('_').nth(1).unwrap();
    let revoked = girasol().args(["key", "revoke", id, "--data"]).arg(folder.path()).output().unwrap();
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    let end = server.request(Method::DELETE, "/api/session").header("cookie", &cookie);
    assert_eq!(end.header("origin", &server.base).send().await.unwrap().status(), 204);
    open.push(of_session);
    for mut stream in open {
        let ended = async { while stream.chunk().await.unwrap().is_some() {} };
        tokio::time::timeout(Duration::from_mins(1), ended).await.expect("the stream ends");
    }
    // That of another key goes on.
    for _ in 0..2 {
        assert!(other.chunk().await.unwrap().is_some());
    }
}

#[tokio::test]
async fn a_server_ends_while_streams_are_open() {
    let folder = tempfile::tempdir().unwrap();
    let metrics = bearer(folder.path(), "metrics");
    let mut server = Server::start_with(folder.path(), "[server]\nshutdown_seconds = 3600\n");
    let mut figures = get(&server, "/api/performance/events", &metrics).await;
    assert!(figures.chunk().await.unwrap().is_some());
    server.signal("TERM");
    while figures.chunk().await.unwrap().is_some() {}
    assert_eq!(server.ended().0, Some(0));
}
