//! An artist who sends frames to a server.

use std::{fs, path::Path, time::Duration};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::girasol::{Server, draw_turn, header, key};

/// A server, and an artist with a key for it.
pub(crate) struct Artist {
    pub(crate) server: Server,
    pub(crate) bearer: String,
}

impl Artist {
    pub(crate) fn over(data: &Path) -> Self {
        let bearer = format!("Bearer {}", key(data, "artist"));
        Self { server: Server::start_over(data, &["serve"]), bearer }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.server.request(method, path).header("authorization", &self.bearer)
    }

    pub(crate) async fn open(&self, body: &Value) -> String {
        let response = self.request(Method::POST, "/api/framesets").json(body).send().await.unwrap();
        assert_eq!(response.status(), 201);
        let location = header(response.headers(), "location").to_owned();
        let set: Value = response.json().await.unwrap();
        assert_eq!(location, format!("/api/framesets/{}", set["id"].as_str().unwrap()));
        location
    }

    pub(crate) async fn put(&self, set: &str, name: &str, bytes: &[u8]) -> Response {
        let request = self.request(Method::PUT, &format!("{set}/frames/{name}"));
        request.body(bytes.to_vec()).send().await.unwrap()
    }

    /// Draws a turn in a folder, sends its frames, and commits the set.
    pub(crate) async fn commit_turn(&self, set: &str, folder: &Path) {
        let turn = folder.join("turn");
        draw_turn(&turn, [200, 200, 205], 12);
        for frame in 0..12 {
            let name = format!("{frame:03}.png");
            let bytes = fs::read(turn.join(&name)).unwrap();
            assert_eq!(self.put(set, &name, &bytes).await.status(), 201);
        }
        let commit = async {
            loop {
                let answer = self.request(Method::POST, &format!("{set}/commit")).send().await.unwrap();
                if answer.status().is_success() {
                    break;
                }
            }
        };
        tokio::time::timeout(Duration::from_mins(1), commit).await.expect("the set is committed");
    }

    pub(crate) async fn show(&self, set: &str) -> Value {
        self.request(Method::GET, set).send().await.unwrap().json().await.unwrap()
    }

    pub(crate) async fn begin(&self, set: &str, name: &str, length: usize) -> Response {
        let id = set.rsplit('/').next().unwrap();
        let value = |text: &str| BASE64_STANDARD.encode(text);
        self.tus(Method::POST, "/api/uploads")
            .header("upload-length", length)
            .header("upload-metadata", format!("frameset {},filename {}", value(id), value(name)))
            .send()
            .await
            .unwrap()
    }

    pub(crate) fn tus(&self, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).header("tus-resumable", "1.0.0")
    }

    pub(crate) fn part(&self, upload: &str, offset: usize, bytes: &[u8]) -> RequestBuilder {
        self.tus(Method::PATCH, upload)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(bytes.to_vec())
    }

    pub(crate) async fn offset(&self, upload: &str) -> usize {
        let response = self.tus(Method::HEAD, upload).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(header(response.headers(), "cache-control"), "private, no-store");
        header(response.headers(), "upload-offset").parse().unwrap()
    }
}

pub(crate) fn ring() -> Value {
    json!({ "product": "ring.solitaire", "choices": { "metal": "platinum" } })
}

pub(crate) fn file(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at * 31 % 251) as u8).collect()
}

pub(crate) fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

pub(crate) fn parts_left(data: &Path) -> usize {
    let sets = std::fs::read_dir(data.join("incoming")).unwrap().flatten();
    sets.filter_map(|set| std::fs::read_dir(set.path().join("parts")).ok()).flatten().count()
}
