//! One server looks, and the others follow it.

use std::{
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use assets_pipeline::{digest::Digest, doctor::Diagnosis, progress::Progress as _};
use tokio::time::{interval, sleep};

use super::{Check, CheckError, Checks, Found};
use crate::{db::framesets::StoredFrame, domain::frameset::FramesetId};

/// How often the database hears of a check that runs.
const NOTE_EVERY: Duration = Duration::from_secs(1);
/// How often another server looks how far it is.
const FOLLOW_EVERY: Duration = Duration::from_millis(300);
/// A check of which the database has not heard for so long runs no more.
const FRESH_MS: i64 = 10_000;

/// How a check of this process begins.
pub(super) enum Entered {
    /// It has ended already, here or elsewhere.
    Found(Diagnosis),
    /// This process looks.
    Begun,
    /// Another one does.
    Elsewhere,
}

impl Checks {
    /// Whether this process knows a check of the revision.
    pub(super) fn remembers(&self, set: &FramesetId, of: Digest) -> bool {
        self.remembered().iter().any(|(id, check)| id == set && check.revision == of)
    }

    /// Whether a check of the revision was begun, on any server and however it ended.
    pub(super) async fn is_begun_elsewhere(&self, set: &FramesetId, of: Digest) -> Result<bool, CheckError> {
        let is_newest = self.db.running_check(set).await?.is_some_and(|check| check.revision == of);
        Ok(is_newest || self.kept(set, of).await?.is_some())
    }

    /// Finds what another server has found, or the one that looks, or says that this one does.
    pub(super) async fn enter(&self, set: &FramesetId, check: &Check) -> Result<Entered, CheckError> {
        let of = check.revision;
        if let Some(diagnosis) = self.kept(set, of).await? {
            return Ok(Entered::Found(diagnosis));
        }
        let total = check.total.load(Ordering::Relaxed) as u64;
        let is_ours = self.db.begin_check(set, of, total, FRESH_MS).await?;
        Ok(if is_ours { Entered::Begun } else { Entered::Elsewhere })
    }

    /// What is found in these frames: by this process, or by another one.
    pub(super) async fn find(
        &self,
        set: &FramesetId,
        frames: Vec<StoredFrame>,
        check: &Arc<Check>,
        mut entered: Entered,
    ) -> Result<Found, CheckError> {
        loop {
            match entered {
                Entered::Found(diagnosis) => return Ok(Found::Diagnosis(diagnosis)),
                Entered::Begun => return self.look_and_tell(set, frames, check).await,
                Entered::Elsewhere => {}
            }
            while let Some((done, total)) = self.is_running(set, check.revision).await? {
                if check.is_stopped() {
                    return Ok(Found::Failed);
                }
                check.total.store(total, Ordering::Relaxed);
                check.done.store(done, Ordering::Relaxed);
                check.news.notify_waiters();
                sleep(FOLLOW_EVERY).await;
            }
            // Without the set there is nothing to follow.
            if self.db.frameset(set).await?.is_none() {
                return Ok(Found::Failed);
            }
            entered = self.enter(set, check).await?;
        }
    }

    async fn look_and_tell(
        &self,
        set: &FramesetId,
        frames: Vec<StoredFrame>,
        check: &Arc<Check>,
    ) -> Result<Found, CheckError> {
        let of = check.revision;
        let tell = async {
            let mut ticks = interval(NOTE_EVERY);
            loop {
                ticks.tick().await;
                let (done, total) = check.progress();
                if let Err(error) = self.db.note_check(set, of, done as u64, total as u64).await {
                    let error: &dyn std::error::Error = &error;
                    tracing::debug!(error, frameset.id = %set, "the progress of a check could not be noted");
                }
            }
        };
        let found = tokio::select! {
            found = self.look(set, frames, check) => found,
            () = tell => unreachable!("it tells for ever"),
        };
        if let Ok(Found::Diagnosis(diagnosis)) = &found
            && let Err(error) = self.keep(set, of, diagnosis).await
        {
            // Another server looks for itself then.
            let error: &dyn std::error::Error = &error;
            tracing::warn!(error, frameset.id = %set, "what a check found could not be kept");
        }
        self.db.end_check(set, of).await?;
        found
    }

    /// How many frames of how many a check has looked at that runs on any server.
    async fn is_running(&self, set: &FramesetId, of: Digest) -> Result<Option<(usize, usize)>, CheckError> {
        let running = self.db.running_check(set).await?;
        let since_ms = self.db.now_ms() - FRESH_MS;
        let running = running.filter(|check| check.revision == of && check.touched_at_ms >= since_ms);
        Ok(running.map(|check| (check.done as usize, check.total as usize)))
    }

    async fn keep(&self, set: &FramesetId, of: Digest, diagnosis: &Diagnosis) -> Result<(), CheckError> {
        let found = serde_json::to_vec(diagnosis).map_err(|error| CheckError::Layout(error.into()))?;
        Ok(self.staging.keep_findings(set, of, &found).await?)
    }

    async fn kept(&self, set: &FramesetId, of: Digest) -> Result<Option<Diagnosis>, CheckError> {
        let found = self.staging.findings(set, of).await?;
        // What cannot be read is found again.
        Ok(found.and_then(|found| serde_json::from_slice(&found).ok()))
    }
}
