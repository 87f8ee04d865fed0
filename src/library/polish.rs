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
    pub(super) fn is_due(&self, pause: Duration) -> bool {
        let since = *self.nothing_since.lock().unwrap_or_else(PoisonError::into_inner);
        since.is_none_or(|since| since.elapsed() >= pause)
    }

    pub(super) fn note(&self, has_found: bool) {
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

#[cfg(test)]
mod tests {
    use assets_pipeline::{digest::Digest, encode::Effort, settings::Settings};

    use super::*;
    use crate::{
        db::versions::{Fence, NewVersion, VersionKind},
        domain::{audit::Actor, names::ConfigId, namespace::Namespace, polish::State},
        store::ObjectKey,
    };

    const LEASE_MS: i64 = 15_000;
    const HOUR: Duration = Duration::from_hours(1);

    struct Shop {
        _folder: tempfile::TempDir,
        db: Db,
        ring: ConfigId,
    }

    impl Shop {
        /// A ring without options, of which nothing is live.
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(folder.path()).await.unwrap();
            let ring: ConfigId = "ring.solitaire".parse().unwrap();
            db.ensure_product(&ring.product(), &[]).await.unwrap();
            db.ensure_configuration(&ring.product(), &ring, &[].into()).await.unwrap();
            Self { _folder: folder, db, ring }
        }

        /// Encodes frames that an artist has sent, and publishes what comes of them.
        async fn publish(&self, source: &str) -> i64 {
            let Self { db, ring, .. } = self;
            let set = db.open_plain_frameset().await;
            db.commit_with_frame(&set).await;
            let leased = db.claim_job(LEASE_MS).await.unwrap().unwrap();
            let version = db.next_version(ring).await.unwrap();
            let new = NewVersion {
                version,
                kind: VersionKind::Full,
                digest: Digest::of(source.as_bytes()),
                jpeg: Digest::of(b"jpeg"),
                source: Digest::of(source.as_bytes()),
                settings: Settings::default().digest(),
                figures: Vec::new(),
                namespace: Namespace::Public,
            };
            let keys = [ObjectKey::Manifest(new.digest)];
            let fence = Fence::Job(Box::new(leased.clone()));
            db.begin_version(ring, &new, &fence, &keys).await.unwrap().unwrap();
            assert!(db.complete_version(ring, version).await.unwrap());
            assert!(db.finish_job(&leased, ring, version).await.unwrap());
            let live = db.pointer(ring).await.unwrap().map(|pointer| pointer.version);
            assert!(db.move_pointer(ring, live, version, &Actor::command_line()).await.unwrap().is_some());
            version
        }

        /// The version that is queued, by a process that has not searched yet.
        async fn queue(&self, rules: &Rules, launch_is_on: bool) -> Option<i64> {
            self.queue_at(&Pace::default(), rules, launch_is_on).await
        }

        async fn queue_at(&self, pace: &Pace, rules: &Rules, launch_is_on: bool) -> Option<i64> {
            let queued = queue_next(&self.db, rules, launch_is_on, (pace, HOUR)).await.unwrap();
            queued.map(|candidate| candidate.version)
        }
    }

    fn rules() -> Rules {
        Rules { is_enabled: true, cpu_ms_a_day: 3_600_000, idle_ms: 0, settings: Settings::default() }
    }

    #[tokio::test]
    async fn nothing_is_queued_while_anything_speaks_against_it() {
        let shop = Shop::new().await;
        let version = shop.publish("frames").await;
        assert_eq!(shop.queue(&Rules { is_enabled: false, ..rules() }, false).await, None);
        assert_eq!(shop.queue(&rules(), true).await, None, "a launch is on");
        assert_eq!(shop.queue(&Rules { cpu_ms_a_day: 0, ..rules() }, false).await, None);
        assert_eq!(
            shop.queue(&Rules { idle_ms: 3_600_000, ..rules() }, false).await,
            None,
            "a job has just ended"
        );
        let always = Settings { effort: Effort::Max, ..Settings::default() };
        assert_eq!(shop.queue(&Rules { settings: always, ..rules() }, false).await, None);
        assert_eq!(shop.queue(&rules(), false).await, Some(version));
        assert_eq!(shop.queue(&rules(), false).await, None, "one at a time");
    }

    #[tokio::test]
    async fn what_other_spins_took_of_the_day_counts() {
        let shop = Shop::new().await;
        shop.publish("frames").await;
        shop.queue(&rules(), false).await.unwrap();
        let leased = shop.db.claim_polish(LEASE_MS).await.unwrap().unwrap();
        shop.db.renew_polish(&leased, 700).await.unwrap();
        shop.db.end_polish(&leased, State::NotBetter).await.unwrap();
        let version = shop.publish("other frames").await;
        assert_eq!(shop.queue(&Rules { cpu_ms_a_day: 700, ..rules() }, false).await, None);
        assert_eq!(shop.queue(&Rules { cpu_ms_a_day: 701, ..rules() }, false).await, Some(version));
    }

    #[tokio::test]
    async fn a_search_that_found_nothing_is_repeated_after_a_pause() {
        let shop = Shop::new().await;
        let pace = Pace::default();
        assert_eq!(shop.queue_at(&pace, &rules(), false).await, None);
        let version = shop.publish("frames").await;
        assert_eq!(shop.queue_at(&pace, &rules(), false).await, None);
        // What only had to wait is no search.
        let waited = Pace::default();
        assert_eq!(shop.queue_at(&waited, &rules(), true).await, None);
        assert_eq!(shop.queue_at(&waited, &rules(), false).await, Some(version));
        // Nor is one that another spin is queued for.
        assert_eq!(shop.queue_at(&waited, &rules(), false).await, None);
        let leased = shop.db.claim_polish(LEASE_MS).await.unwrap().unwrap();
        shop.db.end_polish(&leased, State::NotBetter).await.unwrap();
        let version = shop.publish("other frames").await;
        assert_eq!(shop.queue_at(&waited, &rules(), false).await, Some(version));
    }
}
