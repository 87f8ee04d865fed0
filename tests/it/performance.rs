//! How well visitors are served: what servers count, keep over a restart, add up, and show.

use reqwest::Method;
use serde_json::{Value, json};

use crate::girasol::{DATA, RING, Server, girasol, key, problem, sequence};

fn bearer(key: &str) -> String {
    format!("Bearer {key}")
}

async fn report(server: &Server, key: &str, query: &str) -> Value {
    let response = server.get(&format!("/api/performance{query}"), &[("authorization", &bearer(key))]).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "private, no-store");
    response.json().await.unwrap()
}

fn route<'a>(report: &'a Value, route: &str, class: &str) -> &'a Value {
    let routes = report["routes"].as_array().unwrap();
    let found = routes.iter().find(|one| one["route"] == route && one["class"] == class);
    &found.unwrap_or_else(|| panic!("{route} {class}: {routes:?}"))["figures"]
}

const SEQUENCE: &str = "/api/products/customizable/{configuration}/sequence";

/// A data folder with a copy of what all tests read.
fn copy_of_data() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let status = std::process::Command::new("cp").arg("-a").arg(DATA.join(".")).arg(folder.path()).status();
    assert!(status.unwrap().success());
    folder
}

#[tokio::test]
async fn what_servers_count_is_kept_and_added_up() {
    if crate::girasol::is_scaled() {
        // A copied folder has no copy of its database on the server.
        return;
    }
    let folder = copy_of_data();
    let data = folder.path();
    let key = key(data, "metrics");
    let mut one = Server::start_over(data, &["serve", "--no-jobs"]);
    let mut two = Server::start_over(data, &["serve", "--no-jobs"]);
    for (server, requests) in [(&one, 30), (&two, 12)] {
        for _ in 0..requests {
            assert_eq!(server.get(&sequence(RING), &[("accept", "image/avif")]).await.status(), 200);
        }
        assert_eq!(server.get("/nowhere", &[]).await.status(), 404);
    }
    // A server shows what it has not written yet, and what others have written.
    let own = report(&one, &key, "?hours=1").await;
    let figures = route(&own, SEQUENCE, "standard/avif");
    assert_eq!((&figures["requests"], &figures["errors"]), (&30.into(), &0.into()));
    // The first answer was made. A pointer is looked up again once a second, and so may a few more be.
    let hit_rate = figures["hitRate"].as_f64().unwrap();
    assert!((0.5..1.0).contains(&hit_rate), "{figures}");
    assert!(route(&own, "none", "")["hitRate"].is_null(), "a refusal says nothing of the memory");
    assert!(figures["latency"]["p50Ms"].as_f64().unwrap() <= figures["latency"]["p99Ms"].as_f64().unwrap());
    for server in [&mut two, &mut one] {
        server.signal("TERM");
        assert_eq!(server.ended().0, Some(0));
    }
    let server = Server::start_over(data, &["serve", "--no-jobs"]);
    let whole = report(&server, &key, "?hours=2").await;
    assert_eq!(route(&whole, SEQUENCE, "standard/avif")["requests"], 42);
    assert_eq!(route(&whole, "none", "")["requests"], 2);
    assert_eq!(whole["visitors"]["requests"], 42);
    assert_eq!(whole["trend"]["verdict"], "unknown");
    assert!(whole["health"]["score"].as_f64().unwrap() > 50.0, "{}", whole["health"]);
    let disk = whole["capacity"].as_array().unwrap().iter().find(|one| one["name"] == "disk").unwrap();
    let (used, left) = (disk["used"].as_f64().unwrap(), disk["left"].as_f64().unwrap());
    assert!((0.0..=1.0).contains(&used) && (used + left - 1.0).abs() < 1e-9);
    let memory = |one: &&Value| one["level"] == "memory" && one["kind"] == "answers";
    let answers = whole["caches"].as_array().unwrap().iter().find(memory).unwrap();
    assert!(answers["hits"].as_f64().unwrap() >= 30.0, "{answers}");

    let command = |arguments: &[&str]| {
        let output = girasol().arg("performance").args(arguments).arg("--data").arg(data).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let printed: Value = serde_json::from_str(&command(&["--hours", "2", "--json"])).unwrap();
    assert_eq!(route(&printed, SEQUENCE, "standard/avif")["requests"], 42);
    assert!(command(&[]).contains(SEQUENCE));

    exports(&server, &key).await;
}

/// Every export has the same rows.
async fn exports(server: &Server, key: &str) {
    let export = async |format: &str| {
        let path = format!("/api/performance/export?hours=2&format={format}");
        let response = server.get(&path, &[("authorization", &bearer(key))]).await;
        assert_eq!(response.status(), 200);
        response.text().await.unwrap()
    };
    let ndjson: Vec<Value> =
        export("ndjson").await.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let json: Vec<Value> = serde_json::from_str(&export("json").await).unwrap();
    assert_eq!(ndjson, json);
    let requests = |rows: &[Value]| -> u64 {
        let of_ring = rows.iter().filter(|row| row["route"] == SEQUENCE);
        of_ring.map(|row| row["requests"].as_u64().unwrap()).sum()
    };
    assert_eq!(requests(&json), 42);
    let of_ring = json.iter().filter(|row| row["route"] == SEQUENCE);
    let asked = of_ring.map(|row| row["hits"].as_u64().unwrap() + row["misses"].as_u64().unwrap());
    assert_eq!(asked.sum::<u64>(), 42);
    let csv = export("csv").await;
    assert!(csv.starts_with("at,seconds,instance,route,class,requests,"), "{csv}");
    assert_eq!(csv.lines().count(), json.len() + 1);
}

#[tokio::test]
async fn what_browsers_measure_is_kept_by_what_they_had() {
    if crate::girasol::is_scaled() {
        return;
    }
    let folder = copy_of_data();
    let data = folder.path();
    let key = key(data, "metrics");
    let settings = "server.trusted_proxies = [\"127.0.0.1\"]\nvitals.country_header = \"CF-IPCountry\"\n";
    let mut server = Server::start_with(data, settings);
    let view = json!({
        "configuration": RING, "schema": "girasol.vitals/1", "tier": "standard", "format": "avif", "frame_ms": 180,
        "turned": 10, "wanted": 9, "bytes": 151_000, "looks": [0, 4000, 1000], "lcp_ms": 900, "cls_thousandths": 20,
    });
    for (headers, status) in [
        (&[("cf-ipcountry", "de"), ("ect", "3g"), ("device-memory", "1")], 204),
        (&[("cf-ipcountry", "x-y"), ("ect", "4g"), ("device-memory", "8")], 204),
    ] {
        let request = server.request(Method::POST, "/api/vitals").header("content-type", "text/plain");
        let request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        assert_eq!(request.body(view.to_string()).send().await.unwrap().status(), status);
    }
    let users = async |server: &Server, hours: u32| -> Value {
        let path = format!("/api/performance/users?hours={hours}");
        let response = server.get(&path, &[("authorization", &bearer(&key))]).await;
        assert_eq!(response.status(), 200);
        response.json().await.unwrap()
    };
    let seen = users(&server, 1).await;
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
    let server = Server::start_over(data, &["serve", "--no-jobs"]);
    let kept = users(&server, 1).await;
    for field in ["all", "by", "looks"] {
        assert_eq!(kept[field], seen[field]);
    }
    assert_eq!((&kept["all"]["views"], &kept["all"]["wantedShare"]), (&2.into(), &0.9.into()));
    assert_eq!(kept["all"]["cls"]["p75"], 0.02);
    let values = |property: &str| -> Vec<&str> {
        let mut values: Vec<&str> = kept["by"][property]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["value"].as_str().unwrap())
            .collect();
        values.sort_unstable();
        values
    };
    assert_eq!(values("product"), ["ring.solitaire"]);
    assert_eq!(values("format"), ["avif"]);
    assert_eq!(values("country"), ["", "DE"]);
    assert_eq!(values("network"), ["3g or saving data", "4g or unknown"]);
    assert_eq!(values("device"), ["high-end", "low-end"]);
    let looks = &kept["looks"][0];
    assert_eq!((&looks["product"], &looks["longestDegree"]), (&"ring.solitaire".into(), &15.into()));
    assert_eq!(looks["shares"][1], 0.8);

    let page = data.join("week.html");
    let output = girasol()
        .args(["performance", "report", "--weekly", "--out"])
        .arg(&page)
        .arg("--data")
        .arg(data)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<h1>Girasol: weekly report</h1>") && page.contains("<td>ring.solitaire</td>"));
}

#[tokio::test]
async fn a_stream_has_figures_at_once() {
    let server = Server::start();
    let key = key(&DATA, "metrics");
    let mut response = server.get("/api/performance/events", &[("authorization", &bearer(&key))]).await;
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    let mut text = String::new();
    while !text.ends_with("\n\n") {
        text.push_str(std::str::from_utf8(&response.chunk().await.unwrap().unwrap()).unwrap());
    }
    let data = text.strip_prefix("event: figures\ndata: ").unwrap();
    let figures: Value = serde_json::from_str(data.trim()).unwrap();
    assert!(figures["visitors"]["requests"].is_u64(), "{figures}");
}

#[tokio::test]
async fn hours_that_are_not_kept_and_other_words_are_refused() {
    let server = Server::start();
    let key = bearer(&key(&DATA, "metrics"));
    for query in ["?hours=0", "?hours=721", "?hours=x", "?hours=01", "?since=1", "?hours=1&hours=2"] {
        let response = server.get(&format!("/api/performance{query}"), &[("authorization", &key)]).await;
        assert_eq!(problem(response, 400).await, "bad-query", "{query}");
    }
    let response = server.get("/api/performance/export?format=xml", &[("authorization", &key)]).await;
    assert_eq!(problem(response, 400).await, "bad-query");
}

#[tokio::test]
async fn plots_show_what_was_measured_before_the_last_minutes() {
    if crate::girasol::is_scaled() {
        return;
    }
    let folder = copy_of_data();
    let data = folder.path();
    let key = bearer(&key(data, "metrics"));
    measure_twenty_minutes(data).await;
    let launch =
        "[[launches]]\nname = \"sale\"\nfrom = \"2020-01-01T00:00:00Z\"\nto = \"2099-01-01T00:00:00Z\"\n";
    let server = Server::start_with(
        data,
        &format!("alerts.rules = [{{ name = \"disk-low\", raises = 17 }}]\n{launch}"),
    );
    let response = server.get("/api/performance/plots?hours=1", &[("authorization", &key)]).await;
    assert_eq!(response.status(), 200);
    let plots: Value = response.json().await.unwrap();
    let rows = plots["rows"].as_array().unwrap();
    let all: Vec<&Value> = rows.iter().flat_map(|row| row["plots"].as_array().unwrap()).collect();
    let plot = |figure: &str| *all.iter().find(|plot| plot["figure"] == figure).unwrap();
    let values = |figure: &str, name: &str| -> Vec<f64> {
        let lines = plot(figure)["lines"].as_array().unwrap();
        let line =
            lines.iter().find(|line| line["name"] == name).unwrap_or_else(|| panic!("{name}: {lines:?}"));
        line["values"].as_array().unwrap().iter().filter_map(Value::as_f64).collect()
    };
    let are = |values: Vec<f64>, expected: f64| -> bool {
        values.len() == 20 && values.iter().all(|value| (value - expected).abs() < 0.05 * expected)
    };
    assert!(are(values("requests", SEQUENCE), 2.0), "{}", plot("requests"));
    assert!(are(values("latency", "P95"), 40.0), "{}", plot("latency"));
    assert!(are(values("encodes", "made"), 1.0), "{}", plot("encodes"));
    assert_eq!(
        (&plot("latency")["stepSeconds"], &plot("latency")["unit"]),
        (&60.into(), &"milliseconds".into())
    );
    // A launch makes bounds tighter; settings decide before that.
    assert_eq!(
        plot("latency")["bounds"][0],
        json!({ "alert": "latency-critical", "severity": "critical", "value": 250.0 })
    );
    assert_eq!(plot("disk-free")["bounds"][0]["value"], 17.0);
    assert_eq!((&plots["launches"][0]["name"], &plots["launches"][0]["on"]), (&"sale".into(), &true.into()));
    assert_eq!(plots["watched"], true);
    let starts = plots["starts"].as_array().unwrap();
    let found: Vec<_> =
        starts.iter().map(|start| (start["program"].as_str().unwrap(), &start["deployment"])).collect();
    assert_eq!(found, [("0.0.9", &false.into()), ("0.1.0", &true.into())]);
    let open = server.get("/api/performance/plots", &[]).await;
    assert_eq!(problem(open, 401).await, "key-missing");
}

/// Writes what a server would have measured, of which the program was another one in the first ten minutes.
async fn measure_twenty_minutes(data: &std::path::Path) {
    use girasol::{
        db::{Db, performance::Measured},
        domain::performance::series::{Series, Sum, Tally},
    };
    let db = Db::open(data).await.unwrap();
    for minute in 0..20 {
        let mut tally = Tally::default();
        (0..120).for_each(|_| tally.record(false, 100, 40_000));
        let program = if minute < 10 { "0.0.9" } else { "0.1.0" };
        let mut samples = vec![("encodes made".to_owned(), 60.0), (format!("runs {program}"), 1.0)];
        if minute % 10 == 0 {
            samples.push((format!("started {program}"), 1.0));
        }
        let series = Series { route: SEQUENCE.to_owned(), class: "standard/avif".to_owned() };
        let measured = Measured {
            series: [(series, tally)].into(),
            samples: samples.into_iter().map(|(name, value)| (name, Sum::of(value))).collect(),
        };
        db.add_performance("one", db.now_ms() - (30 - minute) * 60_000, measured).await.unwrap();
    }
    db.close().await;
}
