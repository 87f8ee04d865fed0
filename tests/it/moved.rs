//! What clients are answered while a spin is moved, released or taken down, and by whom links are named.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    girasol::{Server, header, ingest, ingest_with, key, problem, sequence},
    s3::files,
};

const GOLD: &str = "ring.solitaire.metal-gold.stone-diamond";

/// Asks for these addresses over and over; gives the statuses that came, each once.
async fn ask_until(server: Arc<Server>, paths: Vec<String>, is_over: Arc<AtomicBool>) -> Vec<(u16, String)> {
    let mut seen = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        for path in &paths {
            let answer = (server.get(path, &[]).await.status().as_u16(), path.clone());
            if !seen.contains(&answer) {
                seen.push(answer);
            }
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_spin_that_is_moved_meanwhile_is_never_an_internal_error() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest(data, "gold", [212, 175, 95], 12);
    // Without a cache every answer reads the store.
    fs::write(data.join("girasol.toml"), "[cache]\nobjects_max_bytes = 0\nanswers_max_bytes = 0\nwarm = 0\n")
        .unwrap();
    let config = data.join("girasol.toml");
    let server = Arc::new(Server::start_over(data, &["serve", "--config", config.to_str().unwrap()]));
    let bearer = format!("Bearer {}", key(data, "artist"));
    let change = async |verb: &str| {
        let request = server.request(Method::POST, &format!("/api/sequences/{GOLD}/{verb}"));
        request.header("authorization", &bearer).json(&json!({ "confirm": GOLD })).send().await.unwrap()
    };
    let manifest = server.json(&sequence(GOLD)).await;
    let mut paths = vec![sequence(GOLD), format!("/still/{GOLD}.jpg"), format!("/still/{GOLD}.webp")];
    paths.extend(files(&manifest).into_iter().take(6));
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> =
        (0..4).map(|_| tokio::spawn(ask_until(server.clone(), paths.clone(), is_over.clone()))).collect();
    for _ in 0..4 {
        assert_eq!(change("protect").await.status(), 200);
        assert_eq!(change("unprotect").await.status(), 200);
    }
    assert_eq!(change("take-down").await.status(), 200);
    is_over.store(true, Ordering::Relaxed);
    for reader in readers {
        for (status, path) in reader.await.unwrap() {
            let allowed: &[u16] = if path.starts_with("/s/") || path.starts_with("/p/") {
                &[200, 404]
            } else {
                &[200, 403, 410]
            };
            assert!(allowed.contains(&status), "{status} {path}");
        }
    }
}

#[tokio::test]
async fn only_a_trusted_proxy_names_the_host_and_the_scheme() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path();
    ingest_with(data, "gold", [212, 175, 95], 12, &["--protected"]);
    let key = key(data, "artist");
    let forwarded = [
        ("x-forwarded-host", "spins.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ];
    let config = data.join("girasol.toml");
    for (trusted, is_secure) in [("", false), ("[server]\ntrusted_proxies = [\"127.0.0.1/32\"]\n", true)] {
        fs::write(&config, trusted).unwrap();
        let server = Server::start_over(data, &["serve", "--config", config.to_str().unwrap()]);
        let base = if is_secure { "https://spins.example" } else { server.base.as_str() };
        let post = async |path: &str, body: Value| {
            let request = server.request(Method::POST, path).bearer_auth(&key).json(&body);
            let request =
                forwarded.iter().fold(request, |request, (name, value)| request.header(*name, *value));
            request.send().await.unwrap()
        };
        let signed: Value =
            post(&format!("/api/sequences/{GOLD}/sign"), json!({ "hours": 1 })).await.json().await.unwrap();
        assert!(signed["sequence"].as_str().unwrap().starts_with(&format!("{base}/signed/")), "{signed}");
        let versions: Value = {
            let request = server.request(Method::GET, &format!("/api/sequences/{GOLD}")).bearer_auth(&key);
            request.send().await.unwrap().json().await.unwrap()
        };
        let link = format!("/api/sequences/{GOLD}/versions/{}/preview-link", versions["live"]);
        let link: Value = post(&link, json!({ "hours": 1 })).await.json().await.unwrap();
        assert!(link["link"].as_str().unwrap().starts_with(&format!("{base}/preview/")), "{link}");

        let session = post("/api/session", json!({ "key": key })).await;
        let cookie = header(session.headers(), "set-cookie").to_owned();
        let name = if is_secure { "__Host-girasol_session=" } else { "girasol_session=" };
        assert!(
            cookie.starts_with(name) && cookie.contains("Path=/") && !cookie.contains("Domain"),
            "{cookie}"
        );
        assert_eq!(cookie.contains("Secure"), is_secure, "{cookie}");
        let cookie = cookie.split(';').next().unwrap();
        let with = |cookie: &str| {
            let request = server.request(Method::GET, "/api/session").header("cookie", cookie);
            forwarded.iter().fold(request, |request, (name, value)| request.header(*name, *value)).send()
        };
        assert_eq!(with(cookie).await.unwrap().status(), 200);
        // A cookie that another host of the domain may have set is not read.
        let other = cookie.replace("__Host-", "");
        let other = if is_secure { other } else { format!("__Host-{other}") };
        assert_eq!(problem(with(&other).await.unwrap(), 401).await, "key-missing");
    }
}
