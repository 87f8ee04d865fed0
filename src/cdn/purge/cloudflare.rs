//! Cloudflare: tags, 100 at once, always hard.

use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};

use super::{
    asking::{Answered, Asker, Failure, FailureKind, Secret},
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
    pub(super) async fn tell(&self, asker: &Asker, message: &Message) -> Result<(), Failure> {
        for tags in pieces(&message.tags, MAX_TAGS, usize::MAX, 0) {
            let request = asker
                .client
                .post(format!("{}/zones/{}/purge_cache", self.api, self.zone_id))
                .bearer_auth(self.token.reveal())
                .header(CONTENT_TYPE, "application/json")
                .body(json!({ "tags": tags }).to_string());
            let Answered { status, body } = asker.send(request, &[], &[&self.token]).await?;
            // It says in the body whether it did it.
            let done = serde_json::from_str::<Value>(&body).is_ok_and(|answer| answer["success"] == true);
            if !done {
                let said = Failure::of_status(status, None, &body, &[&self.token]);
                return Err(Failure { kind: FailureKind::Refused, ..said });
            }
        }
        Ok(())
    }
}
