//! Fastly: tags, 256 at once, hard or soft.

use reqwest::header::{ACCEPT, CONTENT_TYPE};
use serde_json::json;

use super::{
    client::{Client, Secret, SendError},
    message::{Message, pieces},
};

/// The most keys of one purge (Fastly's API reference, "Purge multiple surrogate key tags").
const MAX_TAGS: usize = 256;
pub(super) const API: &str = "https://api.fastly.com";

#[derive(Debug)]
pub(super) struct Fastly {
    pub(super) api: String,
    pub(super) service_id: String,
    pub(super) token: Secret,
}

impl Fastly {
    pub(super) async fn send(&self, client: &Client, message: &Message) -> Result<(), SendError> {
        for tags in pieces(&message.tags, MAX_TAGS, usize::MAX, 0) {
            let request = client.http.post(format!("{}/service/{}/purge", self.api, self.service_id));
            let mut request = request
                .header("Fastly-Key", self.token.expose())
                .header(ACCEPT, "application/json")
                .header(CONTENT_TYPE, "application/json")
                .body(json!({ "surrogate_keys": tags }).to_string());
            if message.soft {
                request = request.header("Fastly-Soft-Purge", "1");
            }
            client.send(request, &[], &[&self.token]).await?;
        }
        Ok(())
    }
}
