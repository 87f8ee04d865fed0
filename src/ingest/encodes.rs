//! The encodes of an ingest under way: in the work folder, and for a job also where the workers of other machines find them.
//!
//! A worker that dies costs the encodes since its last batch: [`BATCH`] of them, or those of [`BATCH_WAIT`].

use std::{path::PathBuf, time::Duration};

use assets_pipeline::{
    digest::Digest,
    encode::cache::{EncodeCache, FolderCache, Kept},
};
use tokio::{
    sync::mpsc::{self, UnboundedReceiver, UnboundedSender},
    task::JoinHandle,
    time::{Instant, timeout, timeout_at},
};

use crate::staging::{Encode, SharedEncodes};

use super::blocking;

/// The most encodes that go together.
const BATCH: usize = 8;
/// How long the first of a batch waits for the others.
const BATCH_WAIT: Duration = Duration::from_secs(1);
/// How long an ingest that has ended waits for its last batch.
const LAST_WAIT: Duration = Duration::from_secs(10);

/// Keeps encodes in a folder, and sends them on.
#[derive(Debug, Clone)]
pub(super) struct Encodes {
    folder: FolderCache,
    /// Without a bound: all encodes of a turn are a few megabytes, and a batch that fails ends it.
    sent: Option<UnboundedSender<Encode>>,
}

/// What sends them on, until they are all there.
pub(super) struct Sharing {
    encodes: SharedEncodes,
    task: JoinHandle<()>,
}

impl EncodeCache for Encodes {
    fn load(&self, key: Digest) -> Option<Kept> {
        self.folder.load(key)
    }

    fn save(&self, key: Digest, bytes: &[u8]) {
        self.folder.save(key, bytes);
        if let Some(sent) = &self.sent {
            // It was ended: the folder has it.
            let _ = sent.send((key, bytes.to_vec()));
        }
    }
}

impl Encodes {
    /// Opens a folder, and brings what another worker has kept.
    pub(super) async fn open(
        folder: PathBuf,
        shared: Option<&SharedEncodes>,
    ) -> std::io::Result<(Self, Option<Sharing>)> {
        let Some(shared) = shared else {
            let folder = blocking(move || FolderCache::open(folder)).await?;
            return Ok((Self { folder, sent: None }, None));
        };
        let batches = shared.load().await.unwrap_or_else(|error| {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, "what another worker has encoded cannot be read, and is encoded again");
            Vec::new()
        });
        let opened = blocking(move || {
            let brought = FolderCache::open(folder.clone())?;
            for (key, bytes) in batches.iter().flatten() {
                if brought.load(*key).is_none() {
                    brought.save(*key, bytes);
                }
            }
            // They are from before.
            FolderCache::open(folder)
        });
        let (sent, received) = mpsc::unbounded_channel();
        let sharing =
            Sharing { encodes: shared.clone(), task: tokio::spawn(share(received, shared.clone())) };
        Ok((Self { folder: opened.await?, sent: Some(sent) }, Some(sharing)))
    }

    /// Removes the folder: what it kept has been stored for good.
    pub(super) fn remove(self) -> std::io::Result<()> {
        self.folder.remove()
    }
}

impl Sharing {
    /// Waits until everything is there that was sent. Removes it again where nothing needs it any more.
    pub(super) async fn end(self, is_done: bool) {
        // After a failure elsewhere, the pipeline may still hold its end of it.
        let _ = timeout(LAST_WAIT, self.task).await;
        if is_done && let Err(error) = self.encodes.discard().await {
            let error: &dyn std::error::Error = &error;
            tracing::warn!(
                error,
                "encodes of a finished job stay in the bucket until its frames are deleted"
            );
        }
    }
}

async fn share(mut received: UnboundedReceiver<Encode>, encodes: SharedEncodes) {
    while let Some(first) = received.recv().await {
        let (mut batch, until) = (vec![first], Instant::now() + BATCH_WAIT);
        while batch.len() < BATCH
            && let Ok(Some(next)) = timeout_at(until, received.recv()).await
        {
            batch.push(next);
        }
        if let Err(error) = encodes.keep(&batch).await {
            let error: &dyn std::error::Error = &error;
            // They are encoded again, should this worker die.
            tracing::warn!(error, "encodes cannot be kept for another worker");
        }
    }
}
