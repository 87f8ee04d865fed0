//! Alerts that real faults raise and clear, and what channels are told of them.

use std::{
    fmt::Write as _,
    fs,
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::Method;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    artist::{Artist, ring},
    bucket_fixture::Bucket,
    command::{answer, run},
    fault_proxy::Faults,
    front::free_address,
    girasol::{RING, Server, draw_turn, girasol, ingest, is_scaled, key, problem},
    redis::Redis,
    scaled::Postgres,
};

/// Rules that fire at once, for faults that a test can make.
const QUICK: &str = "[alerts]\nevery_seconds = 1\n";

fn quick(rule: &str, rest: &str) -> String {
    format!("[[alerts.rules]]\nname = '{rule}'\nfor_seconds = 0\n{rest}\n")
}

/// A server that gets notifications, and answers them with a status.
struct Receiver {
    address: String,
    bodies: Arc<Mutex<Vec<Value>>>,
    heads: Arc<Mutex<Vec<String>>>,
    status: Arc<Mutex<u16>>,
}

impl Receiver {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/hook?secret=s3cret", listener.local_addr().unwrap());
        let receiver = Self {
            address,
            bodies: Arc::default(),
            heads: Arc::default(),
            status: Arc::new(Mutex::new(200)),
        };
        let (bodies, heads, status) =
            (receiver.bodies.clone(), receiver.heads.clone(), receiver.status.clone());
        tokio::spawn(async move {
            loop {
                let Ok((mut stream, _)) = listener.accept().await else { return };
                let mut request = Vec::new();
                let (head, length) = loop {
                    let Ok(byte) = stream.read_u8().await else { break (String::new(), 0) };
                    request.push(byte);
                    if request.ends_with(b"\r\n\r\n") {
                        let head = String::from_utf8(request).unwrap().to_lowercase();
                        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                        let length: usize = length.map_or(0, |length| length.trim().parse().unwrap());
                        break (head, length);
                    }
                };
                let mut body = vec![0; length];
                if stream.read_exact(&mut body).await.is_err() {
                    continue;
                }
                let status = *status.lock().unwrap();
                if status == 200 {
                    bodies.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                    heads.lock().unwrap().push(head);
                }
                let answer = format!("HTTP/1.1 {status} S\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        receiver
    }

    /// The settings of a channel of this kind.
    fn channel(&self, kind: &str, rest: &str) -> String {
        format!("[[alerts.channels]]\nname = '{kind}'\nkind = '{kind}'\nurl = '{}'\n{rest}\n", self.address)
    }

    /// What was said of a rule: its states in order.
    fn states(&self, rule: &str) -> Vec<String> {
        let bodies = self.bodies.lock().unwrap();
        let of_rule = bodies.iter().filter(|body| body["name"] == rule);
        of_rule.map(|body| body["state"].as_str().unwrap().to_owned()).collect()
    }

    async fn until(&self, rule: &str, states: &[&str]) {
        let waiting = async {
            while self.states(rule) != states {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_mins(2), waiting).await;
        assert!(waited.is_ok(), "{rule}: {:?} instead of {states:?}", self.states(rule));
    }
}

/// The alert of a rule, as the server lists it.
async fn listed(server: &Server, admin: &str, rule: &str) -> Option<Value> {
    let list: Value = server.get("/api/alerts", &[("authorization", admin)]).await.json().await.unwrap();
    list["alerts"].as_array().unwrap().iter().find(|alert| alert["name"] == rule).cloned()
}

/// A server with settings, and an admin's key.
fn server(folder: &Path, settings: &str) -> (Server, String) {
    let bearer = format!("Bearer {}", key(folder, "admin"));
    (Server::start_with(folder, settings), bearer)
}

/// A data folder whose cache does not acknowledge, and rules that say so at once.
fn purging(receiver: &Receiver, cache: &str) -> String {
    let mut settings =
        format!("[[purge.targets]]\nname = 'edge'\nkind = 'varnish'\nendpoints = ['http://{cache}']\n");
    settings.push_str(QUICK);
    settings.push_str(&quick("purge-old", "raises = 0.5"));
    settings.push_str(&receiver.channel("webhook", ""));
    settings
}

fn purge(server: &Server, admin: &str) -> impl Future<Output = reqwest::Response> {
    let request = server.request(Method::POST, "/api/purge").header("authorization", admin);
    let sent = request.json(&json!({ "configuration": RING })).send();
    async { sent.await.unwrap() }
}

/// A cache that acknowledges everything.
async fn acknowledging(address: &str) {
    let listener = TcpListener::bind(address).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ =
                stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
        }
    });
}

#[tokio::test]
async fn a_purge_that_waits_is_told_once_also_after_a_restart_and_is_over_when_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, cache) = (Receiver::start().await, free_address());
    let settings = purging(&receiver, &cache);
    let (mut first, admin) = server(folder.path(), &settings);
    assert_eq!(purge(&first, &admin).await.status(), 202);
    receiver.until("purge-old", &["firing"]).await;
    let alert = listed(&first, &admin, "purge-old").await.unwrap();
    assert_eq!(
        (&alert["subject"], &alert["state"], &alert["severity"], &alert["silenced"]),
        (&json!("edge"), &json!("firing"), &json!("critical"), &json!(false)),
        "{alert}"
    );
    let text = alert["text"].as_str().unwrap();
    assert!(text.starts_with("A cache in front has not acknowledged a purge: "), "{text}");
    first.signal("KILL");
    let log = first.ended().1;
    assert!(log.contains("an alert fires") && log.contains("purge-old"), "{log}");
    assert!(!log.contains("s3cret"), "{log}");

    let again = Server::start_with(folder.path(), &settings);
    // The lease of the server that was killed runs out first.
    acknowledging(&cache).await;
    receiver.until("purge-old", &["firing", "resolved"]).await;
    assert_eq!(listed(&again, &admin, "purge-old").await, None);
    let shown = answer(&run(folder.path(), &["alerts", "--json"]));
    let past: Vec<_> = shown["past"].as_array().unwrap().iter().map(|past| &past["state"]).collect();
    assert_eq!(past, ["resolved", "firing"], "{shown}");
}

#[tokio::test]
async fn a_silence_holds_until_it_is_ended_and_events_say_what_becomes_of_alerts() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, cache) = (Receiver::start().await, free_address());
    let (server, admin) = server(folder.path(), &purging(&receiver, &cache));
    let silenced = answer(&run(
        folder.path(),
        &["alerts", "silence", "purge-old", "--minutes", "60", "--reason", "planned", "--json"],
    ));
    assert_eq!(silenced["silences"][0]["reason"], "planned");
    let mut events = server.get("/api/alerts/events", &[("authorization", &admin)]).await;
    assert_eq!(events.headers()["content-type"], "text/event-stream");
    assert_eq!(purge(&server, &admin).await.status(), 202);
    let fires = async {
        loop {
            let alert = listed(&server, &admin, "purge-old").await;
            if alert.is_some_and(|alert| alert["state"] == "firing" && alert["silenced"] == true) {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), fires).await.expect("it fires, silenced");
    assert_eq!(receiver.states("purge-old"), [""; 0]);
    let ended =
        server.send(Method::DELETE, "/api/alerts/purge-old/silence", &[("authorization", &admin)]).await;
    let ended: Value = ended.json().await.unwrap();
    assert_eq!(ended["silences"], json!([]));
    receiver.until("purge-old", &["firing"]).await;
    let mut seen = String::new();
    while !seen.contains("event: firing\ndata: {") {
        seen.push_str(std::str::from_utf8(&events.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert!(seen.contains("\"name\":\"purge-old\""), "{seen}");
    let trail: Value = server.get("/api/audit", &[("authorization", &admin)]).await.json().await.unwrap();
    let actions: Vec<_> = trail["entries"].as_array().unwrap().iter().map(|entry| &entry["action"]).collect();
    assert!(actions.contains(&&json!("alert.silence")) && actions.contains(&&json!("alert.unsilence")));
}

#[tokio::test]
async fn a_bad_silence_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let (server, admin) = server(folder.path(), "");
    let post = async |path: &str, body: Value| {
        let request = server.request(Method::POST, path).header("authorization", &admin);
        request.json(&body).send().await.unwrap()
    };
    let minute = json!({ "minutes": 1 });
    assert_eq!(problem(post("/api/alerts/disk-full/silence", minute).await, 404).await, "no-such-alert");
    for body in
        [json!({ "minutes": 0 }), json!({ "minutes": 50_000 }), json!({ "minutes": 1, "reason": "a\nb" })]
    {
        assert_eq!(problem(post("/api/alerts/disk-low/silence", body).await, 422).await, "bad-field");
    }
    let bad = json!({ "minutes": 1, "rule": "x" });
    assert_eq!(problem(post("/api/alerts/disk-low/silence", bad).await, 400).await, "bad-json");
    let output = run(folder.path(), &["alerts", "silence", "disk-full", "--minutes", "1"]);
    assert_eq!(output.status.code(), Some(2));
}

#[tokio::test]
async fn a_channel_that_is_down_gets_the_message_later_and_a_program_reads_it() {
    let folder = tempfile::tempdir().unwrap();
    let (receiver, cache) = (Receiver::start().await, free_address());
    *receiver.status.lock().unwrap() = 503;
    let mail = folder.path().join("mail");
    let script = format!("cat >> {}", mail.display());
    let mut settings = purging(&receiver, &cache);
    let _ = write!(
        settings,
        "[[alerts.channels]]\nname = 'mail'\nkind = 'command'\ncommand = ['sh', '-c', '{script}']\n"
    );
    let (mut server, admin) = server(folder.path(), &settings);
    assert_eq!(purge(&server, &admin).await.status(), 202);
    let mailed = async {
        while !fs::read_to_string(&mail).is_ok_and(|text| text.starts_with("Critical: purge-old (edge)\n")) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), mailed).await.expect("a slow channel delays no other");
    *receiver.status.lock().unwrap() = 200;
    receiver.until("purge-old", &["firing"]).await;
    server.signal("TERM");
    let (code, log) = server.ended();
    assert_eq!(code, Some(0));
    assert!(log.contains("a notification was not taken") && !log.contains("s3cret"), "{log}");
}

#[tokio::test]
async fn each_service_is_told_in_its_own_format() {
    let folder = tempfile::tempdir().unwrap();
    let cache = free_address();
    let (slack, teams, pagerduty, own) =
        (Receiver::start().await, Receiver::start().await, Receiver::start().await, Receiver::start().await);
    fs::write(folder.path().join("key"), "ROUTE\n").unwrap();
    let token = format!("token_file = '{}'", folder.path().join("key").display());
    let mut settings =
        format!("[[purge.targets]]\nname = 'edge'\nkind = 'varnish'\nendpoints = ['http://{cache}']\n");
    settings.push_str(QUICK);
    settings.push_str("runbook = 'https://wiki.example/runbook'\n");
    settings.push_str(&quick("purge-old", "raises = 0.5"));
    settings.push_str(&slack.channel("slack", ""));
    settings.push_str(&teams.channel("teams", "least = 'critical'"));
    settings.push_str(&pagerduty.channel("pagerduty", &token));
    settings.push_str(&own.channel("webhook", &token));
    let (server, admin) = server(folder.path(), &settings);
    assert_eq!(purge(&server, &admin).await.status(), 202);
    own.until("purge-old", &["firing"]).await;
    let first = async |receiver: &Receiver| {
        let got = async {
            loop {
                if let Some(body) = receiver.bodies.lock().unwrap().first() {
                    return body.clone();
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), got).await.expect("every channel is told")
    };
    let text = first(&slack).await["text"].as_str().unwrap().to_owned();
    assert!(text.ends_with("What to do: https://wiki.example/runbook#purge-old"), "{text}");
    assert_eq!(first(&teams).await["attachments"][0]["content"]["type"], "AdaptiveCard");
    let event = first(&pagerduty).await;
    assert_eq!((&event["routing_key"], &event["event_action"]), (&json!("ROUTE"), &json!("trigger")));
    assert_eq!(first(&own).await["schema"], "girasol.alert/1");
    assert!(own.heads.lock().unwrap()[0].contains("girasol-signature: t="));
}

#[tokio::test]
async fn a_job_that_waits_is_told_until_a_worker_has_it() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let mut settings = format!("[jobs]\nin_server = false\n{QUICK}");
    settings.push_str(&quick("queue-old", "raises = 0.2"));
    settings.push_str(&receiver.channel("webhook", ""));
    let (server, bearer) = server(folder.path(), &settings);
    let artist = Artist { server, bearer };
    let set = artist.open(&ring()).await;
    draw_turn(&folder.path().join("turn"), [200, 200, 205], 12);
    for frame in 0..12 {
        let name = format!("{frame:03}.png");
        let bytes = fs::read(folder.path().join("turn").join(&name)).unwrap();
        assert_eq!(artist.put(&set, &name, &bytes).await.status(), 201);
    }
    let commit = async {
        loop {
            let answer = artist.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
            if answer.status().is_success() {
                break;
            }
        }
    };
    tokio::time::timeout(Duration::from_mins(1), commit).await.expect("the set is committed");
    receiver.until("queue-old", &["firing"]).await;
    let config = folder.path().join("girasol.toml");
    let mut worker = girasol();
    worker.args(["work", "--config"]).arg(&config).arg("--data").arg(folder.path());
    let mut worker = worker.spawn().unwrap();
    receiver.until("queue-old", &["firing", "resolved"]).await;
    let _ = worker.kill();
    let _ = worker.wait();
}

#[tokio::test]
async fn a_store_that_is_silent_and_a_redis_that_has_stopped_are_told() {
    let Some(mut redis) = Redis::start() else { return };
    let Some(bucket) = Bucket::new("alerts", Faults::None).await else { return };
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    bucket.set(&format!(
        "{QUICK}{}{}{}",
        quick("store-away", ""),
        quick("shared-cache-away", ""),
        receiver.channel("webhook", "")
    ));
    let settings = fs::read_to_string(bucket.config()).unwrap();
    let with_redis = settings.replacen("[cache]\n", &format!("[cache]\nredis = '{}'\n", redis.url()), 1);
    fs::write(bucket.config(), with_redis).unwrap();
    let _server = Server::start_over(folder.path(), &["serve", "--config", &bucket.config()]);
    bucket.line.set(Faults::Dead);
    redis.kill();
    receiver.until("store-away", &["firing"]).await;
    receiver.until("shared-cache-away", &["firing"]).await;
    bucket.line.set(Faults::None);
    redis.start_again();
    receiver.until("store-away", &["firing", "resolved"]).await;
    receiver.until("shared-cache-away", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn a_database_that_has_stopped_is_told_from_memory() {
    let Some(postgres) = Postgres::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let settings = format!(
        "[database]\nurl = '{}/postgres'\n{QUICK}{}{}",
        postgres.address,
        quick("database-away", ""),
        receiver.channel("webhook", "")
    );
    let _server = Server::start_with(folder.path(), &settings);
    postgres.control(&["stop", "-m", "immediate"]);
    receiver.until("database-away", &["firing"]).await;
    postgres.control(&["start", "-w"]);
    receiver.until("database-away", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn plain_thresholds_of_disk_and_memory_are_raised_and_cleared() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let settings = |disk: &str, memory: &str| {
        let rules = quick("disk-low", disk) + &quick("memory-high", memory);
        format!("{QUICK}{rules}{}", receiver.channel("webhook", ""))
    };
    // No disk has more than all of its bytes free.
    let (mut first, _) = server(folder.path(), &settings("raises = 100\nclears = 100", "raises = 0"));
    receiver.until("disk-low", &["firing"]).await;
    receiver.until("memory-high", &["firing"]).await;
    first.signal("TERM");
    assert_eq!(first.ended().0, Some(0));
    let _again = Server::start_with(folder.path(), &settings("raises = 0\nclears = 0", "raises = 100"));
    receiver.until("disk-low", &["firing", "resolved"]).await;
    receiver.until("memory-high", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn requests_that_fail_are_told_and_spend_the_budget_of_frames() {
    let Some(bucket) = Bucket::new("alerts-errors", Faults::None).await else { return };
    let receiver = Receiver::start().await;
    bucket.ingest("yellow-gold", [212, 175, 95]);
    bucket.set(&format!(
        "{QUICK}{}{}{}",
        quick("errors-critical", ""),
        quick("burn-frames-fast", "raises = 8"),
        receiver.channel("webhook", "")
    ));
    let server = bucket.serve();
    let manifest = server.ring().await;
    let pack = manifest["tiers"]["preview"]["formats"]["webp"]["packs"][0]["pack"].as_str().unwrap();
    let pack = format!("/p/{pack}.pack");
    let whole = server.get(&pack, &[]).await.bytes().await.unwrap();
    bucket.line.set(Faults::Dead);
    let ask = async |n: u32| server.get(&format!("/p/{n:032x}.pack"), &[]).await.status();
    let failed = futures_util::future::join_all((0..10).map(ask)).await;
    assert!(failed.iter().all(reqwest::StatusCode::is_server_error), "{failed:?}");
    receiver.until("errors-critical", &["firing"]).await;
    bucket.line.set(Faults::None);
    // Ten of a thousand: less than a hundred requests would prove nothing about the budget.
    server.get_a_thousand_times(&pack, &whole).await;
    receiver.until("errors-critical", &["firing"]).await;
    receiver.until("burn-frames-fast", &["firing"]).await;
    for _ in 0..2 {
        server.get_a_thousand_times(&pack, &whole).await;
    }
    receiver.until("errors-critical", &["firing", "resolved"]).await;
    receiver.until("burn-frames-fast", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn a_backup_that_is_old_is_told() {
    // A server has its own programs for that.
    if is_scaled() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let settings =
        |bound: &str| format!("{QUICK}{}{}", quick("backup-old", bound), receiver.channel("webhook", ""));
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let copy = tempfile::tempdir().unwrap();
    let to = copy.path().join("copy");
    let output = run(folder.path(), &["backup", to.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    // An hour is 1: a tenth of a second is old.
    let server = Server::start_with(folder.path(), &settings("raises = 0.00003"));
    receiver.until("backup-old", &["firing"]).await;
    drop(server);
    let _again = Server::start_with(folder.path(), &settings("raises = 24"));
    receiver.until("backup-old", &["firing", "resolved"]).await;
}

#[tokio::test]
async fn a_launch_that_is_over_is_reported_once() {
    let folder = tempfile::tempdir().unwrap();
    let receiver = Receiver::start().await;
    let moment = |minutes: i64| {
        let at = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
        at.format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    let (from, to) = (moment(-30), moment(-5));
    let launch = format!("[[launches]]\nname = 'sale'\nfrom = '{from}'\nto = '{to}'\n");
    let settings = format!("{launch}{QUICK}{}", receiver.channel("webhook", ""));
    let (mut first, _) = server(folder.path(), &settings);
    receiver.until("sale", &["report"]).await;
    let report = receiver.bodies.lock().unwrap()[0]["text"].as_str().unwrap().to_owned();
    assert!(
        report.starts_with("0 manifests, of which 0 failed (0.00 %).") && report.ends_with("No alert fired.")
    );
    first.signal("TERM");
    first.ended();
    let again = Server::start_with(folder.path(), &settings);
    let bearer = format!("Bearer {}", key(folder.path(), "metrics"));
    let list: Value = again.get("/api/alerts", &[("authorization", &bearer)]).await.json().await.unwrap();
    let past: Vec<_> = list["past"].as_array().unwrap().iter().map(|past| &past["name"]).collect();
    assert_eq!(past, ["sale"]);
}
