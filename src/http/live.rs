//! Live streams of the private API: server-sent events (HTML standard, section 9.2), how many there are at once, and until when.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::CONTENT_TYPE},
    web::{Bytes, Data},
};
use futures_util::{Stream, StreamExt as _};

use super::{
    admission,
    auth::Standing,
    draining::Draining,
    gate,
    private_scope::secret,
    problem::{Error, Failure},
};

/// How often it is looked whether the server is about to end.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// After how many looks the database is asked whether the client may still see what is streamed.
const LOOKS_BETWEEN_CHECKS: u32 = 5;

/// Answers with events until they end, the client's key is revoked, its session is over, or the server is about to end.
pub(super) fn stream(
    request: &HttpRequest,
    events: impl Stream<Item = Result<Bytes, Error>> + 'static,
) -> Result<HttpResponse, Failure> {
    let turn = admission::stream(request)?;
    let ends = is_over(Standing::of(request)?, request.app_data::<Data<Draining>>().cloned());
    let events = gate::during(turn, events.take_until(Box::pin(ends)));
    Ok(secret(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "text/event-stream"))
        // nginx buffers answers otherwise.
        .insert_header(("x-accel-buffering", "no"))
        .streaming(events))
}

/// Completes when a stream has to end.
async fn is_over(standing: Standing, draining: Option<Data<Draining>>) {
    let mut looks = 0;
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        // A stream that goes on would hold the server back from its end; the client opens another one.
        if draining.as_ref().is_some_and(|draining| draining.has_begun()) {
            return;
        }
        looks = (looks + 1) % LOOKS_BETWEEN_CHECKS;
        if looks == 0 && standing.is_over().await {
            return;
        }
    }
}
