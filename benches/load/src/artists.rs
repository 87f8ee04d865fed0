//! Artists who send sets of frames while visitors browse.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use image::RgbaImage;
use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use crate::{servers::run, shop};

/// An artist at a server.
#[derive(Debug, Clone)]
pub(crate) struct Artist {
    base: String,
    key: String,
    folder: PathBuf,
    turn: Arc<Vec<(String, RgbaImage)>>,
    client: Client,
}

impl Artist {
    /// With a key of its own, and twelve frames.
    pub(crate) fn new(base: &str, data: &Path, scratch: &Path) -> Self {
        let key =
            run(&["key", "create", "--role", "artist", "--data", data.to_str().unwrap()]).trim().to_owned();
        let turn = Arc::new(shop::sample().into_iter().step_by(3).collect());
        Self { base: base.to_owned(), key, folder: scratch.join("sent"), turn, client: Client::new() }
    }

    /// The frames of a set, each time in another light, so that nothing of it is encoded already.
    fn frames(&self) -> Vec<(String, Vec<u8>)> {
        let light = 0.6 + (now_ms() % 10_000) as f32 / 30_000.0;
        shop::write(&self.folder, &self.turn, [light, light * 0.9, light * 0.8]);
        let files = fs::read_dir(&self.folder).unwrap().map(|entry| entry.unwrap().path());
        files
            .map(|file| (file.file_name().unwrap().to_str().unwrap().to_owned(), fs::read(&file).unwrap()))
            .collect()
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        body: Vec<u8>,
        kind: &str,
    ) -> Result<(StatusCode, Value), String> {
        let ask = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        let answer = ask.header("content-type", kind).body(body).send().await;
        let answer = answer.map_err(|error| format!("{path}: {error:?}"))?;
        let status = answer.status();
        let body = answer.bytes().await.map_err(|error| format!("{path}: {error:?}"))?;
        if !status.is_success() {
            return Err(format!("{path}: {status} {}", String::from_utf8_lossy(&body)));
        }
        Ok((status, serde_json::from_slice(&body).unwrap_or(Value::Null)))
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, String> {
        self.ask(Method::POST, path, body.to_string().into_bytes(), "application/json")
            .await
            .map(|(_, json)| json)
    }

    /// Sends one set, waits until it is encoded, and publishes it.
    async fn publish(&self, name: &str) -> Result<(), String> {
        let set = json!({"product": "ring.sent", "choices": {"number": name}, "newChoices": true});
        let opened = self.post("/api/framesets", &set).await?;
        let id = opened["id"].as_str().unwrap();
        let own = self.clone();
        for (name, frame) in tokio::task::spawn_blocking(move || own.frames()).await.unwrap() {
            let path = format!("/api/framesets/{id}/frames/{name}");
            self.ask(Method::PUT, &path, frame, "application/octet-stream").await?;
        }
        let committed = self.post(&format!("/api/framesets/{id}/commit"), &json!({})).await?;
        let job = format!("/api/jobs/{}", committed["job"]["id"].as_str().unwrap());
        loop {
            let (_, job) = self.ask(Method::GET, &job, Vec::new(), "application/json").await?;
            match job["state"].as_str() {
                Some("ready") => {
                    let path = format!("/api/sequences/{}/publish", job["configuration"].as_str().unwrap());
                    self.post(&path, &json!({"version": job["version"]})).await?;
                    return Ok(());
                }
                Some("failed" | "cancelled") => return Err(job.to_string()),
                _ => tokio::time::sleep(Duration::from_millis(200)).await,
            }
        }
    }

    /// Sends sets until the end is said: how many were published, and what went wrong.
    pub(crate) async fn work(self, end: Arc<AtomicBool>) -> (u64, Option<String>) {
        let mut published = 0;
        while !end.load(Ordering::Relaxed) {
            if let Err(why) = self.publish(&format!("n{}", now_ms())).await {
                return (published, Some(why));
            }
            published += 1;
        }
        (published, None)
    }
}

fn now_ms() -> u128 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis()
}
