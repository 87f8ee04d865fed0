//! Commits that a check has a say in: what it asks is answered by a person, and a check that runs is waited for.

use std::{sync::Arc, time::Duration};

use assets_pipeline::{doctor::Severity, progress::Progress as _};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Check, CheckError, Checks, Found, died, ended};
use crate::{
    db::framesets::{FramesetError, StoredFrame, revision},
    domain::{
        audit::Actor,
        frameset::{Frameset, FramesetId, FramesetState},
    },
    traces::{self, Work},
};

/// Why a set is not committed.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The check of the frames found what a person has to say is meant.
    #[error("the check found: {0}")]
    Asked(String),
    /// The check of the frames has not ended.
    #[error("the frames are being checked")]
    Running {
        /// Frames that are looked at.
        done: usize,
        /// All frames.
        total: usize,
    },
    /// The set does not change.
    #[error(transparent)]
    Frameset(#[from] FramesetError),
    /// What is known of checks could not be read.
    #[error(transparent)]
    Check(#[from] CheckError),
}

impl Checks {
    /// Commits an open set as it is, where the check of it asks nothing. A check that runs is waited for, so long; frames
    /// that no check was begun of are committed unchecked.
    pub async fn commit(
        &self,
        set: &FramesetId,
        patience: Duration,
        actor: &Actor,
    ) -> Result<(), CommitError> {
        let until = Instant::now() + patience;
        loop {
            let frames = self.db.frames(set).await.map_err(FramesetError::from)?;
            let now = revision(&frames);
            // A set that is committed already is asked nothing.
            let is_open = self.load(set).await?.state == FramesetState::Open;
            if is_open && let Some(check) = self.known(set, frames).await? {
                let Ok(check) = timeout_at(until, ended(check.clone())).await else {
                    let (done, total) = check.progress();
                    return Err(CommitError::Running { done, total });
                };
                if let Some(asked) = asked(&check, |severity| severity <= Severity::Asks) {
                    return Err(CommitError::Asked(asked));
                }
            }
            match self.db.commit_revision(set, now, actor).await {
                // Another request has changed the frames meanwhile.
                Err(FramesetError::Changed) => {}
                committed => return Ok(committed?),
            }
        }
    }

    /// Commits a set that has as many frames as the client announced, once the check of them has ended and asks nothing;
    /// what an ingest refuses is left to the job, which says it. This returns after so long at the latest, and the commit
    /// goes on.
    pub async fn commit_if_complete(
        &self,
        set: &FramesetId,
        patience: Duration,
        actor: &Actor,
    ) -> Result<(), CheckError> {
        if !self.db.frameset(set).await?.is_some_and(|set| is_complete(&set)) {
            return Ok(());
        }
        let (checks, id, actor) = (self.clone(), set.clone(), actor.clone());
        // It goes on in the trace of the request that brought the last frame.
        let work = traces::current().unwrap_or_else(|| Work::new(None));
        let committing = async move { checks.commit_when_checked(&id, &actor).await };
        let mut commit = tokio::spawn(work.run(committing));
        if let Ok(ended) = timeout(patience, &mut commit).await {
            return ended.map_err(died)?;
        }
        let set = set.clone();
        tokio::spawn(async move {
            if let Err(error) = commit.await.map_err(died).flatten() {
                let error: &dyn std::error::Error = &error;
                tracing::error!(error, frameset.id = %set, "a complete frame set could not be committed");
            }
        });
        Ok(())
    }

    /// Commits the complete sets that a process left open which ended before their checks did.
    pub async fn commit_left_over(&self) -> Result<(), CheckError> {
        for set in self.db.complete_framesets().await? {
            if let Some(Frameset { key, .. }) = self.db.frameset(&set).await? {
                self.commit_when_checked(&set, &Actor::key(&key, None)).await?;
            }
        }
        Ok(())
    }

    async fn commit_when_checked(&self, set: &FramesetId, actor: &Actor) -> Result<(), CheckError> {
        // One at a time is checked anyway, and so no check of many sets that arrive together is given up for another one.
        let _turn = self.one_commit_at_a_time.acquire().await;
        while self.db.frameset(set).await?.is_some_and(|set| is_complete(&set)) {
            let check = self.wait(set).await?;
            if check.is_stopped() {
                continue;
            }
            if let Some(asked) = asked(&check, |severity| severity == Severity::Asks) {
                tracing::info!(frameset.id = %set, asked, "a complete frame set waits for an artist to commit it");
                return Ok(());
            }
            match self.db.commit_revision(set, check.revision(), actor).await {
                Err(FramesetError::Changed) => {}
                Err(FramesetError::Db(error)) => return Err(error.into()),
                // Any other error: another request has emptied or discarded the set meanwhile.
                Ok(()) | Err(_) => return Ok(()),
            }
        }
        Ok(())
    }

    async fn load(&self, set: &FramesetId) -> Result<Frameset, FramesetError> {
        self.db.frameset(set).await?.ok_or(FramesetError::NoSuchFrameset)
    }

    /// The check of these frames, where one was begun on any server.
    async fn known(
        &self,
        set: &FramesetId,
        frames: Vec<StoredFrame>,
    ) -> Result<Option<Arc<Check>>, CommitError> {
        let of = revision(&frames);
        let is_begun = self.remembers(set, of) || self.is_begun_elsewhere(set, of).await?;
        if is_begun { Ok(Some(self.ask_of(set, frames).await?)) } else { Ok(None) }
    }
}

/// Whether an open set has as many frames as the client announced.
fn is_complete(set: &Frameset) -> bool {
    set.state == FramesetState::Open && set.wanted.expected.is_some_and(|expected| set.frames >= expected)
}

/// What a check found of the severities that matter, in sentences.
fn asked(check: &Check, matters: impl Fn(Severity) -> bool) -> Option<String> {
    let Some(Found::Diagnosis(diagnosis)) = check.found() else { return None };
    let asked = diagnosis.findings.iter().filter(|finding| matters(finding.severity));
    let messages: Vec<&str> = asked.map(|finding| finding.message.as_str()).collect();
    (!messages.is_empty()).then(|| messages.join(" "))
}
