//! Varnish with vmod xkey: PURGE, with tags in a header.

use reqwest::Method;

use super::{
    client::{Client, SendError, SendErrorKind},
    message::{Message, pieces},
};

/// Varnish takes 8 KiB for a header's line (http_req_hdr_len).
const TAGS_MAX_BYTES: usize = 6_000;

/// Sends to every endpoint, also if one of them is down.
pub(super) async fn send(endpoints: &[String], client: &Client, message: &Message) -> Result<(), SendError> {
    let header = if message.soft { "xkey-softpurge" } else { "xkey-purge" };
    let purge = Method::from_bytes(b"PURGE")
        .map_err(|error| SendError::new(SendErrorKind::Rejected, error.to_string()))?;
    let mut sent = Ok(());
    for endpoint in endpoints {
        for tags in pieces(&message.tags, usize::MAX, TAGS_MAX_BYTES, 1) {
            let request = client.http.request(purge.clone(), format!("{endpoint}/"));
            let request = request.header(header, tags.join(" "));
            if let Err(error) = client.send(request, &[], &[]).await {
                sent = Err(error);
                break;
            }
        }
    }
    sent
}
