//! Receiving files: from the connection to the disk, a chunk at a time.

use std::time::Duration;

use actix_web::{HttpRequest, http::header::CONTENT_LENGTH, web::Payload};
use futures_util::StreamExt as _;
use tokio::time::{Instant, timeout_at};

use crate::{
    http::problem::Error,
    staging::{Incoming, Staging},
};

/// A client has to send at least [`SLOWEST_BYTES`] in each window; otherwise the request fails.
const WINDOW: Duration = Duration::from_secs(30);
const SLOWEST_BYTES: u64 = 4096;
/// How many bytes may arrive before the file is synced to the disk.
const SYNC_EVERY: u64 = 8 << 20;

/// The length that the request announces, if any.
pub(super) fn announced(request: &HttpRequest) -> Option<u64> {
    request.headers().get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok())
}

/// Refuses a file that would leave less than the minimum of the disk free.
pub(super) async fn require_room(staging: &Staging, bytes: u64, min_free_bytes: u64) -> Result<(), Error> {
    let free = staging.free_bytes().await?;
    if free.saturating_sub(bytes) < min_free_bytes { Err(Error::DiskFull) } else { Ok(()) }
}

/// Appends a body to a file, up to a length. After each sync, calls `synced` with the number of bytes in the file.
///
/// After an error, the file holds the bytes that arrived before it.
pub(super) async fn append(
    body: &mut Payload,
    file: &mut Incoming,
    max_bytes: u64,
    mut synced: impl AsyncFnMut(u64) -> Result<(), Error>,
) -> Result<(), Error> {
    let (mut window, mut in_window, mut last_sync) = (Instant::now() + WINDOW, 0, file.written());
    loop {
        let chunk = timeout_at(window, body.next()).await.map_err(|_elapsed| Error::BodyTooSlow)?;
        let Some(chunk) = chunk else { return Ok(()) };
        let chunk = chunk.map_err(|_cut| Error::BodyCutShort)?;
        if file.written() + chunk.len() as u64 > max_bytes {
            return Err(Error::FileTooLarge(max_bytes));
        }
        file.append(&chunk).await?;
        in_window += chunk.len() as u64;
        if in_window >= SLOWEST_BYTES {
            (window, in_window) = (Instant::now() + WINDOW, 0);
        }
        if file.written() - last_sync >= SYNC_EVERY {
            file.sync().await?;
            last_sync = file.written();
            synced(last_sync).await?;
        }
    }
}
