//! A webhook: JSON with tags and addresses, signed where there is a secret.

use reqwest::header::CONTENT_TYPE;
use serde_json::json;

use crate::{db::now_ms, domain::keys::hex};

use super::{
    client::{Client, Secret, SendError, hmac_sha256},
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
                request = request.header("Girasol-Signature", sign(secret, now_ms() / 1000, &body));
            }
            let secrets: Vec<&Secret> = self.secret.iter().collect();
            client.send(request.body(body), &[], &secrets).await?;
        }
        Ok(())
    }
}

/// The time is signed too, so that the receiver can refuse an old message that a third party sends again.
fn sign(secret: &Secret, at_s: i64, body: &str) -> String {
    let signature = hmac_sha256(secret.expose().as_bytes(), format!("{at_s}.{body}").as_bytes());
    format!("t={at_s},v1={}", hex(&signature))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_covers_moment_and_body() {
        let secret = Secret::new("key");
        let signed = sign(&secret, 1, "body");
        // As openssl computes it.
        assert_eq!(signed, "t=1,v1=91b5374b153842ad05b2c4eab9349b8321b14703165bd3fb8b034dfb8be98ae5");
        assert_ne!(signed[4..], sign(&secret, 2, "body")[4..]);
    }
}
