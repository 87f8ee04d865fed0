//! A webhook: JSON with tags and addresses, signed where there is a secret.

use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::db::now_ms;

use super::{
    client::{Client, Secret, SendError, signature},
    message::{Message, pieces},
};

/// Tags, and addresses, of one request: what most frameworks take for a body by default is 100 kB.
const MAX_TAGS: usize = 1_000;
const URLS_MAX_BYTES: usize = 60_000;

#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) endpoint: String,
    pub(super) secret: Option<Secret>,
}

impl Webhook {
    pub(super) async fn send(&self, client: &Client, message: &Message) -> Result<(), SendError> {
        let tags = pieces(&message.tags, MAX_TAGS, usize::MAX, 0);
        let urls = pieces(&message.paths, usize::MAX, URLS_MAX_BYTES, 3);
        for at in 0..tags.len().max(urls.len()) {
            let none: &[String] = &[];
            let tags = tags.get(at).copied().unwrap_or(none);
            let urls = urls.get(at).copied().unwrap_or(none);
            let id = format!("{}-{at}", message.key);
            let body = json!({ "id": id, "tags": tags, "urls": urls, "soft": message.soft }).to_string();
            let mut request = client.http.post(&self.endpoint).header(CONTENT_TYPE, "application/json");
            if let Some(secret) = &self.secret {
                request = request.header("Girasol-Signature", signature(secret, now_ms() / 1000, &body));
            }
            let secrets: Vec<&Secret> = self.secret.iter().collect();
            client.send(request.body(body), &[], &secrets).await?;
        }
        Ok(())
    }
}
