//! Cloudflare: tags, 100 at once, always hard.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{
    client::{Client, Response, Secret, SendError, SendErrorKind},
    message::{Message, pieces},
};

/// The most operations of one request, on every plan (Cloudflare's documentation, "Purge cache").
const MAX_TAGS: usize = 100;
pub(super) const API: &str = "https://api.cloudflare.com/client/v4";

#[derive(Debug)]
pub(super) struct Cloudflare {
    pub(super) api: String,
    pub(super) zone_id: String,
    pub(super) token: Secret,
}

impl Cloudflare {
    pub(super) async fn send(&self, client: &Client, message: &Message) -> Result<(), SendError> {
        for tags in pieces(&message.tags, MAX_TAGS, usize::MAX, 0) {
            let request = client
                .http
                .post(format!("{}/zones/{}/purge_cache", self.api, self.zone_id))
                .bearer_auth(self.token.expose())
                .header(CONTENT_TYPE, "application/json")
                .body(json!({ "tags": tags }).to_string());
            let Response { status, body } = client.send(request, &[], &[&self.token]).await?;
            // The body says whether the purge was done.
            let is_done = serde_json::from_str::<Value>(&body).is_ok_and(|body| body["success"] == true);
            if !is_done {
                let said = SendError::of_status(status, None, &body, &[&self.token]);
                return Err(SendError { kind: SendErrorKind::Rejected, ..said });
            }
        }
        Ok(())
    }
}
