//! From a committed frame set to a version, also when processes die in between.

use std::{
    fs,
    path::{Path, PathBuf},
};

use assets_pipeline::digest::Digest;
use reqwest::Method;
use serde_json::{Value, json};

use crate::girasol::{Server, draw_turn, girasol, header, key, problem, sequence};

pub(crate) const PLATINUM: [u8; 3] = [220, 220, 225];
pub(crate) const RING: &str = "ring.solitaire.metal-platinum.stone-diamond";

/// A server and a key for it.
pub(crate) struct Studio {
    server: Server,
    bearer: String,
}

impl Studio {
    /// A server with short leases.
    pub(crate) fn over(data: &Path, jobs: &str) -> Self {
        Self::with(data, &format!("[jobs]\nlease_seconds = 1\n{jobs}"))
    }

    /// A server with these settings.
    pub(crate) fn with(data: &Path, settings: &str) -> Self {
        fs::write(data.join("girasol.toml"), settings).unwrap();
        Self { bearer: format!("Bearer {}", key(data, "artist")), server: start(data) }
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, body: Option<Value>) -> reqwest::Response {
        let request = self.server.request(method, path).header("authorization", &self.bearer);
        body.iter().fold(request, reqwest::RequestBuilder::json).send().await.unwrap()
    }

    pub(crate) async fn json(&self, path: &str) -> Value {
        self.ask(Method::GET, path, None).await.json().await.unwrap()
    }

    /// Sends a folder of frames; returns the path of its job.
    pub(crate) async fn send(&self, turn: &Path) -> String {
        self.send_as(turn, "platinum", json!({})).await
    }

    /// The same, of another metal and with settings.
    pub(crate) async fn send_as(&self, turn: &Path, metal: &str, settings: Value) -> String {
        let files: Vec<_> = fs::read_dir(turn).unwrap().flatten().collect();
        let wanted = json!({
            "product": "ring.solitaire",
            "choices": { "metal": metal, "stone": "diamond" },
            "settings": settings,
            "newChoices": true,
            "frames": files.len(),
        });
        let set: Value = self.ask(Method::POST, "/api/framesets", Some(wanted)).await.json().await.unwrap();
        let set = format!("/api/framesets/{}", set["id"].as_str().unwrap());
        for file in files {
            let path = format!("{set}/frames/{}", file.file_name().to_str().unwrap());
            let request = self.server.request(Method::PUT, &path).header("authorization", &self.bearer);
            let sent = request.body(fs::read(file.path()).unwrap()).send().await.unwrap();
            assert_eq!(sent.status(), 201);
        }
        // It is committed once its check has ended.
        loop {
            if let Some(job) = self.json(&set).await["job"]["id"].as_str() {
                return format!("/api/jobs/{job}");
            }
            tokio::task::yield_now().await;
        }
    }

    /// All events of a job from one on, until its stream ends: their numbers, kinds and data.
    pub(crate) async fn watch(&self, job: &str, after: i64) -> Vec<(i64, String, Value)> {
        let request = self.server.request(Method::GET, &format!("{job}/events"));
        let request = request.header("authorization", &self.bearer).header("last-event-id", after);
        let response = request.send().await.unwrap();
        assert_eq!(header(response.headers(), "content-type"), "text/event-stream");
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
        let text = response.text().await.unwrap();
        let field = |event: &str, name: &str| {
            event.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().to_owned()
        };
        text.split("\n\n")
            .filter(|event| event.starts_with("id: "))
            .map(|event| {
                let data = serde_json::from_str(&field(event, "data: ")).unwrap();
                (field(event, "id: ").parse().unwrap(), field(event, "event: "), data)
            })
            .collect()
    }
}

/// A data folder, and in it the drawn frames of a turn.
pub(crate) fn folder_with_turn(frames: u32) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let turn = folder.path().join("turn");
    draw_turn(&turn, PLATINUM, frames);
    (folder, turn)
}

fn start(data: &Path) -> Server {
    let config = data.join("girasol.toml");
    Server::start_over(data, &["serve", "--config", config.to_str().unwrap()])
}

fn kinds(events: &[(i64, String, Value)]) -> Vec<&str> {
    let mut kinds: Vec<&str> = events.iter().map(|(_, kind, _)| kind.as_str()).collect();
    kinds.dedup();
    kinds
}

/// What is published of a configuration, without what differs between two ingests of the same frames.
async fn sets(server: &Server) -> Value {
    let mut manifest = server.json(&sequence(RING)).await;
    manifest["tiers"].take()
}

fn publish(data: &Path, version: &Value) {
    let output =
        girasol().args(["publish", RING, &version.to_string(), "--data"]).arg(data).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_committed_set_becomes_an_unpublished_version() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    let studio = Studio::over(data, "");
    let job = studio.send(&turn).await;
    let events = studio.watch(&job, 0).await;
    // A preview is told of while there is time for it.
    let (previews, others): (Vec<_>, Vec<_>) =
        events.iter().cloned().partition(|(_, kind, _)| kind == "preview");
    assert!(previews.len() < 2, "{previews:?}");
    assert_eq!(kinds(&others), ["queued", "running", "progress", "log", "ready"]);
    let (_, _, ready) = events.last().unwrap();
    assert_eq!((&ready["configuration"], &ready["version"]), (&json!(RING), &json!(2)));
    let versions = studio.json(&format!("/api/sequences/{RING}")).await["versions"].take();
    let kinds_of: Vec<_> = versions.as_array().unwrap().iter().map(|version| &version["kind"]).collect();
    assert_eq!(kinds_of, ["full", "early"]);
    // A client that was cut off resumes after the last event that it has.
    let middle = events.len() / 2;
    assert_eq!(studio.watch(&job, events[middle].0).await, events[middle + 1..]);

    let shown = studio.json(&job).await;
    let logged = |(_, kind, data): &(i64, String, Value)| (kind == "log").then(|| data.clone());
    assert_eq!(shown["log"], Value::Array(events.iter().filter_map(logged).collect()));
    assert_eq!((&shown["state"], &shown["version"]), (&json!("ready"), &json!(2)));
    assert_eq!(studio.json("/api/jobs").await["jobs"][0]["id"], shown["id"]);
    let not_yet = studio.server.get(&sequence(RING), &[]).await;
    assert_eq!(problem(not_yet, 404).await, "no-spin");
    publish(data, &shown["version"]);
    // The first server may answer from memory for another second.
    assert_eq!(start(data).get(&sequence(RING), &[]).await.status(), 200);
    for path in ["cancel", "retry"] {
        let response = studio.ask(Method::POST, &format!("{job}/{path}"), None).await;
        assert_eq!(problem(response, 409).await, "job-state");
    }
    let unknown = "/api/jobs/00000000000000000000000000000000";
    for (method, path) in [(Method::GET, ""), (Method::GET, "/events"), (Method::POST, "/cancel")] {
        let response = studio.ask(method, &format!("{unknown}{path}"), None).await;
        assert_eq!(problem(response, 404).await, "no-such-job");
    }
}

#[tokio::test]
async fn a_job_with_unusable_frames_names_them_and_is_not_retried() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    fs::write(turn.join("005.png"), "no picture").unwrap();
    let studio = Studio::over(data, "");
    let job = studio.send(&turn).await;
    let events = studio.watch(&job, 0).await;
    let (_, kind, failure) = events.last().unwrap();
    assert_eq!((kind.as_str(), &failure["file"]), ("failed", &json!("005.png")));
    assert!(failure["message"].as_str().unwrap().contains("005.png"));
    assert!(failure["remedy"].is_string());
    assert_eq!(studio.json(&job).await["attempts"], 1);
}

#[tokio::test]
async fn a_server_without_workers_leaves_jobs_to_other_processes() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    let studio = Studio::over(data, "in_server = false\n");
    let job = studio.send(&turn).await;
    let response = studio.ask(Method::PATCH, &job, Some(json!({ "priority": 7 }))).await;
    assert_eq!(response.json::<Value>().await.unwrap()["priority"], 7);
    let response = studio.ask(Method::PATCH, &job, Some(json!({ "priority": 101 }))).await;
    assert_eq!(problem(response, 422).await, "bad-field");
    let cancelled = studio.ask(Method::POST, &format!("{job}/cancel"), None).await;
    assert_eq!(cancelled.json::<Value>().await.unwrap()["state"], "cancelled");
    assert_eq!(kinds(&studio.watch(&job, 0).await), ["queued", "cancelled"]);
    let again = studio.ask(Method::POST, &format!("{job}/retry"), None).await;
    assert_eq!(again.json::<Value>().await.unwrap()["state"], "queued");

    let config = data.join("girasol.toml");
    let mut worker = girasol()
        .arg("work")
        .arg("--config")
        .arg(config)
        .arg("--data")
        .arg(data)
        .stderr(std::process::Stdio::null())
        .spawn()
        .unwrap();
    let events = studio.watch(&job, 0).await;
    assert_eq!(events.last().unwrap().1, "ready");
    let status = std::process::Command::new("kill").arg(worker.id().to_string()).status().unwrap();
    assert!(status.success());
    assert_eq!(worker.wait().unwrap().code(), Some(0));
}

#[tokio::test]
async fn another_worker_takes_over_whenever_one_is_killed() {
    let (folder, turn) = folder_with_turn(24);
    let data = folder.path();
    let mut studio = Studio::over(data, "");
    let job = studio.send(&turn).await;
    // Each worker is killed after a few events, and gets a little further than the one before.
    for chunks in [2, 5, 9, 13] {
        let request = studio.server.request(Method::GET, &format!("{job}/events"));
        let mut events = request.header("authorization", &studio.bearer).send().await.unwrap();
        for _ in 0..chunks {
            if events.chunk().await.unwrap().is_none() {
                break;
            }
        }
        studio.server.signal("KILL");
        studio.server = start(data);
    }
    let events = studio.watch(&job, 0).await;
    assert_eq!(events.last().unwrap().1, "ready");
    publish(data, &events.last().unwrap().2["version"]);

    // An undisturbed worker makes the same bytes.
    let other = tempfile::tempdir().unwrap();
    let output = girasol()
        .arg("ingest")
        .arg(&turn)
        .args(["--product", "ring/solitaire", "--choice", "metal=platinum", "--choice", "stone=diamond"])
        .arg("--data")
        .arg(other.path())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let undisturbed = Server::start_over(other.path(), &["serve"]);
    assert_eq!(sets(&studio.server).await, sets(&undisturbed).await);
}

/// Files that an ingest of the configuration has kept.
fn encodes_of(data: &Path, configuration: &str) -> usize {
    let of_configuration = Digest::of(configuration.as_bytes()).to_string();
    let folders = fs::read_dir(data.join("work")).unwrap().flatten();
    let own = folders.filter(|entry| entry.path().is_dir());
    let own = own.filter(|entry| entry.file_name().to_string_lossy().starts_with(&of_configuration));
    own.map(|entry| fs::read_dir(entry.path()).unwrap().count()).sum()
}

#[tokio::test]
async fn the_preview_of_a_new_set_goes_before_standard_and_hd_of_an_old_one() {
    let (folder, turn) = folder_with_turn(72);
    let data = folder.path();
    let studio = Studio::over(data, "");
    // The one worker takes it at once, and is at standard and hd of it for long.
    let old = studio.send_as(&turn, "platinum", json!({ "effort": "max" })).await;
    let new = studio.send_as(&turn, "gold", json!({})).await;
    let waiting = loop {
        let shown = studio.json(&old).await;
        assert_ne!(shown["state"], "ready", "it did not give way");
        if shown["waitsFor"] == "previews" {
            break shown;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&waiting["state"], &waiting["preview"]["version"]), (&json!("queued"), &json!(1)));
    let kept = encodes_of(data, RING);
    let told = girasol().args(["jobs", "--data"]).arg(data).output().unwrap().stdout;
    let told = String::from_utf8(told).unwrap();
    assert!(told.contains("standard and hd wait: previews of new sets go first"), "{told}");

    let (of_new, of_old) = (studio.watch(&new, 0).await, studio.watch(&old, 0).await);
    let number = |events: &[(i64, String, Value)], kind: &str| {
        events.iter().filter(|event| event.1 == kind).map(|event| event.0).collect::<Vec<_>>()
    };
    let (runs, previews) = (number(&of_old, "running"), number(&of_old, "preview"));
    assert_eq!((runs.len(), previews.len()), (2, 1), "{of_old:?}");
    let first_of_new =
        number(&of_new, "preview").first().copied().or(number(&of_new, "ready").first().copied());
    assert!(first_of_new.is_some_and(|number| previews[0] < number && number < runs[1]), "{of_new:?}");
    // It ended as if it had not been interrupted: the attempt does not count, and nothing was encoded twice.
    let ended = studio.json(&old).await;
    assert_eq!(
        (&ended["state"], &ended["attempts"], &ended["version"]),
        (&json!("ready"), &json!(1), &json!(2))
    );
    let line = ended["log"].as_array().unwrap().iter().rev().find_map(|entry| {
        let line = entry["line"].as_str()?;
        line.ends_with(" found from before").then(|| line.to_owned())
    });
    let found = line.unwrap().split(' ').nth(2).unwrap().parse::<usize>().unwrap();
    assert!(kept > 0 && found >= kept, "{found} of {kept}");
}

#[tokio::test]
async fn the_whole_spin_follows_a_preview_that_an_artist_publishes() {
    let (folder, turn) = folder_with_turn(72);
    let data = folder.path();
    let studio = Studio::over(data, "");
    let job = studio.send_as(&turn, "platinum", json!({ "effort": "max" })).await;
    let preview = loop {
        let shown = studio.json(&job).await;
        assert_ne!(shown["state"], "ready", "its preview was not told of");
        if let Some(preview) = shown["preview"]["version"].as_i64() {
            break preview;
        }
        tokio::task::yield_now().await;
    };
    // Without a number it is not the preview that is meant; it is named.
    let refused = studio.ask(Method::POST, &format!("/api/sequences/{RING}/publish"), Some(json!({}))).await;
    assert_eq!(refused.status(), 409);
    let refused: Value = refused.json().await.unwrap();
    let detail = refused["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("send {{\"version\": {preview}}}")), "{refused}");
    let output = girasol().args(["publish", RING, "--data"]).arg(data).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && told.contains(&format!("girasol publish {RING} {preview}")),
        "{told}"
    );
    publish(data, &json!(preview));
    assert_eq!(start(data).json(&sequence(RING)).await["version"], preview);
    let events = studio.watch(&job, 0).await;
    let version = &events.last().unwrap().2["version"];
    assert_ne!(*version, preview);
    let shown = start(data).json(&sequence(RING)).await;
    assert_eq!(&shown["version"], version);
    assert!(shown["tiers"]["hd"].is_object(), "{shown}");
}

#[tokio::test]
async fn a_set_that_takes_more_memory_than_there_is_says_so_and_is_encoded_where_there_is_more() {
    let (folder, turn) = folder_with_turn(12);
    let data = folder.path();
    let studio = Studio::over(data, "memory_mib = 20\n");
    let job = studio.send(&turn).await;
    let shown = loop {
        let shown = studio.json(&job).await;
        if shown["failure"].is_object() {
            break shown;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!((&shown["state"], &shown["failure"]["slug"]), (&json!("queued"), &json!("too-little-memory")));
    let message = shown["failure"]["message"].as_str().unwrap();
    assert!(message.contains("MiB of memory, and there are 20 MiB for it"), "{message}");
    drop(studio);
    let studio = Studio::over(data, "memory_mib = 200\nthreads = 1\n");
    assert_eq!(studio.watch(&job, 0).await.last().unwrap().1, "ready");
}
