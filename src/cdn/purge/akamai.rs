//! Akamai's Fast Purge: tags, as many as 50,000 bytes hold; soft is "invalidate", hard is "delete".

use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::{
    Url,
    header::{AUTHORIZATION, CONTENT_TYPE},
};
use serde_json::json;
use sha2::{Digest as _, Sha256};
use time::{OffsetDateTime, macros::format_description};

use crate::config::Network;

use super::{
    client::{Client, Secret, SendError, SendErrorKind, hmac_sha256},
    message::{Message, pieces},
};

/// The most that a body may hold is 50,000 bytes (Fast Purge API v3, "Rate limiting"), less what is around the tags.
const TAGS_MAX_BYTES: usize = 49_000;
/// A tag's quotes and comma.
const AROUND_BYTES: usize = 3;
/// The most tags that there are tokens for at once, by the same page.
const MAX_TAGS: usize = 5_000;

#[derive(Debug)]
pub(super) struct Akamai {
    pub(super) api: Url,
    pub(super) network: Network,
    pub(super) credentials: Credentials,
}

/// What a section of an `.edgerc` file holds.
#[derive(Debug, Clone)]
pub(super) struct Credentials {
    pub(super) host: Option<String>,
    client_token: Secret,
    access_token: Secret,
    client_secret: Secret,
}

impl Credentials {
    /// Reads a section; the one before any heading is `default`. Answers which setting is missing otherwise.
    pub(super) fn parse(text: &str, section: &str) -> Result<Self, &'static str> {
        let mut here = section == "default";
        let (mut host, mut client_token, mut access_token, mut client_secret) = (None, None, None, None);
        for line in text.lines().map(str::trim) {
            if let Some(heading) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
                here = heading.trim() == section;
            } else if let Some((name, value)) = line.split_once('=')
                && here
            {
                match name.trim() {
                    "host" => host = Some(value.trim().trim_end_matches('/').to_owned()),
                    "client_token" => client_token = Some(Secret::new(value)),
                    "access_token" => access_token = Some(Secret::new(value)),
                    "client_secret" => client_secret = Some(Secret::new(value)),
                    _ => {}
                }
            }
        }
        Ok(Self {
            host,
            client_token: client_token.ok_or("client_token")?,
            access_token: access_token.ok_or("access_token")?,
            client_secret: client_secret.ok_or("client_secret")?,
        })
    }

    /// The value of `Authorization` for a POST ("Authenticate with EdgeGrid" in Akamai's documentation).
    fn sign(&self, url: &Url, body: &[u8], timestamp: &str, nonce: &str) -> String {
        let unsigned = format!(
            "EG1-HMAC-SHA256 client_token={};access_token={};timestamp={timestamp};nonce={nonce};",
            self.client_token.expose(),
            self.access_token.expose()
        );
        let content =
            if body.is_empty() { String::new() } else { BASE64_STANDARD.encode(Sha256::digest(body)) };
        let host = url.host_str().unwrap_or_default();
        let host = url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"));
        let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
        let (scheme, path) = (url.scheme(), url.path());
        // Signed headers would stand between the address and the content: there are none.
        let data = format!("POST\t{scheme}\t{host}\t{path}{query}\t\t{content}\t{unsigned}");
        let key = hmac(self.client_secret.expose().as_bytes(), timestamp.as_bytes());
        format!("{unsigned}signature={}", hmac(key.as_bytes(), data.as_bytes()))
    }
}

fn hmac(key: &[u8], data: &[u8]) -> String {
    BASE64_STANDARD.encode(hmac_sha256(key, data))
}

impl Akamai {
    pub(super) async fn send(&self, client: &Client, message: &Message) -> Result<(), SendError> {
        let action = if message.soft { "invalidate" } else { "delete" };
        let Credentials { client_token, access_token, client_secret, .. } = &self.credentials;
        for tags in pieces(&message.tags, MAX_TAGS, TAGS_MAX_BYTES, AROUND_BYTES) {
            let rejected =
                |error: &dyn std::error::Error| SendError::new(SendErrorKind::Rejected, error.to_string());
            let url = self.api.join(&format!("/ccu/v3/{action}/tag/{}", self.network.as_str()));
            let url = url.map_err(|error| rejected(&error))?;
            let body = json!({ "objects": tags }).to_string();
            let format = format_description!("[year][month][day]T[hour]:[minute]:[second]+0000");
            let timestamp = OffsetDateTime::now_utc().format(format).map_err(|error| rejected(&error))?;
            let chance = getrandom::u64().map_err(|error| rejected(&error))?;
            let nonce = format!("{}-{chance:016x}", message.key);
            let signed = self.credentials.sign(&url, body.as_bytes(), &timestamp, &nonce);
            let request = client.http.post(url).header(AUTHORIZATION, signed);
            let request = request.header(CONTENT_TYPE, "application/json").body(body);
            client.send(request, &[], &[client_token, access_token, client_secret]).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EDGERC: &str = "[other]\nclient_secret = no\n[default]\n\
        client_secret = xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx=\n\
        host = akaa-baseurl-xxxxxxxxxxx-xxxxxxxxxxxxx.luna.akamaiapis.net/\n\
        access_token = akab-access-token-xxx-xxxxxxxxxxxxxxxx\n\
        client_token = akab-client-token-xxx-xxxxxxxxxxxxxxxx\n";

    /// The signatures that Akamai publishes with its own clients.
    #[test]
    fn requests_are_signed_as_akamai_signs_them() {
        let credentials = Credentials::parse(EDGERC, "default").unwrap();
        let host = credentials.host.clone().unwrap();
        for (path, body, signature) in [
            (
                "testapi/v1/t3",
                "datadatadatadatadatadatadatadata",
                "hXm4iCxtpN22m4cbZb4lVLW5rhX8Ca82vCFqXzSTPe4=",
            ),
            ("testapi/v1/t6", "", "1gEDxeQGD5GovIkJJGcBaKnZ+VaPtrc4qBUHixjsPCQ="),
        ] {
            let url = Url::parse(&format!("https://{host}/{path}")).unwrap();
            let nonce = "nonce-xx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
            let signed = credentials.sign(&url, body.as_bytes(), "20140321T19:34:21+0000", nonce);
            assert_eq!(signed.rsplit_once("signature=").unwrap().1, signature);
        }
        assert!(!format!("{credentials:?}").contains("akab-"), "{credentials:?}");
    }

    #[test]
    fn what_a_section_lacks_is_named() {
        assert_eq!(Credentials::parse(EDGERC, "other").err(), Some("client_token"));
        assert_eq!(Credentials::parse("", "default").err(), Some("client_token"));
        assert!(Credentials::parse(EDGERC.split_once("[default]\n").unwrap().1, "default").is_ok());
    }
}
