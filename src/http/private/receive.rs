//! Receiving files: from the connection to the disk, a chunk at a time.

use std::time::Duration;

use actix_web::{
    http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap},
    web::Payload,
};
use futures_util::StreamExt as _;
use metrics::counter;
use tokio::time::{Instant, timeout_at};

use crate::{
    http::{body, problem::Error},
    staging::{Account, Incoming, Reservation, Staging},
};

/// A client has to send at least [`SLOWEST_BYTES`] in each window; otherwise the request fails.
const WINDOW: Duration = Duration::from_secs(30);
const SLOWEST_BYTES: u64 = 4096;
/// How many bytes may arrive before the file is synced to the disk. A body without a length promises as many at a time.
const SYNC_EVERY: u64 = 8 << 20;

/// Refuses headers that would make the body another thing than the whole file, and answers the length that the request
/// announces, if any.
pub(super) fn announced(headers: &HeaderMap) -> Result<Option<u64>, Error> {
    if body::is_encoded(headers) {
        return Err(Error::BodyEncoded);
    }
    // RFC 9110, section 14.5: a server that takes no parts of a file must not take one for the whole.
    if headers.contains_key(CONTENT_RANGE) {
        return Err(Error::BadHeader(
            "Content-Range: send the whole file; an upload by tus can be sent in parts and continued",
        ));
    }
    Ok(headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok()))
}

/// What is asked while a body arrives.
pub(super) trait Receiver {
    /// Before bytes are written.
    async fn before(&mut self, bytes: u64) -> Result<(), Error>;

    /// After so many bytes of the file are on the disk for certain.
    async fn synced(&mut self, received: u64) -> Result<(), Error>;
}

/// A file that is sent in one request, into what was reserved for it.
pub(super) struct Single<'a> {
    pub(super) staging: &'a Staging,
    pub(super) account: Account<'a>,
    pub(super) reservation: Reservation,
}

impl Receiver for Single<'_> {
    async fn before(&mut self, bytes: u64) -> Result<(), Error> {
        self.reservation.require(self.account, bytes, SYNC_EVERY).await?;
        self.reservation.wrote(bytes);
        Ok(())
    }

    async fn synced(&mut self, _received: u64) -> Result<(), Error> {
        Ok(self.staging.require_free(self.account.limits).await?)
    }
}

/// Appends a body to a file, up to a length.
///
/// After an error, the file holds the bytes that arrived before it.
pub(super) async fn append(
    body: &mut Payload,
    file: &mut Incoming,
    max_bytes: u64,
    receiver: &mut impl Receiver,
) -> Result<(), Error> {
    let received = counter!("girasol_upload_received_bytes_total");
    let (mut window, mut in_window, mut last_sync) = (Instant::now() + WINDOW, 0, file.written());
    loop {
        let chunk = timeout_at(window, body.next()).await.map_err(|_elapsed| Error::BodyTooSlow)?;
        let Some(chunk) = chunk else { return Ok(()) };
        let chunk = chunk.map_err(|_cut| Error::BodyCutShort)?;
        if file.written() + chunk.len() as u64 > max_bytes {
            return Err(Error::FileTooLarge(max_bytes));
        }
        received.increment(chunk.len() as u64);
        receiver.before(chunk.len() as u64).await?;
        file.append(&chunk).await?;
        in_window += chunk.len() as u64;
        if in_window >= SLOWEST_BYTES {
            (window, in_window) = (Instant::now() + WINDOW, 0);
        }
        if file.written() - last_sync >= SYNC_EVERY {
            file.sync().await?;
            last_sync = file.written();
            receiver.synced(last_sync).await?;
        }
    }
}
