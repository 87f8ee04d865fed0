//! Starting, stopping, health, and what is built in.

use std::{
    io::{BufRead as _, BufReader, Read as _, Seek as _, SeekFrom, Write as _},
    net::TcpStream,
    process::{Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;

use crate::girasol::{DATA, Server, draw_turn, girasol, header, ingest, is_scaled, problem, sequence};

#[tokio::test]
async fn health_is_told_from_the_network_alone() {
    let server = Server::start();
    for path in ["/api/health", "/api/health/live", "/api/health/ready"] {
        let response = server.get(path, &[]).await;
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
        let health: Value = response.json().await.unwrap();
        assert!(health["status"] == "ok" || health["status"] == "degraded", "{health}");
    }
}

#[test]
fn a_command_that_waits_for_a_process_that_hangs_says_so() {
    if is_scaled() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    // As a process that was stopped while it opened the database.
    let held = std::fs::File::create(folder.path().join("girasol.db.lock")).unwrap();
    held.lock().unwrap();
    let mut command = girasol();
    command.args(["versions", "--data"]).arg(folder.path());
    let mut waiting = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(waiting.stderr.take().unwrap()).lines().map_while(Result::ok);
    let mut said = said.filter(|line| line.contains("another process opens or migrates the database"));
    assert!(said.next().unwrap().contains("girasol.db.lock"));
    drop(held);
    assert_eq!(said.next(), None, "once is enough");
    assert!(waiting.wait().unwrap().success());
}

/// Asks for health until it says this of the store. Other parts are as well as the machine is.
async fn until_the_store_is(server: &Server, status: &str) -> Value {
    let asked = async {
        loop {
            let health: Value = server.get("/api/health", &[]).await.json().await.unwrap();
            if health["parts"]["store"]["status"] == status {
                return health;
            }
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("the server sees it in time")
}

#[tokio::test]
async fn a_server_whose_store_goes_away_serves_what_it_has_and_says_that_it_is_degraded() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let server = Server::start_over(folder.path(), &["serve"]);
    let still = "/still/ring.solitaire.metal-platinum.stone-diamond.jpg";
    let bytes = server.get(still, &[]).await.bytes().await.unwrap();
    std::fs::rename(folder.path().join("objects"), folder.path().join("elsewhere")).unwrap();
    let health = until_the_store_is(&server, "degraded").await;
    assert_eq!(health["status"], "degraded");
    let store = &health["parts"]["store"];
    assert!(store["lastSuccess"].is_string() && store["lastError"]["at"].is_string(), "{health}");
    assert!(store["problem"].as_str().unwrap().starts_with("the object store cannot be used: "), "{health}");
    let ready = server.get("/api/health/ready", &[]).await;
    assert_eq!(ready.status(), 200);
    assert_eq!(ready.json::<Value>().await.unwrap()["status"], "degraded");
    assert_eq!(server.get(still, &[]).await.bytes().await.unwrap(), bytes);

    std::fs::rename(folder.path().join("elsewhere"), folder.path().join("objects")).unwrap();
    let health = until_the_store_is(&server, "ok").await;
    assert!(health["parts"]["store"]["lastError"]["problem"].is_string(), "{health}");
}

#[tokio::test]
async fn health_names_every_part_and_task() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_over(folder.path(), &["serve"]);
    let parts = ["background", "database", "disk", "memory", "objects", "queue", "store"];
    let all = async {
        loop {
            let health: Value = server.get("/api/health", &[]).await.json().await.unwrap();
            let known: Vec<&String> = health["parts"].as_object().unwrap().keys().collect();
            if known == parts {
                return health;
            }
        }
    };
    let health = tokio::time::timeout(Duration::from_mins(1), all).await.expect("all parts are looked at");
    for part in ["database", "store"] {
        assert!(health["parts"][part]["latencyMs"].as_f64().unwrap() >= 0.0, "{health}");
    }
    assert_eq!(health["parts"]["queue"]["figures"]["queued"], 0.0);
    assert!(health["parts"]["disk"]["figures"]["free_bytes"].as_f64().unwrap() > 0.0);
    assert_eq!(health["tasks"]["expire"]["restarts"], 0);
    assert_eq!(health["tasks"]["work"]["isOverdue"], false);
}

#[tokio::test]
async fn a_server_over_a_ruined_database_is_not_ready() {
    let folder = tempfile::tempdir().unwrap();
    let mut first = Server::start_over(folder.path(), &["serve"]);
    first.signal("TERM");
    assert_eq!(first.ended().0, Some(0));
    let server = Server::start_over(folder.path(), &["serve"]);
    let database = folder.path().join("girasol.db");
    let size = std::fs::metadata(&database).unwrap().len() as usize;
    // In place, and all but the first page: what the server has open is ruined.
    let mut file = std::fs::File::options().write(true).open(&database).unwrap();
    file.seek(SeekFrom::Start(4096)).unwrap();
    file.write_all(&vec![0xff; size - 4096]).unwrap();
    let not_ready = server.until("/api/health/ready", 503).await;
    assert_eq!(header(not_ready.headers(), "retry-after"), "5");
    assert_eq!(header(not_ready.headers(), "cache-control"), "private, no-store");
    assert_eq!(problem(not_ready, 503).await, "not-ready");
    let health = server.get("/api/health", &[]).await;
    assert_eq!(health.status(), 503);
    assert_eq!(header(health.headers(), "retry-after"), "5");
    let health: Value = health.json().await.unwrap();
    assert_eq!(
        (&health["status"], &health["parts"]["database"]["status"]),
        (&"failed".into(), &"failed".into())
    );
    assert_eq!(server.get("/api/health/live", &[]).await.status(), 200);
}

#[tokio::test]
async fn an_empty_data_folder_is_served_as_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start_over(&folder.path().join("new"), &["serve"]);
    let response = server.get("/api/products/customizable/ring/solitaire", &[]).await;
    assert_eq!(problem(response, 404).await, "no-such-product");
}

#[test]
fn a_request_under_way_is_finished_before_the_server_stops() {
    let mut server = Server::start();
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let body = br#"{"choices":{"metal":"rose-gold"}}"#;
    let mut connection = TcpStream::connect(&address).unwrap();
    write!(
        connection,
        "POST /api/products/customizable/ring.solitaire/configure HTTP/1.1\r\nHost: girasol\r\nExpect: 100-continue\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    )
    .unwrap();
    // The server has begun: it asks for the body.
    let mut asked = [0; 25];
    connection.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"HTTP/1.1 100 Continue\r\n\r\n");

    server.signal("TERM");
    while TcpStream::connect(&address).is_ok() {
        std::thread::yield_now();
    }
    connection.write_all(body).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(answer.contains(r#""status":"ready""#));
    assert_eq!(server.ended().0, Some(0));
}

#[test]
fn an_interrupt_stops_the_server_in_order_too() {
    let mut server = Server::start();
    server.signal("INT");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(log.contains("stopped"), "{log}");
}

#[test]
fn a_server_whose_stdout_is_closed_serves() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut serve = girasol();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(&*DATA);
    let mut server = serve.stdout(writer).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = BufReader::new(server.stderr.take().unwrap());
    let mut line = String::new();
    while !line.contains("listening") {
        line.clear();
        assert_ne!(log.read_line(&mut line).unwrap(), 0, "the server ended");
    }
    Command::new("kill").args(["-s", "TERM", &server.id().to_string()]).status().unwrap();
    let mut rest = String::new();
    log.read_to_string(&mut rest).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(0), "{rest}");
}

#[test]
fn a_log_level_that_is_none_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = girasol();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let output = serve.env("GIRASOL_LOG__LEVEL", "===").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("log.level"), "{said}");
}

#[test]
fn a_setting_that_does_not_exist_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let mut serve = girasol();
    serve.args(["serve", "--listen", "127.0.0.1:0", "--data"]).arg(folder.path());
    let output = serve.env("GIRASOL_SERVER__WORKRS", "2").output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains("GIRASOL_SERVER__WORKRS") && said.contains("GIRASOL_SERVER__WORKERS"), "{said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn an_address_that_is_taken_is_named() {
    let server = Server::start();
    let address = server.base.strip_prefix("http://").unwrap();
    let output = girasol().args(["serve", "--listen", address, "--data"]).arg(&*DATA).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    assert!(said.contains(address), "{said}");
}

#[test]
fn what_is_not_http_is_answered_and_the_server_goes_on() {
    let mut server = Server::start();
    let address = server.base.strip_prefix("http://").unwrap().to_owned();
    let long = format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(200_000));
    for nonsense in ["\r\n\r\n\r\n", "GET\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\u{16}\u{3}\u{1}", &long] {
        let mut connection = TcpStream::connect(&address).unwrap();
        // The server may close before everything is written.
        let _ = connection.write_all(nonsense.as_bytes());
        let _ = connection.shutdown(std::net::Shutdown::Write);
        let _ = connection.read_to_end(&mut Vec::new());
    }
    let mut connection = TcpStream::connect(&address).unwrap();
    connection.write_all(b"GET /api/health/live HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    server.signal("TERM");
    let (_, log) = server.ended();
    assert!(!log.contains("ERROR"), "no line asks for action: {log}");
}

#[tokio::test]
async fn the_viewer_is_built_in_and_asked_for_anew_each_time() {
    let server = Server::start();
    let response = server.get("/girasol-spin.js", &[]).await;
    assert_eq!(header(response.headers(), "content-type"), "text/javascript");
    assert_eq!(header(response.headers(), "cache-control"), "public, no-cache");
    let tag = header(response.headers(), "etag").to_owned();
    assert_eq!(header(response.headers(), "vary"), "Accept-Encoding");
    assert!(response.text().await.unwrap().contains("girasol-spin"));
    let compressed = server.get("/girasol-spin.js", &[("accept-encoding", "br")]).await;
    assert_eq!(header(compressed.headers(), "content-encoding"), "br");
    let again = server.get("/girasol-spin.js", &[("if-none-match", &tag)]).await;
    assert_eq!(again.status(), 304);
    problem(server.get("/nothing", &[]).await, 404).await;
}

#[tokio::test]
async fn the_demo_page_runs_nothing_from_elsewhere_and_delegates_hints() {
    let folder = tempfile::tempdir().unwrap();
    for metal in ["yellow-gold", "rose-gold", "platinum"] {
        draw_turn(&folder.path().join(format!("solitaire-{metal}")), [200, 200, 200], 2);
    }
    let fixtures = folder.path().to_str().unwrap();
    let server = Server::start_over(&folder.path().join("data"), &["demo", "--fixtures", fixtures]);
    let page = server.get("/", &[]).await;
    assert_eq!(page.status(), 200);
    let headers = page.headers();
    assert_eq!(header(headers, "content-type"), "text/html; charset=utf-8");
    assert_eq!(header(headers, "cache-control"), "public, no-cache");
    assert!(
        header(headers, "content-security-policy")
            .starts_with("default-src 'self'; img-src 'self' data: blob: https:;")
    );
    assert!(!header(headers, "content-security-policy").contains("unsafe"));
    assert!(header(headers, "accept-ch").contains("Device-Memory"));
    assert!(header(headers, "permissions-policy").contains("ch-device-memory=*"));
    let mut tag = header(headers, "etag").to_owned();
    // A ring may go live in between, which changes the page; there are three of them.
    while server.get("/", &[("if-none-match", &tag)]).await.status() != 304 {
        tag = header(server.get("/", &[]).await.headers(), "etag").to_owned();
    }
    for (path, media_type) in [
        ("/demo.js", "text/javascript"),
        ("/demo-first.js", "text/javascript"),
        ("/demo.css", "text/css; charset=utf-8"),
    ] {
        let response = server.get(path, &[]).await;
        assert_eq!(
            (response.status().as_u16(), header(response.headers(), "content-type")),
            (200, media_type)
        );
    }
}

#[tokio::test]
async fn logs_are_json_where_that_is_set_and_hold_no_query() {
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("settings.toml");
    std::fs::write(&settings, "[log]\nformat = 'json'\n").unwrap();
    let mut server = Server::start_over(folder.path(), &["serve", "--config", settings.to_str().unwrap()]);
    server.get("/nothing?key=secret", &[("user-agent", "secret")]).await;
    server.signal("TERM");
    let (_, log) = server.ended();
    let lines: Vec<serde_json::Value> =
        log.lines().map(|line| serde_json::from_str(line).expect(line)).collect();
    let answered = lines.iter().find(|line| line["message"] == "answered").unwrap();
    assert_eq!((&answered["status"], &answered["span"]["path"]), (&404.into(), &"/nothing".into()));
    assert!(!log.contains("secret"), "{log}");
}

/// What a client saw of one request on a connection that the server had accepted.
#[derive(Debug, PartialEq, Eq)]
enum Seen {
    /// A whole answer, after which the connection stays open.
    Open,
    /// A whole answer that ends the connection.
    Closed,
    /// Nothing, or a part of an answer.
    Cut,
}

/// Asks for liveness and reads the answer to its end.
async fn ask(stream: &mut tokio::net::TcpStream) -> Seen {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let sent = stream.write_all(b"GET /api/health/live HTTP/1.1\r\nHost: spins.example\r\n\r\n").await;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    while sent.is_ok() {
        let text = String::from_utf8_lossy(&bytes).to_ascii_lowercase();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if length.and_then(|length| length.parse().ok()) == Some(body.len()) {
                return if head.contains("connection: close") { Seen::Closed } else { Seen::Open };
            }
        }
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(read) => bytes.extend_from_slice(&chunk[..read]),
        }
    }
    Seen::Cut
}

/// Asks until the server accepts no more connections. Gives how often it was answered, and cut off.
async fn load(at: String, one_request_each: bool, answered: Arc<AtomicUsize>) -> usize {
    let mut cuts = 0;
    while let Ok(mut stream) = tokio::net::TcpStream::connect(&at).await {
        loop {
            let seen = ask(&mut stream).await;
            cuts += usize::from(seen == Seen::Cut);
            answered.fetch_add(usize::from(seen != Seen::Cut), Ordering::Relaxed);
            if seen != Seen::Open || one_request_each {
                break;
            }
        }
    }
    cuts
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_is_cut_off_when_the_server_stops_under_load() {
    for _ in 0..3 {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Server::start_over(folder.path(), &["serve"]);
        let at = server.base.trim_start_matches("http://").to_owned();
        let answered = Arc::new(AtomicUsize::new(0));
        let clients: Vec<_> =
            (0..32).map(|client| tokio::spawn(load(at.clone(), client % 2 == 0, answered.clone()))).collect();
        while answered.load(Ordering::Relaxed) < 1000 {
            tokio::task::yield_now().await;
        }
        server.signal("TERM");
        let mut cuts = 0;
        for client in clients {
            cuts += client.await.unwrap();
        }
        assert_eq!(server.ended().0, Some(0));
        assert_eq!(cuts, 0, "of {}", answered.load(Ordering::Relaxed));
    }
}

#[tokio::test]
async fn a_database_that_another_process_holds_is_503_and_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    let server = Server::start_over(data, &["serve"]);
    let key = crate::girasol::key(data, "admin");
    let script = "import sqlite3, sys\nc = sqlite3.connect(sys.argv[1], isolation_level=None)\n\
                  c.execute('begin exclusive')\nprint('held', flush=True)\nsys.stdin.read()\n";
    let mut holder = Command::new("python3")
        .args(["-c", script])
        .arg(data.join("girasol.db"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(holder.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "held\n");
    let opened = server.request(reqwest::Method::POST, "/api/framesets").bearer_auth(key);
    let opened = opened.json(&serde_json::json!({ "product": "ring.solitaire" })).send().await.unwrap();
    assert_eq!(header(opened.headers(), "retry-after"), "5");
    assert_eq!(problem(opened, 503).await, "not-ready");
    drop(holder.stdin.take());
    holder.wait().unwrap();
}

#[cfg(unix)]
#[test]
fn no_other_user_can_read_the_data_folder() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start_over(&data, &["serve"]);
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let mut folders = vec![data.clone()];
    let mut files = 0;
    while let Some(folder) = folders.pop() {
        assert_eq!(mode(&folder), 0o700, "{}", folder.display());
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else {
                assert_eq!(mode(&entry.path()), 0o600, "{}", entry.path().display());
                files += 1;
            }
        }
    }
    assert!(files >= 4, "the database, its log, its index and its lock");
    drop(server);
    // What an older version has left open is closed by the next start.
    for (path, open) in
        [(data.clone(), 0o755), (data.join("girasol.db"), 0o644), (data.join("incoming"), 0o755)]
    {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).unwrap();
    }
    let _server = Server::start_over(&data, &["serve"]);
    assert_eq!(
        [mode(&data), mode(&data.join("girasol.db")), mode(&data.join("incoming"))],
        [0o700, 0o600, 0o700]
    );
}

#[tokio::test]
async fn a_server_that_is_told_to_stop_says_so_to_load_balancers_first_and_answers_meanwhile() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let mut server = Server::start_with(folder.path(), "[server]\nunready_seconds = 5\n");
    assert_eq!(server.get("/api/health/ready", &[]).await.status(), 200);
    server.signal("TERM");
    server.until("/api/health/ready", 503).await;
    let ring = "ring.solitaire.metal-platinum.stone-diamond";
    let answer = server.get(&sequence(ring), &[]).await;
    assert_eq!((answer.status(), header(answer.headers(), "connection")), (200.try_into().unwrap(), ""));
    assert_eq!(server.get("/api/health/live", &[]).await.status(), 200);
    // A stop that was asked for is nothing that an operator must act on.
    let (code, log) = server.ended();
    assert!(code == Some(0) && !log.contains("ERROR"), "{log}");
}

#[tokio::test]
async fn the_lines_of_a_request_name_the_trace_that_it_belongs_to() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_with(folder.path(), "[log]\nformat = \"json\"\n");
    let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
    let parent = format!("00-{trace}-00f067aa0ba902b7-01");
    server.get("/api/health/live", &[("traceparent", &parent)]).await;
    server.get("/api/health/ready", &[("traceparent", "00-<forged>-00f067aa0ba902b7-01")]).await;
    server.signal("TERM");
    let (_, log) = server.ended();
    let lines: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let answered = |path: &str| {
        let of_it = |line: &&Value| line["message"] == "answered" && line["span"]["path"] == path;
        lines.iter().find(of_it).unwrap_or_else(|| panic!("{path}: {log}"))
    };
    let line = answered("/api/health/live");
    assert_eq!((&line["span"]["trace.id"], &line["status"]), (&trace.into(), &200.into()), "{line}");
    assert!(line["duration_ms"].is_number() && line["span"]["id"].is_string(), "{line}");
    assert_eq!(answered("/api/health/ready")["span"].get("trace.id"), None);
}
