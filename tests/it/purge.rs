//! Purges: real caches that are purged before the change is answered, and caches that are purged later.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
    process::{Command, Output},
    time::Duration,
};

use reqwest::{Method, Response};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use crate::{
    edge::two_versions,
    front::{Cache, Front, Scripted, free_address},
    girasol::{RING, Server, girasol, header, key, problem, sequence},
};

/// A data folder, as every installation has one before it purges.
fn make_data(folder: &Path) {
    let mut command = girasol();
    let output = command.args(["key", "create", "--role", "admin", "--data"]).arg(folder).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A config with one cache at an address.
fn config(folder: &Path, kind: &str, at: &str) -> PathBuf {
    let mut toml = String::new();
    writeln!(toml, "[[purge.targets]]\nname = 'edge'\nkind = '{kind}'\nendpoints = ['http://{at}']").unwrap();
    let file = folder.join("purge.toml");
    std::fs::write(&file, toml).unwrap();
    file
}

/// A server with two versions, and a cache before it that it knows of.
struct Behind {
    folder: TempDir,
    server: Server,
    front: Front,
    cache: Cache,
    artist: String,
}

impl Behind {
    fn start(cache: Cache) -> Self {
        let folder = tempfile::tempdir().unwrap();
        two_versions(folder.path());
        let at = free_address();
        let kind = if cache == Cache::Varnish { "varnish" } else { "nginx" };
        let file = config(folder.path(), kind, &at);
        let server = Server::start_over(folder.path(), &["serve", "--config", file.to_str().unwrap()]);
        let front = Front::start_at(&at, cache, &server.base, &[]);
        let artist = format!("Bearer {}", key(folder.path(), "artist"));
        Self { folder, server, front, cache, artist }
    }

    /// Asks the server for a change, and answers when it says that it is done.
    async fn change(&self, what: &str, body: Option<Value>) {
        let request = self.server.request(Method::POST, &format!("/api/sequences/{RING}/{what}"));
        let request = request.header("authorization", &self.artist);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{:?}: {what}", self.cache);
        let answer: Value = answer.json().await.unwrap();
        assert_eq!(answer["purged"][0]["state"], "purged", "{:?}: {answer}", self.cache);
    }

    /// What the cache did, and which version it shows.
    async fn shown(&self) -> (String, i64) {
        let (did, body) = self.front.cached(&sequence(RING), &[]).await;
        let manifest: Value = serde_json::from_str(&body).unwrap();
        (did, manifest["version"].as_i64().unwrap())
    }

    fn cli(&self, arguments: &[&str]) -> Output {
        let config = self.folder.path().join("purge.toml");
        let data = self.folder.path();
        girasol().args(arguments).arg("--config").arg(config).arg("--data").arg(data).output().unwrap()
    }
}

#[tokio::test]
async fn a_change_is_seen_by_the_very_next_request() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let behind = Behind::start(cache);
        let front = &behind.front;
        assert_eq!(behind.shown().await, ("MISS".to_owned(), 2), "{cache:?}");
        assert_eq!(behind.shown().await, ("HIT".to_owned(), 2), "{cache:?}");
        behind.change("publish", Some(json!({ "version": 3 }))).await;
        assert_eq!(behind.shown().await, ("MISS".to_owned(), 3), "{cache:?}");
        behind.change("rollback", None).await;
        assert_eq!(behind.shown().await, ("MISS".to_owned(), 2), "{cache:?}");
        // A sibling's manifest names this one, and the product lists it.
        let product = "/api/products/customizable/ring/solitaire";
        let manifest: Value = serde_json::from_str(&front.cached(&sequence(RING), &[]).await.1).unwrap();
        let set = manifest["tiers"]["standard"]["formats"]["webp"]["set"].as_str().unwrap();
        let frame = format!("/s/{set}/000.webp");
        let still = format!("/still/{RING}.webp");
        for path in [product, &frame, &still] {
            front.cached(path, &[]).await;
            assert_eq!(front.cached(path, &[]).await.0, "HIT", "{cache:?}: {path}");
        }
        behind.change("take-down", Some(json!({ "confirm": RING }))).await;
        let gone = |response: Response| async { problem(response, 410).await };
        assert_eq!(gone(front.get(&sequence(RING), &[]).await).await, "taken-down", "{cache:?}");
        assert_eq!(gone(front.get(&still, &[]).await).await, "taken-down", "{cache:?}");
        assert_eq!(front.get(&frame, &[]).await.status(), 404, "{cache:?}");
        assert_eq!(front.cached(product, &[]).await.0, "MISS", "{cache:?}");
    }
}

#[tokio::test]
async fn a_change_at_the_command_line_is_seen_when_the_command_ends() {
    for cache in Cache::ALL.into_iter().filter(|cache| cache.is_here()) {
        let behind = Behind::start(cache);
        assert_eq!(behind.shown().await.1, 2, "{cache:?}");
        let output = behind.cli(&["publish", RING, "3"]);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && said.contains("is purged"), "{cache:?}: {said}");
        assert_eq!(behind.shown().await.1, 3, "{cache:?}");
    }
}

#[tokio::test]
async fn a_soft_purge_gives_what_is_there_while_one_request_goes_to_the_origin() {
    if !Cache::Varnish.is_here() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let origin = Scripted::start(
        "xkey: s-1\r\nCache-Control: public, max-age=600, s-maxage=3600\r\n\
        CDN-Cache-Control: public, max-age=3600, stale-while-revalidate=600, stale-if-error=86400\r\n",
    )
    .await;
    let front = Front::start(Cache::Varnish, &origin.at, &[]);
    let file = config(folder.path(), "varnish", front.base.trim_start_matches("http://"));
    make_data(folder.path());
    let purge = |flags: &[&str]| {
        let mut command = girasol();
        command.args(["purge", "--tag", "s-1", "--json", "--config"]).arg(&file).args(flags);
        let output = command.arg("--data").arg(folder.path()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let said: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(said["purged"][0]["state"], "purged", "{said}");
    };
    let path = sequence(RING);
    front.cached(&path, &[]).await;
    assert_eq!(front.cached(&path, &[]).await.0, "HIT");
    purge(&["--soft"]);
    origin.hold();
    for _ in 0..5 {
        assert_eq!(front.cached(&path, &[]).await.0, "STALE");
    }
    origin.open();
    while front.cached(&path, &[]).await.0 != "HIT" {}
    assert_eq!(origin.asked(), 2);
    purge(&[]);
    assert_eq!(front.cached(&path, &[]).await.0, "MISS");
}

#[tokio::test]
async fn a_purge_survives_every_process_until_it_is_acknowledged() {
    let folder = tempfile::tempdir().unwrap();
    two_versions(folder.path());
    let at = free_address();
    let file = config(folder.path(), "varnish", &at);
    let file = file.to_str().unwrap();
    let mut server = Server::start_over(folder.path(), &["serve", "--config", file]);
    let cli = |arguments: &[&str]| {
        let mut command = girasol();
        command.args(arguments).args(["--config", file, "--data"]).arg(folder.path());
        command.output().unwrap()
    };
    let output = cli(&["publish", RING, "3"]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "what is published stays published: {said}");
    assert!(said.contains("edge (varnish) is not purged yet"), "{said}");
    server.signal("KILL");
    server.ended();
    let list: Value = serde_json::from_slice(&cli(&["purge", "--list", "--json"]).stdout).unwrap();
    assert_eq!(list["deliveries"][0]["subject"], RING, "{list}");
    assert_eq!(
        (&list["deliveries"][0]["state"], &list["deliveries"][0]["name"]),
        (&json!("pending"), &json!("edge"))
    );

    let listener = TcpListener::bind(&at).await.unwrap();
    let mut server = Server::start_over(folder.path(), &["serve", "--config", file]);
    let received = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await.unwrap();
        String::from_utf8(request).unwrap()
    };
    // A lease that the killed server had is over after a minute.
    let request =
        tokio::time::timeout(Duration::from_secs(90), received).await.expect("the purge is sent again");
    assert!(request.starts_with("PURGE / HTTP/1.1\r\n"), "{request}");
    let tags = header(server.get(&sequence(RING), &[]).await.headers(), "xkey").to_owned();
    let line = request.lines().find_map(|line| line.strip_prefix("xkey-purge: ")).unwrap();
    assert!(tags.split(' ').all(|tag| line.split(' ').any(|sent| sent == tag)), "{line}: {tags}");
    server.signal("TERM");
    assert_eq!(server.ended().0, Some(0));
}

#[tokio::test]
async fn admins_purge_by_hand_and_see_what_was_not_heard() {
    let folder = tempfile::tempdir().unwrap();
    let file = config(folder.path(), "varnish", &free_address());
    let server = Server::start_over(folder.path(), &["serve", "--config", file.to_str().unwrap()]);
    let [artist, admin] = ["artist", "admin"].map(|role| format!("Bearer {}", key(folder.path(), role)));
    let ask = async |key: &str, body: Value| {
        let request = server.request(Method::POST, "/api/purge").header("authorization", key);
        request.json(&body).send().await.unwrap()
    };
    assert_eq!(problem(ask(&artist, json!({ "tags": ["s-1"] })).await, 403).await, "insufficient-role");
    for body in [json!({}), json!({ "tags": [] }), json!({ "tags": ["S 1"] }), json!({ "product": "ring" })] {
        assert_eq!(problem(ask(&admin, body).await, 422).await, "bad-field");
    }
    for body in [json!({ "everything": true }), json!({ "tags": ["s-1"], "product": null })] {
        assert_eq!(problem(ask(&admin, body).await, 400).await, "bad-json");
    }
    let answer = ask(&admin, json!({ "configuration": RING, "soft": true })).await;
    assert_eq!(answer.status(), 202);
    let answer: Value = answer.json().await.unwrap();
    let outcome = &answer["purged"][0];
    assert_eq!(
        (&outcome["name"], &outcome["kind"], &outcome["state"]),
        (&json!("edge"), &json!("varnish"), &json!("pending"))
    );
    assert!(
        outcome["error"].as_str().unwrap().contains("refused") && outcome["next"].is_string(),
        "{answer}"
    );

    let list = server.get("/api/purge", &[("authorization", &admin)]).await;
    let list: Value = list.json().await.unwrap();
    assert_eq!(list["caches"], json!([{ "name": "edge", "kind": "varnish" }]));
    let delivery = &list["deliveries"][0];
    assert_eq!((&delivery["subject"], &delivery["soft"]), (&json!(RING), &json!(true)), "{list}");
    assert!(delivery["attempts"].as_u64().unwrap() > 0);
    let trail: Value = server.get("/api/audit", &[("authorization", &admin)]).await.json().await.unwrap();
    let entries = trail["entries"].as_array().unwrap();
    assert!(
        entries.iter().any(|entry| entry["action"] == "purge.by-hand" && entry["subject"] == RING),
        "{trail}"
    );
}

#[test]
fn what_cannot_be_told_is_said_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    make_data(folder.path());
    let run = |command: &mut Command| {
        let output = command.args(["--data"]).arg(folder.path()).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["error"].take()
    };
    let said = run(girasol().args(["purge", "--tag", "s-1", "--json"]));
    assert_eq!(said["slug"], "no-caches");
    assert_eq!(run(girasol().args(["purge", "--json"]))["slug"], "nothing-to-purge");
    let file = folder.path().join("girasol.toml");
    let toml =
        "[[purge.targets]]\nname = 'world'\nkind = 'fastly'\nservice_id = 'S'\ntoken_env = 'NO_TOKEN'\n";
    std::fs::write(&file, toml).unwrap();
    let said = run(girasol().args(["purge", "--tag", "s-1", "--json", "--config"]).arg(&file));
    assert_eq!(said["slug"], "config");
    assert!(said["message"].as_str().unwrap().contains("NO_TOKEN"), "{said}");
    let output = girasol().args(["purge", "--tag", "S 1"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
}
