//! A receiver of notifications, and servers that raise alerts at once.

use std::{
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

use crate::girasol::{RING, Server, key};

/// Rules that fire at once, for faults that a test can make.
pub(crate) const QUICK: &str = "[alerts]\nevery_seconds = 1\n";

pub(crate) fn quick(rule: &str, rest: &str) -> String {
    format!("[[alerts.rules]]\nname = '{rule}'\nfor_seconds = 0\n{rest}\n")
}

/// A server that gets notifications, and answers them with a status.
pub(crate) struct Receiver {
    pub(crate) address: String,
    pub(crate) bodies: Arc<Mutex<Vec<Value>>>,
    pub(crate) heads: Arc<Mutex<Vec<String>>>,
    pub(crate) status: Arc<Mutex<u16>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
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
    pub(crate) fn channel(&self, kind: &str, rest: &str) -> String {
        format!("[[alerts.channels]]\nname = '{kind}'\nkind = '{kind}'\nurl = '{}'\n{rest}\n", self.address)
    }

    /// What was said of a rule: its states in order.
    pub(crate) fn states(&self, rule: &str) -> Vec<String> {
        let bodies = self.bodies.lock().unwrap();
        let of_rule = bodies.iter().filter(|body| body["name"] == rule);
        of_rule.map(|body| body["state"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) async fn until(&self, rule: &str, states: &[&str]) {
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
pub(crate) async fn listed(server: &Server, admin: &str, rule: &str) -> Option<Value> {
    let list: Value = server.get("/api/alerts", &[("authorization", admin)]).await.json().await.unwrap();
    list["alerts"].as_array().unwrap().iter().find(|alert| alert["name"] == rule).cloned()
}

/// A server with settings, and an admin's key.
pub(crate) fn server(folder: &Path, settings: &str) -> (Server, String) {
    let bearer = format!("Bearer {}", key(folder, "admin"));
    (Server::start_with(folder, settings), bearer)
}

/// A data folder whose cache does not acknowledge, and rules that say so at once.
pub(crate) fn purging(receiver: &Receiver, cache: &str) -> String {
    let mut settings =
        format!("[[purge.targets]]\nname = 'edge'\nkind = 'varnish'\nendpoints = ['http://{cache}']\n");
    settings.push_str(QUICK);
    settings.push_str(&quick("purge-old", "raises = 0.5"));
    settings.push_str(&receiver.channel("webhook", ""));
    settings
}

pub(crate) fn purge(server: &Server, admin: &str) -> impl Future<Output = reqwest::Response> {
    let request = server.request(Method::POST, "/api/purge").header("authorization", admin);
    let sent = request.json(&json!({ "configuration": RING })).send();
    async { sent.await.unwrap() }
}

/// A cache that acknowledges everything.
pub(crate) async fn acknowledging(address: &str) {
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

/// Waits until the server lists all of these alerts as firing.
pub(crate) async fn until_all_fire(server: &Server, admin: &str, rules: &[&str]) {
    until_listed(server, admin, rules, |alert| alert.is_some_and(|alert| alert["state"] == "firing")).await;
}

/// Waits until the server lists none of these alerts.
pub(crate) async fn until_none_holds(server: &Server, admin: &str, rules: &[&str]) {
    until_listed(server, admin, rules, |alert| alert.is_none()).await;
}

async fn until_listed(server: &Server, admin: &str, rules: &[&str], is_so: impl Fn(Option<&Value>) -> bool) {
    let left = Mutex::new(Vec::new());
    let waiting = async {
        loop {
            let list: Value =
                server.get("/api/alerts", &[("authorization", admin)]).await.json().await.unwrap();
            let alerts = list["alerts"].as_array().unwrap();
            let of = |rule: &str| alerts.iter().find(|alert| alert["name"] == rule);
            let others: Vec<String> = rules
                .iter()
                .filter(|rule| !is_so(of(rule)))
                .map(|rule| format!("{rule}: {:?}", of(rule)))
                .collect();
            if others.is_empty() {
                return;
            }
            *left.lock().unwrap() = others;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let waited = tokio::time::timeout(Duration::from_mins(2), waiting).await;
    assert!(waited.is_ok(), "{:?}", left.lock().unwrap());
}
