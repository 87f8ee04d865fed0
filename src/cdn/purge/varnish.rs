//! Varnish with vmod xkey: PURGE, with tags in a header.

use reqwest::Method;

use super::{
    asking::{Asker, Failure, FailureKind},
    message::{Message, pieces},
};

/// Varnish takes 8 KiB for a header's line (http_req_hdr_len).
const TAGS_MAX_BYTES: usize = 6_000;

/// Tells each of them; all hear it, also where one is down.
pub(super) async fn tell(endpoints: &[String], asker: &Asker, message: &Message) -> Result<(), Failure> {
    let header = if message.soft { "xkey-softpurge" } else { "xkey-purge" };
    let purge = Method::from_bytes(b"PURGE")
        .map_err(|error| Failure::new(FailureKind::Refused, error.to_string()))?;
    let mut told = Ok(());
    for endpoint in endpoints {
        for tags in pieces(&message.tags, usize::MAX, TAGS_MAX_BYTES, 1) {
            let request = asker.client.request(purge.clone(), format!("{endpoint}/"));
            let request = request.header(header, tags.join(" "));
            if let Err(failure) = asker.send(request, &[], &[]).await {
                told = Err(failure);
                break;
            }
        }
    }
    told
}
