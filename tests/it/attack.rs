//! What anonymous clients can do to a server: each attack is bounded, runs on the loopback and ends by itself. `make attack`
//! runs them with more of everything, and prints memory and time before and after.

use std::{
    fmt::Write as _,
    fs,
    net::{IpAddr, SocketAddr},
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, future::join_all, stream};
use reqwest::{Method, StatusCode};
use serde_json::Value;
use sqlx::{Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use crate::girasol::{DATA, RING, Server, draw_turn, girasol, ingest, key, sequence};

/// How many of each, from `ATTACK_CLIENTS`.
fn clients(fewest: usize) -> usize {
    std::env::var("ATTACK_CLIENTS").map_or(fewest, |clients| clients.parse().unwrap())
}

/// Resident memory of a server in MiB: now, and at most so far.
fn memory(server: &Server) -> (u64, u64) {
    let status = fs::read_to_string(format!("/proc/{}/status", server.child.id())).unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1024
    };
    (of("VmRSS:"), of("VmHWM:"))
}

/// How long a visitor waits for a manifest.
async fn visit(server: &Server) -> Duration {
    let began = Instant::now();
    let manifest = server.get(&sequence(RING), &[("accept-encoding", "br")]).await;
    assert_eq!(manifest.status(), 200);
    manifest.bytes().await.unwrap();
    began.elapsed()
}

fn report(attack: &str, before: (Duration, u64), after: (Duration, (u64, u64))) {
    let ((waited_before, rss_before), (waited, (rss, peak))) = (before, after);
    eprintln!(
        "{attack}: a manifest took {waited_before:.1?} before and {waited:.1?} meanwhile; memory {rss_before} MiB before, {rss} MiB after, {peak} MiB at most"
    );
}

/// A product of 4,096 contexts beside the ring.
fn import_bracelet(data: &Path) {
    let mut product = String::from(
        "schema = \"girasol.product/1\"\nid = \"bracelet.tennis\"\nlabel = \"Tennis bracelet\"\n",
    );
    for option in ["metal", "stone", "clasp", "length"] {
        let _ = write!(product, "[[options]]\nname = \"{option}\"\ndefault = \"c0\"\nchoices = [");
        for choice in 0..8 {
            let _ = write!(product, "{{ value = \"c{choice}\" }}, ");
        }
        product.push_str("]\n");
    }
    let file = data.join("bracelet.toml");
    fs::write(&file, product).unwrap();
    let imported = girasol().args(["product", "import"]).arg(&file).arg("--data").arg(data).output().unwrap();
    assert!(imported.status.success(), "{}", String::from_utf8_lossy(&imported.stderr));
}

#[tokio::test]
async fn contexts_and_hosts_without_end_cost_one_quick_compression_each() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    import_bracelet(data);
    // Rings of a few small frames: what their encoding takes is not what the clients cost.
    let fixtures = tempfile::tempdir().unwrap();
    for metal in ["yellow-gold", "rose-gold", "platinum"] {
        draw_turn(&fixtures.path().join(format!("solitaire-{metal}")), [200, 200, 200], 2);
    }
    let server = Server::start_over(data, &["demo", "--fixtures", fixtures.path().to_str().unwrap()]);
    let before = (visit(&server).await, memory(&server).0);
    let count = clients(200);
    let address = |number: usize| {
        let [a, b, c, d] = [number % 8, number / 8 % 8, number / 64 % 8, number / 512 % 8];
        format!("/api/products/customizable/bracelet/tennis?metal=c{a}&stone=c{b}&clasp=c{c}&length=c{d}")
    };
    let contexts = join_all((0..count).map(|number| {
        let server = &server;
        async move { server.get(&address(number), &[("accept-encoding", "br")]).await.status() }
    }));
    let hosts = join_all((0..count).map(|number| {
        let (server, host) = (&server, format!("shop-{number}.example"));
        async move { server.get("/", &[("accept-encoding", "br"), ("host", &host)]).await.status() }
    }));
    let (contexts, hosts, waited) = tokio::join!(contexts, hosts, visit(&server));
    assert!(contexts.iter().chain(&hosts).all(|status| *status == 200));
    let after = memory(&server);
    report("contexts and hosts", before, (waited, after));
    assert!(after.1 < before.1 + 128, "{after:?}");
}

/// A client at an address of this machine, which asks for an object and reads nothing.
async fn ask_from(address: &str, server: &Server, path: &str, times: usize) -> TcpStream {
    send_from(address, server, &format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n").repeat(times)).await
}

/// The same for a client that sends anything.
async fn send_from(address: &str, server: &Server, request: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    // As little as the system lets a client take in without reading.
    socket.set_recv_buffer_size(4096).unwrap();
    socket.bind(SocketAddr::new(address.parse::<IpAddr>().unwrap(), 0)).unwrap();
    let server: SocketAddr = server.base.strip_prefix("http://").unwrap().parse().unwrap();
    let mut connection = socket.connect(server).await.unwrap();
    // The server may have closed it already.
    let _ = connection.write_all(request.as_bytes()).await;
    connection
}

/// Files and connections that a server has open.
fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.child.id())).unwrap().count()
}

#[tokio::test]
async fn clients_that_never_read_are_left_and_hold_little() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "yellow-gold", [212, 175, 95], 24);
    let pack = put_pack(data);
    // No connection is closed for being idle.
    let server = Server::start_with(data, "[server]\nwrite_seconds = 2\nkeep_alive_seconds = 3600\n");
    // One by the routes, and one in front of them.
    for path in ["/studio.js", &pack] {
        let whole = server.get(path, &[]).await.bytes().await.unwrap();
        let before = (visit(&server).await, memory(&server).0);
        let (count, few) = (clients(100), descriptors(&server) + 5);
        let mut silent = Vec::new();
        for _ in 0..count {
            silent.push(ask_from("127.0.0.2", &server, path, 16).await);
        }
        let waited = visit(&server).await;
        let after = memory(&server);
        report(&format!("clients that never read {path}"), before, (waited, after));
        let held = after.1.saturating_sub(before.1) * 1024 / count as u64;
        assert!(held < whole.len() as u64 / 1024, "{held} KiB for each connection");
        closed(&server, few).await;
        drop(silent);
    }
}

/// Stores a pack of 4 MiB that no version has, and gives its address.
fn put_pack(data: &Path) -> String {
    let bytes: Vec<u8> = (0..4_u32 << 20).map(|at| (at ^ (at >> 9)) as u8).collect();
    let name = format!("p/{}.pack", Digest::of(&bytes));
    let file = data.join("objects").join(&name);
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(file, bytes).unwrap();
    format!("/{name}")
}

/// Waits until a server has closed connections, though no client has read anything.
async fn closed(server: &Server, few: usize) {
    let closed = async {
        while descriptors(server) > few {
            visit(server).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(2), closed).await.expect("each connection is closed");
}

#[tokio::test]
async fn connections_that_are_half_closed_are_left() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    let pack = put_pack(data);
    let bearer = key(data, "metrics");
    // None is closed for being idle or slow to ask.
    let server = Server::start_with(
        data,
        "[server]\nwrite_seconds = 2\nkeep_alive_seconds = 3600\nheader_seconds = 300\n",
    );
    let before = (visit(&server).await, memory(&server).0);
    let few = descriptors(&server) + 5;
    let get = |path: &str| format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n");
    let events =
        format!("GET /api/performance/events HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {bearer}\r\n\r\n");
    let requests = [
        // Nothing, half of a head, an answer that fits into what the system keeps, one that does not, and half of a body.
        String::new(),
        "GET / HTTP/1.1\r\nHo".to_owned(),
        get("/api/health/live"),
        get(&pack),
        "POST /api/vitals HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 90\r\n\r\n{".to_owned(),
    ];
    let mut silent = Vec::new();
    for request in requests.iter().cycle().take(clients(100)) {
        let mut connection = send_from("127.0.0.2", &server, request).await;
        connection.shutdown().await.unwrap();
        silent.push(connection);
    }
    report("half-closed connections", before, (visit(&server).await, memory(&server)));
    closed(&server, few).await;
    // A client may say that it sends no more, and read on.
    let mut stream = send_from("127.0.0.2", &server, &events).await;
    stream.shutdown().await.unwrap();
    let mut got = String::new();
    while !got.contains("event: figures") {
        let mut some = [0; 1024];
        let read = stream.read(&mut some).await.unwrap();
        assert!(read > 0, "{got}");
        got.push_str(&String::from_utf8_lossy(&some[..read]));
    }
}

#[tokio::test]
async fn streams_that_are_never_read_keep_to_their_turns_and_end_with_their_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    let [gone, metrics] = ["metrics", "metrics"].map(|role| key(data, role));
    let server = Server::start_with(data, "[server]\nmax_streams = 4\nkeep_alive_seconds = 1\n");
    let before = (visit(&server).await, memory(&server).0);
    let few = descriptors(&server) + 5;
    let streams = ["/api/performance/events", "/api/alerts/events"];
    let mut silent = Vec::new();
    for (number, path) in streams.iter().cycle().take(clients(60)).enumerate() {
        let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {gone}\r\n\r\n");
        let mut connection = send_from("127.0.0.2", &server, &request).await;
        // No more than how it is answered.
        let mut status = [0; 12];
        connection.read_exact(&mut status).await.unwrap();
        assert_eq!(&status, if number < 4 { b"HTTP/1.1 200" } else { b"HTTP/1.1 503" });
        silent.push(connection);
    }
    let bearer = format!("Bearer {metrics}");
    let ask = async |path: &str| server.get(path, &[("authorization", &bearer)]).await.status();
    assert_eq!(ask(streams[0]).await, 503);
    for path in ["/api/alerts", "/api/performance?hours=1", "/api/health"] {
        assert_eq!(ask(path).await, 200, "{path}");
    }
    report("streams that are never read", before, (visit(&server).await, memory(&server)));

    let id = gone.split('_').nth(1).unwrap();
    let revoked = girasol().args(["key", "revoke", id, "--data"]).arg(data).output().unwrap();
    assert!(revoked.status.success(), "{}", String::from_utf8_lossy(&revoked.stderr));
    let free = async { while ask(streams[0]).await != 200 {} };
    tokio::time::timeout(Duration::from_mins(1), free).await.expect("the turns are free");
    closed(&server, few).await;
    drop(silent);
}

#[tokio::test]
async fn one_peer_does_not_take_the_connections_of_the_others() {
    let limits = "[server]\nmax_connections_per_peer = 20\n";
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
    let open = async |server: &Server, address: &str| {
        let mut open = Vec::new();
        for _ in 0..40 {
            open.push(ask_from(address, server, "/api/health/live", 1).await);
        }
        let mut answered = 0;
        for connection in &mut open {
            let mut some = [0; 8];
            answered += usize::from(connection.read_exact(&mut some).await.is_ok());
        }
        (answered, open)
    };
    let server = Server::start_with(folder.path(), limits);
    let (answered, held) = open(&server, "127.0.0.2").await;
    assert_eq!(answered, 20);
    // Other peers are served, and so is this one when it has closed its own.
    visit(&server).await;
    drop(held);
    while open(&server, "127.0.0.2").await.0 < 20 {}
    drop(server);

    let trusting = format!("{limits}trusted_proxies = [\"127.0.0.2\"]\n");
    let server = Server::start_with(folder.path(), &trusting);
    assert_eq!(open(&server, "127.0.0.2").await.0, 40);
}

#[tokio::test]
async fn more_clients_than_descriptors_do_not_stop_a_server() {
    // The soft limit is what most systems begin with, less.
    let binary = girasol();
    let mut limited = Command::new("sh");
    limited.args(["-c", "ulimit -Sn 128; exec \"$0\" \"$@\""]).arg(binary.get_program()).arg("serve");
    let server = Server::start_by(limited, &DATA);
    let before = (visit(&server).await, memory(&server).0);
    let mut idle = Vec::new();
    for _ in 0..clients(300) {
        idle.push(ask_from("127.0.0.2", &server, "/api/health/live", 1).await);
    }
    let waited = visit(&server).await;
    report("idle connections", before, (waited, memory(&server)));
}

#[tokio::test]
async fn demand_is_counted_in_memory_and_no_visitor_waits_for_a_writer() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "yellow-gold", [212, 175, 95], 12);
    import_bracelet(data);
    let server = Server::start_with(data, "[vitals]\nkeep_demand = 50\n");
    let before = (visit(&server).await, memory(&server).0);

    // Another process holds the database's write lock all the time.
    let file = SqliteConnectOptions::new().filename(data.join("girasol.db"));
    let mut writer = SqliteConnection::connect_with(&file).await.unwrap();
    sqlx::raw_sql("begin immediate").execute(&mut writer).await.unwrap();
    let configure = async |number: usize| {
        let body = format!(
            r#"{{"choices": {{"metal": "c{}", "stone": "c{}", "clasp": "c{}", "length": "c{}"}}}}"#,
            number % 8,
            number / 8 % 8,
            number / 64 % 8,
            number / 512 % 8,
        );
        server.post("/api/products/customizable/bracelet.tennis/configure", &body).await.status()
    };
    let asked: Vec<StatusCode> =
        stream::iter(0..clients(500)).map(configure).buffer_unordered(50).collect().await;
    assert!(asked.iter().all(|status| *status == 202), "{asked:?}");
    let waited = visit(&server).await;
    report("demand behind a writer", before, (waited, memory(&server)));
    sqlx::raw_sql("rollback").execute(&mut writer).await.unwrap();
    writer.close().await.unwrap();

    let admin = format!("Bearer {}", key(data, "admin"));
    let listed = async || -> Value {
        let listed = server.request(Method::GET, "/api/demand").header("authorization", &admin);
        listed.send().await.unwrap().json().await.unwrap()
    };
    let mut demand = listed().await;
    while demand["wanted"].as_array().unwrap().is_empty() {
        demand = listed().await;
    }
    assert_eq!(demand["wanted"].as_array().unwrap().len(), 50);
}
