//! What channels are told of alerts, silences, and launches.

use std::{fmt::Write as _, fs, time::Duration};

use reqwest::Method;
use serde_json::{Value, json};
use wiremock::{Mock, MockServer, ResponseTemplate, matchers::any};

use crate::{
    alert_fixture::{QUICK, Receiver, acknowledging, listed, purge, purging, quick, server},
    artist::Artist,
    command::{answer, run},
    front::free_address,
    girasol::{RING, Server, girasol, ingest, key, problem},
};

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
    let path = "/api/launches/reports";
    let kept: Value = again.get(path, &[("authorization", &bearer)]).await.json().await.unwrap();
    assert_eq!((&kept["reports"][0]["name"], kept["reports"].as_array().unwrap().len()), (&json!("sale"), 1));
    assert_eq!(
        (&kept["reports"][0]["during"]["views"], &kept["reports"][0]["before"]),
        (&json!(0), &json!([]))
    );
    assert_eq!(answer(&run(folder.path(), &["launches", "reports", "--json"])), kept);
    let text = String::from_utf8(run(folder.path(), &["launches", "reports"]).stdout).unwrap();
    assert!(text.starts_with("sale, 20") && text.contains("\n0 manifests, of which 0 failed"), "{text}");
}

#[tokio::test]
async fn the_report_of_a_launch_is_kept_where_no_rule_is_evaluated() {
    let folder = tempfile::tempdir().unwrap();
    let none = run(folder.path(), &["key", "create", "--role", "metrics"]);
    assert!(none.status.success());
    let empty = String::from_utf8(run(folder.path(), &["launches", "reports"]).stdout).unwrap();
    assert_eq!(empty, "No launch is over yet.\n");
    let over = sale(-90, "");
    let server = Server::start_with(folder.path(), &format!("{over}[alerts]\nenabled = false\n"));
    let bearer = format!("Bearer {}", key(folder.path(), "metrics"));
    let kept = async {
        loop {
            let path = "/api/launches/reports";
            let kept: Value = server.get(path, &[("authorization", &bearer)]).await.json().await.unwrap();
            if let Some(report) = kept["reports"].get(0) {
                return report.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let report = tokio::time::timeout(Duration::from_mins(1), kept).await.expect("the report is kept");
    assert_eq!(report["name"], "sale");
}

/// A sale from so many minutes on until an hour later.
fn sale(in_minutes: i64, rest: &str) -> String {
    let moment = |minutes: i64| {
        let at = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
        at.format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    let (from, to) = (moment(in_minutes), moment(in_minutes + 60));
    format!("[[launches]]\nname = 'sale'\nfrom = '{from}'\nto = '{to}'\n{rest}\n")
}

#[tokio::test]
async fn caches_in_front_have_what_is_sold_before_a_launch() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "yellow-gold", [212, 175, 95], 12);
    let edge = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200)).mount(&edge).await;
    let settings = sale(20, &format!("products = ['ring/solitaire']\nedges = ['{}']", edge.uri()));
    let _server = Server::start_with(folder.path(), &settings);
    let asked = async {
        loop {
            let requests = edge.received_requests().await.unwrap();
            let of = |path: &str| {
                let of_path = requests.iter().filter(|request| request.url.path().starts_with(path));
                of_path
                    .map(|request| request.headers["accept"].to_str().unwrap().to_owned())
                    .collect::<Vec<_>>()
            };
            let manifests = of(&format!("/api/products/customizable/{RING}/sequence"));
            let packs = of("/p/");
            if manifests.len() == 2 && packs.len() >= 2 {
                assert!(packs.iter().any(|accept| accept.starts_with("image/avif")), "{packs:?}");
                assert!(packs.iter().any(|accept| accept.starts_with("image/webp")), "{packs:?}");
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), asked).await.expect("the edge is asked before the launch");
}

#[tokio::test]
async fn a_job_that_polishes_rests_until_a_launch_is_over() {
    let folder = tempfile::tempdir().unwrap();
    ingest(folder.path(), "platinum", [220, 220, 225], 12);
    let (server, bearer) = server(folder.path(), &sale(20, ""));
    let artist = Artist { server, bearer };
    let choices = json!({ "metal": "platinum", "stone": "diamond" });
    let polish = json!({ "product": "ring.solitaire", "choices": choices, "settings": { "effort": "max" } });
    let set = artist.open(&polish).await;
    artist.commit_turn(&set, folder.path()).await;
    let rests = async {
        loop {
            let jobs: Value =
                artist.request(Method::GET, "/api/jobs").send().await.unwrap().json().await.unwrap();
            let job = &jobs["jobs"][0];
            if let Some(next) = job["nextAttempt"].as_str() {
                assert_eq!((&job["state"], &job["attempts"]), (&json!("queued"), &json!(0)), "{job}");
                return next.to_owned();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let next = tokio::time::timeout(Duration::from_mins(1), rests).await.expect("the job rests");
    let next = time::OffsetDateTime::parse(&next, &time::format_description::well_known::Rfc3339).unwrap();
    assert!(next > time::OffsetDateTime::now_utc() + time::Duration::minutes(70), "{next}");
}

#[tokio::test]
async fn a_launch_that_is_planned_while_servers_run_is_known_to_all_of_them() {
    let folder = tempfile::tempdir().unwrap();
    let of_settings = sale(600, "").replace("'sale'", "'of settings'");
    let (one, _) = server(folder.path(), &of_settings);
    let two = Server::start_with(folder.path(), &of_settings);
    let [admin, metrics] = ["admin", "metrics"].map(|role| format!("Bearer {}", key(folder.path(), role)));
    let moment = |minutes: i64| {
        let at = time::OffsetDateTime::now_utc() + time::Duration::minutes(minutes);
        at.format(&time::format_description::well_known::Rfc3339).unwrap()
    };
    let plan = async |key: &str, name: &str, from: i64, to: i64| {
        let body =
            json!({ "name": name, "from": moment(from), "to": moment(to), "products": ["ring/solitaire"] });
        let request = one.request(Method::POST, "/api/launches").header("authorization", key).json(&body);
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json::<Value>().await.unwrap())
    };
    assert_eq!(plan(&metrics, "sale", 10, 60).await.0, 403);
    for (name, from, to, says) in [
        ("sale", 60, 10, "ends before it begins"),
        ("of settings", 10, 60, "another launch has this name"),
        ("", 10, 60, "name must have"),
        ("elas\u{202e}", 10, 60, "on one line"),
        ("past", -60, -10, "is over already"),
        ("endless", 10, 10 + 32 * 24 * 60, "may last 31 days"),
    ] {
        let (status, problem) = plan(&admin, name, from, to).await;
        assert_eq!((status, problem["type"].as_str().unwrap().ends_with("bad-field")), (422, true));
        assert!(problem["detail"].as_str().unwrap().contains(says), "{problem}");
    }
    let (status, list) = plan(&admin, "sale", 10, 60).await;
    assert_eq!(status, 200);
    let names: Vec<&Value> = list["launches"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(names, ["sale", "of settings"]);
    let planned = &list["launches"][0];
    assert_eq!((&planned["on"], &planned["products"][0]), (&json!(true), &json!("ring.solitaire")));
    assert!(list["launches"][1]["id"].is_null());
    assert_eq!(plan(&admin, "sale", 10, 60).await.0, 422);
    // The other server follows within seconds, and its bounds are tight.
    let tight = async {
        loop {
            let path = "/api/performance/plots?hours=1";
            let plots: Value = two.get(path, &[("authorization", &metrics)]).await.json().await.unwrap();
            if plots["launches"].as_array().unwrap().len() == 2 {
                return plots["launches"][0]["on"].clone();
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    assert_eq!(tokio::time::timeout(Duration::from_mins(1), tight).await.unwrap(), json!(true));
    let command = |arguments: &[&str]| {
        let output =
            girasol().arg("launches").args(arguments).arg("--data").arg(folder.path()).output().unwrap();
        (
            output.status.success(),
            String::from_utf8(output.stdout).unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    };
    let (from, to) = (moment(2_000), moment(3_000));
    let (is_done, listed, said) = command(&["add", "winter", "--from", &from, "--to", &to, "--json"]);
    assert!(is_done, "{said}");
    let listed: Value = serde_json::from_str(&listed).unwrap();
    assert_eq!(
        listed["launches"].as_array().unwrap().len(),
        2,
        "the settings are those of the servers: {listed}"
    );
    let (is_done, _, said) = command(&["remove", "summer"]);
    assert!(!is_done && said.contains("no launch of the name \"summer\" was planned"), "{said}");
    assert!(command(&["keda", "--replicas", "4"]).1.contains("desiredReplicas: \"4\""));
    assert!(command(&["remove", "winter"]).0);
    let remove = async |key: &str, id: &str| {
        let path = format!("/api/launches/{id}");
        let request = one.request(Method::DELETE, &path).header("authorization", key);
        request.send().await.unwrap().status().as_u16()
    };
    let id = planned["id"].to_string();
    assert_eq!(remove(&metrics, &id).await, 403);
    assert_eq!(remove(&admin, &id).await, 200);
    assert_eq!((remove(&admin, &id).await, remove(&admin, "sale").await), (404, 404));
    let audit = girasol().args(["audit", "--data"]).arg(folder.path()).output().unwrap();
    let audit = String::from_utf8(audit.stdout).unwrap();
    assert_eq!(
        (audit.matches("launch.plan").count(), audit.matches("launch.remove").count()),
        (2, 2),
        "{audit}"
    );
}
