//! Choosing what is polished: the most looked-at live spin that was not tried.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::{
    db::{Db, DbError},
    domain::polish::{Candidate, Rules},
};

/// Candidates that are read at once.
const PAGE: u32 = 100;

/// When a search is worth its while.
#[derive(Debug, Default)]
pub struct Pace {
    /// When the last one has found nothing.
    nothing_since: Mutex<Option<Instant>>,
}

impl Pace {
    fn is_due(&self, pause: Duration) -> bool {
        let since = *self.nothing_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_none_or(|since| since.elapsed() >= pause)
    }

    fn note(&self, has_found: bool) {
        let since = (!has_found).then(Instant::now);
        *self.nothing_since.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Queues the most looked-at live spin that was not tried, where nothing else is to do. After a search that finds none, the
/// next one waits for `pause`. Answers what is queued.
pub async fn queue_next(
    db: &Db,
    rules: &Rules,
    launch_is_on: bool,
    (pace, pause): (&Pace, Duration),
) -> Result<Option<Candidate>, DbError> {
    if !pace.is_due(pause) || db.is_polish_open().await? {
        return Ok(None);
    }
    let situation = db.polish_situation().await?;
    if rules.hindrance_to_queue(situation, launch_is_on, db.now_ms()).is_some() {
        return Ok(None);
    }
    let queued = queue_first(db, rules).await?;
    pace.note(queued.is_some());
    if let Some(Candidate { configuration, version, .. }) = &queued {
        tracing::info!(%configuration, version, "a spin is queued to be polished");
    }
    Ok(queued)
}

async fn queue_first(db: &Db, rules: &Rules) -> Result<Option<Candidate>, DbError> {
    for page in 0.. {
        let candidates = db.polish_candidates(PAGE, page * PAGE).await?;
        let is_last = candidates.len() < PAGE as usize;
        for candidate in candidates {
            if let Some(settings) = rules.polished(&candidate.spin)
                && db.queue_polish(&candidate, settings.digest()).await?
            {
                return Ok(Some(candidate));
            }
        }
        if is_last {
            break;
        }
    }
    Ok(None)
}
