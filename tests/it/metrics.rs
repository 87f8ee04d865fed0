//! What Prometheus scrapes: every figure is there once what it counts has happened, and clients make no series.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write as _,
    path::Path,
    process::{Command, Stdio},
    time::Duration,
};

use girasol::telemetry::metrics::families::{FAMILIES, Kind, family};
use reqwest::Method;
use serde_json::json;

use crate::{
    front::{free_address, is_there},
    girasol::{DATA, RING, Server, draw_turn, girasol, header, key, plain_client, sequence},
};

/// The series of a scrape, as `name{labels}`, with their values.
pub(crate) type Series = BTreeMap<String, f64>;

pub(crate) async fn scrape(server: &Server, bearer: &str) -> String {
    let response = server.get("/metrics", &[("authorization", bearer)]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(header(response.headers(), "content-type"), "text/plain; version=0.0.4; charset=utf-8");
    assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
    response.text().await.unwrap()
}

pub(crate) fn series(text: &str) -> Series {
    let lines = text.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, value) = line.rsplit_once(' ').unwrap();
            (name.to_owned(), value.parse().unwrap_or_else(|_| panic!("{line}")))
        })
        .collect()
}

/// The family of a series, and the names of its labels.
fn parts(series: &str) -> (&str, Vec<&str>) {
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let base = ["_bucket", "_sum", "_count"]
        .into_iter()
        .filter_map(|end| name.strip_suffix(end))
        .find(|base| matches!(family(base), Some(found) if matches!(found.kind, Kind::Histogram(_))));
    let labels = labels.trim_end_matches('}').split("\",").filter_map(|label| Some(label.split_once('=')?.0));
    (base.unwrap_or(name), labels.filter(|label| *label != "le").collect())
}

pub(crate) fn sum(series: &Series, name: &str, label: &str) -> f64 {
    let of_it = |series: &str| {
        series.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with('{'))
            && series.contains(label)
    };
    series.iter().filter(|(series, _)| of_it(series)).map(|(_, value)| value).sum()
}

/// Statements that fail, a replica, a backup, a bucket, and a spin that is polished, and a loupe, which are not made here.
const NOT_HERE: [&str; 8] = [
    "girasol_db_statement_failures_total",
    "girasol_db_replica_ready",
    "girasol_service_backup_age_seconds",
    "girasol_streamed_objects_total",
    "girasol_polish_duration_seconds",
    "girasol_polish_cpu_seconds",
    "girasol_loupe_duration_seconds",
    "girasol_loupe_cpu_seconds",
];

/// A server that encodes what artists send, and purges a cache and sends traces to a collector that do not answer.
fn busy(data: &Path) -> Server {
    let closed = "[[purge.targets]]\nname = 'edge'\nkind = 'varnish'\nendpoints = ['http://127.0.0.1:9']\n";
    let small = ["still", "spin", "hd"].map(|size| format!("[sizes.{size}]\navif_px = 64\nwebp_px = 64\n"));
    let traces = "[traces]\nendpoint = 'http://127.0.0.1:9'\n";
    Server::start_with(data, &(small.concat() + closed + traces))
}

/// Sends a turn, waits for its version and publishes it.
async fn publish(server: &Server, artist: &str, turn: &Path) {
    let ask = async |method: Method, path: &str, body: serde_json::Value| {
        let request = server.request(method, path).header("authorization", artist).json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        response.json::<serde_json::Value>().await.unwrap()
    };
    let choices = json!({ "metal": "platinum", "stone": "diamond" });
    let wanted = json!({ "product": "ring.solitaire", "choices": choices, "frames": 12 });
    let set = ask(Method::POST, "/api/framesets", wanted).await;
    let set = format!("/api/framesets/{}", set["id"].as_str().unwrap());
    for file in fs::read_dir(turn).unwrap().flatten() {
        let path = format!("{set}/frames/{}", file.file_name().to_str().unwrap());
        let request = server.request(Method::PUT, &path).header("authorization", artist);
        assert_eq!(request.body(fs::read(file.path()).unwrap()).send().await.unwrap().status(), 201);
    }
    let shown =
        server.get(&set, &[("authorization", artist)]).await.json::<serde_json::Value>().await.unwrap();
    let events = format!("/api/jobs/{}/events", shown["job"]["id"].as_str().unwrap());
    // The stream ends with the job.
    server.get(&events, &[("authorization", artist)]).await.text().await.unwrap();
    let publish = "/api/sequences/ring.solitaire.metal-platinum.stone-diamond/publish";
    ask(Method::POST, publish, json!({})).await;
}

#[tokio::test]
async fn every_figure_is_there_once_it_has_happened() {
    let folder = tempfile::tempdir().unwrap();
    let (data, turn) = (folder.path(), folder.path().join("turn"));
    draw_turn(&turn, [220, 220, 225], 12);
    let artist = format!("Bearer {}", key(data, "artist"));
    let bearer = format!("Bearer {}", key(data, "metrics"));
    let server = busy(data);
    publish(&server, &artist, &turn).await;

    let manifest = server.json(&sequence("ring.solitaire.metal-platinum.stone-diamond")).await;
    let frame = manifest["tiers"]["preview"]["formats"]["avif"]["set"].as_str().unwrap();
    let frame = format!("/s/{frame}/000.avif");
    for _ in 0..3 {
        assert_eq!(server.get(&frame, &[]).await.status(), 200);
    }
    assert_eq!(server.get("/no/such/address", &[]).await.status(), 404);
    let view = json!({
        "configuration": "ring.solitaire.metal-platinum.stone-diamond", "schema": "girasol.vitals/1", "tier": "standard",
        "frame_ms": 90, "full_ms": 400, "switch_ms": 40, "turned": 10, "wanted": 9,
    });
    assert_eq!(server.post("/api/vitals", &view.to_string()).await.status(), 204);
    let bytes = server.get(&frame, &[]).await.bytes().await.unwrap().len() as f64;

    // The purge is refused within a moment, beside requests; and memory counts its bytes when it has a moment.
    let scraped = async {
        loop {
            let text = scrape(&server, &bearer).await;
            let series = series(&text);
            let is_purged = sum(&series, "girasol_purge_request_duration_seconds_count", "") > 0.0;
            if is_purged && sum(&series, "girasol_cache_bytes", "kind=\"objects\"") > 0.0 {
                return text;
            }
            server.get("/still/ring.solitaire.metal-platinum.stone-diamond.jpg", &[]).await;
        }
    };
    let text = tokio::time::timeout(Duration::from_mins(1), scraped).await.expect("all is counted in time");
    let series = series(&text);

    let families: BTreeSet<&str> = series.keys().map(|series| parts(series).0).collect();
    let listed: BTreeSet<&str> = FAMILIES.iter().map(|family| family.name).collect();
    let missing: Vec<_> = listed.difference(&families).filter(|name| !NOT_HERE.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}\n{text}");
    assert!(families.is_subset(&listed), "{:?}", families.difference(&listed).collect::<Vec<_>>());
    for (name, labels) in series.keys().map(|series| parts(series)) {
        assert_eq!(labels, family(name).unwrap().labels, "{name}");
    }

    let count = "girasol_http_request_duration_seconds_count";
    let frames = "method=\"GET\",route=\"/s/{set}/{file}\",tier=\"\",format=\"avif\",status=\"200\"";
    assert!((sum(&series, count, frames) - 4.0).abs() < 0.1, "{text}");
    assert!((sum(&series, "girasol_http_response_body_bytes_total", frames) - 4.0 * bytes).abs() < 0.1);
    assert!(sum(&series, "girasol_http_sent_bytes_total", "") > 4.0 * bytes);
    assert!(sum(&series, count, "route=\"none\"") >= 1.0);
    for (name, label) in [
        ("girasol_cache_requests_total", "level=\"memory\",kind=\"objects\",outcome=\"hit\""),
        ("girasol_cache_requests_total", "level=\"database\",kind=\"pointers\",outcome=\"hit\""),
        ("girasol_cache_requests_total", "level=\"store\",kind=\"packs\",outcome=\"hit\""),
        ("girasol_cache_loads_total", "level=\"memory\",kind=\"objects\",outcome=\"ok\""),
        ("girasol_cache_bytes", "level=\"memory\",kind=\"objects\""),
        ("girasol_negotiation_rules_total", "rule=\"network: 4g or unknown\""),
        ("girasol_negotiations_total", "tier=\"standard\""),
        ("girasol_encodes_total", "outcome=\"made\""),
        ("girasol_job_duration_seconds_count", "outcome=\"ready\""),
        ("girasol_ingest_stage_duration_seconds_count", "stage=\"encode preview\""),
        ("girasol_rendition_quality_score_count", "tier=\"preview\",format=\"avif\",statistic=\"mean\""),
        ("girasol_upload_files_total", "outcome=\"accepted\""),
        ("girasol_upload_received_bytes_total", ""),
        ("girasol_purge_request_duration_seconds_count", "cache=\"edge\",outcome=\"unreachable\""),
        ("girasol_service_purges", "cache=\"edge\",state=\"pending\""),
        ("girasol_service_up", ""),
        (
            "girasol_store_operation_duration_seconds_count",
            "backend=\"folder\",operation=\"put\",outcome=\"ok\"",
        ),
        ("girasol_db_statement_duration_seconds_count", "statement=\"jobs.claim\""),
        ("girasol_db_pool_wait_seconds_count", "pool="),
        ("girasol_background_last_success_timestamp_seconds", "task=\"work\""),
        ("girasol_runtime_busy_seconds_total", "runtime=\"server\""),
        ("girasol_build_info", "version="),
    ] {
        assert!(sum(&series, name, label) > 0.0, "{name} {label}\n{text}");
    }
    check_by_promtool(&text);
}

/// Prometheus' own tool has nothing to say about names, units and help. Missing it is a skip on a laptop, and a failure
/// in CI.
fn check_by_promtool(text: &str) {
    if !is_there("promtool", "--version") {
        assert!(std::env::var_os("CI").is_none(), "promtool must be installed");
        return;
    }
    let mut promtool = Command::new("promtool")
        .args(["check", "metrics"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    promtool.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = promtool.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.is_empty(), "{said}");
}

#[tokio::test]
async fn no_client_makes_a_series() {
    let bearer = format!("Bearer {}", key(&DATA, "metrics"));
    let server = Server::start();
    let names = |text: &str| -> BTreeSet<String> {
        let of_requests = |name: &&String| {
            name.starts_with("girasol_http_")
                || name.starts_with("girasol_negotiation")
                || name.starts_with("girasol_cache_")
        };
        series(text).keys().filter(of_requests).cloned().collect()
    };
    let made_up = |n: u32| {
        let digest = format!("{n:032x}");
        let method = Method::from_bytes(format!("BREW{n}").as_bytes()).unwrap();
        [
            (Method::GET, format!("/s/{digest}/{:03}.avif", n % 360)),
            (Method::GET, format!("/p/{digest}.pack")),
            (Method::GET, format!("/m/{digest}.json")),
            (Method::GET, format!("/no-such-{n}/{n}")),
            (Method::GET, format!("/api/no-such-{n}")),
            (Method::GET, format!("/api/products/customizable/ring/base-{n}")),
            (Method::GET, format!("/api/products/customizable/ring.solitaire.metal-m{n}/sequence")),
            (Method::GET, format!("{}?tier=t{n}", sequence(RING))),
            (method.clone(), format!("/s/{digest}/000.avif")),
            (method, format!("/x{n}")),
        ]
    };
    let ask = async |n: u32| {
        for (method, path) in made_up(n) {
            let agent = format!("agent-{n}");
            server.send(method, &path, &[("user-agent", &agent), ("ect", &agent), ("accept", &agent)]).await;
        }
        let hints = [("save-data", "on"), ("rtt", &*n.to_string()), ("accept", "image/avif")];
        assert_eq!(server.get(&sequence(RING), &hints).await.status(), 200);
    };
    ask(1).await;
    ask(2).await;
    scrape(&server, &bearer).await;
    let before = names(&scrape(&server, &bearer).await);
    assert!(!before.is_empty());
    for n in 3..60 {
        ask(n).await;
    }
    let after = names(&scrape(&server, &bearer).await);
    assert_eq!(after.difference(&before).collect::<Vec<_>>(), Vec::<&String>::new());
}

#[tokio::test]
async fn a_process_that_only_works_has_figures_at_its_operators_listener() {
    let folder = tempfile::tempdir().unwrap();
    let bearer = format!("Bearer {}", key(folder.path(), "metrics"));
    let at = free_address();
    let mut work = girasol();
    work.arg("work").arg("--data").arg(folder.path()).env("GIRASOL_SERVER__OPERATOR_LISTEN", &at);
    let mut work = work.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let client = plain_client();
    let ask = async |path: &str| {
        client.get(format!("http://{at}{path}")).header("authorization", &bearer).send().await
    };
    let scraped = async {
        loop {
            if let Ok(answer) = ask("/metrics").await {
                return answer.text().await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    };
    let text =
        tokio::time::timeout(Duration::from_mins(1), scraped).await.expect("the worker starts in time");
    let series = series(&text);
    let work_task = "girasol_background_last_success_timestamp_seconds{task=\"work\"}";
    assert!(series.contains_key(work_task), "{text}");
    assert!((series["girasol_service_up"] - 1.0).abs() < 0.1, "{text}");
    assert_eq!(ask("/api/health/live").await.unwrap().status(), 200);
    assert_eq!(ask("/api/keys").await.unwrap().status(), 404);
    let stop = Command::new("kill").args(["-s", "TERM", &work.id().to_string()]).status().unwrap();
    assert!(stop.success());
    assert_eq!(work.wait().unwrap().code(), Some(0));
    if crate::girasol::is_scaled() {
        return;
    }
    // What it counted is in the database, beside that of servers.
    let db = girasol::db::Db::open(folder.path()).await.unwrap();
    let mut kept = BTreeSet::new();
    db.each_performance_sample(0, "", |sample| {
        kept.insert(sample.name);
    })
    .await
    .unwrap();
    for name in [format!("started {}", girasol::db::program()), "queue-waiting".to_owned()] {
        assert!(kept.contains(&name), "{name}: {kept:?}");
    }
}
