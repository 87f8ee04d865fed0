//! The tasks beside requests: what they do, and how often.

use std::{convert::Infallible, sync::Arc, time::Duration};

use crate::{
    background::{Background, Task},
    db::{Db, DbError},
    http::{catalog::Catalog, public::vitals::Views},
    library::{
        collect,
        expire::expire,
        loupe, polish, raw_frames,
        readiness::{self, Readiness},
        references, scrub,
    },
    performance,
    signals::Topic,
    staging::Staging,
    telemetry::metrics::{self, Metrics},
    worker::Worker,
};

use super::{
    App,
    health::{self, Watched},
    performance::Measured,
};

/// How often expired uploads, frame sets and records are deleted.
const EXPIRE_EVERY: Duration = Duration::from_mins(10);
/// How often complete frame sets are committed that another process left open.
const COMMIT_EVERY: Duration = Duration::from_mins(10);
/// How long copies of frames stay that are in the bucket: an artist looks at them, and a job reads them.
pub(super) const KEEP_COPIES: Duration = Duration::from_hours(6);
/// How often objects that no version needs are deleted.
const COLLECT_EVERY: Duration = Duration::from_hours(1);
/// How often the store is listed for objects that the database does not know.
const ADOPT_EVERY: Duration = Duration::from_hours(24);
/// How often work of idle time is looked for: as often at the least, and at the most.
const POLISH_EVERY_AT_LEAST: Duration = Duration::from_mins(1);
const POLISH_EVERY_AT_MOST: Duration = Duration::from_secs(1);
/// How often views are written to the database.
const FLUSH_EVERY: Duration = Duration::from_secs(5);
/// How soon objects that another process removed are evicted.
const REMOVALS_POLL: Duration = Duration::from_secs(1);
/// Pointers of other processes' changes expire in their cache by themselves; only signals wake the eviction.
const POINTERS_POLL: Duration = Duration::from_mins(1);

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Encodes committed frame sets, one at a time.
pub(super) fn work(background: &mut Background, worker: Worker) {
    background.run("work", move |task| worker.clone().run(task));
}

/// Deletes what processes that died have left in the data folder, and copies of what is in the bucket.
pub(super) fn tidy(background: &mut Background, staging: &Staging) {
    let staging = staging.clone();
    background.every("tidy", EXPIRE_EVERY, move || {
        let staging = staging.clone();
        async move {
            staging.discard_abandoned().await?;
            staging.drop_old_copies(KEEP_COPIES).await
        }
    });
}

/// Deletes the files of sets that are gone from the folder of a process that does nothing but work.
pub(super) fn delete_unneeded(background: &mut Background, app: &App) {
    let app = app.clone();
    background.every("delete_unneeded", EXPIRE_EVERY, move || {
        let app = app.clone();
        async move { raw_frames::delete_unneeded(&app.db, &app.staging).await }
    });
}

/// Deletes what has expired.
pub(super) fn expire_old(background: &mut Background, app: &App) {
    let app = app.clone();
    background.every("expire", EXPIRE_EVERY, move || {
        let app = app.clone();
        async move { expire(&app.db, &app.staging, &app.rules().keep).await.map(drop) }
    });
}

/// Commits complete frame sets that a process left open which ended before their checks did.
pub(super) fn commit_left_over(background: &mut Background, app: &App) {
    let checks = app.checks.clone();
    background.every("commit", COMMIT_EVERY, move || {
        let checks = checks.clone();
        async move { checks.commit_left_over().await.map_err(Failed::from) }
    });
}

/// Deletes objects that no version needs.
pub(super) fn collect(background: &mut Background, app: &App) {
    let app = app.clone();
    background.every("collect", COLLECT_EVERY, move || {
        let app = app.clone();
        async move {
            {
                let versions = &app.config.versions;
                collect::collect(&app.db, &app.store, versions.retention(), versions.share()).await.map(drop)
            }
        }
    });
}

/// Marks objects that the database does not know, so that they are deleted after the grace period.
pub(super) fn adopt_unknown(background: &mut Background, app: &App) {
    let app = app.clone();
    background.every("adopt_unknown", ADOPT_EVERY, move || {
        let app = app.clone();
        async move {
            let grace_ms = app.config.versions.retention().grace_ms;
            references::adopt_unknown(&app.db, &app.store, grace_ms, app.config.versions.share())
                .await
                .map(drop)
        }
    });
}

/// Puts measured times where they take no more memory.
pub(super) fn tidy_figures(background: &mut Background, metrics: &Metrics) {
    let metrics = metrics.clone();
    background.every("tidy_figures", metrics::TIDY_EVERY, move || {
        metrics.tidy();
        std::future::ready(Ok::<_, Infallible>(()))
    });
}

/// Reads every object that a version needs, a few at a time.
pub(super) fn scrub(background: &mut Background, app: &App) {
    let days = app.config.store.scrub_days;
    if days == 0 {
        return;
    }
    let (app, launches, pace) = (app.clone(), app.launches(), Arc::new(scrub::Pace::default()));
    background.every("scrub", scrub::EVERY, move || {
        let (app, launches, pace) = (app.clone(), launches.clone(), pace.clone());
        async move {
            let now_ms = app.db.now_ms();
            if launches.all().await.iter().any(|launch| launch.is_on(now_ms)) {
                // It waits until visitors need the store less.
                return Ok(());
            }
            scrub::scrub(&app.db, &app.store, &pace, days).await.map(drop)
        }
    });
}

/// A search for work of idle time that found nothing is repeated after so many pauses.
const FRUITLESS: u32 = 10;

/// How often such work is looked for: at a tenth of the time for which nothing has to be done, so that it is queued soon after.
fn idle_pause(idle_ms: i64) -> Duration {
    let pause = Duration::from_millis(idle_ms.unsigned_abs() / 10);
    pause.clamp(POLISH_EVERY_AT_MOST, POLISH_EVERY_AT_LEAST)
}

/// Queues the most looked-at spin to be polished, while nothing else is to do.
pub(super) fn queue_polish(background: &mut Background, app: &App) {
    let rules = Arc::new(app.config.polish_rules());
    if !rules.is_enabled {
        return;
    }
    let pause = idle_pause(rules.idle_ms);
    let (db, launches, pace) = (app.db.clone(), app.launches(), Arc::new(polish::Pace::default()));
    background.every("queue_polish", pause, move || {
        let (db, launches, pace, rules) = (db.clone(), launches.clone(), pace.clone(), rules.clone());
        async move {
            let now_ms = db.now_ms();
            let launch_is_on = launches.all().await.iter().any(|launch| launch.is_on(now_ms));
            polish::queue_next(&db, &rules, launch_is_on, (&pace, pause * FRUITLESS)).await.map(drop)
        }
    });
}

/// Queues the loupe of the most looked-at spin that has none, while nothing else is to do.
pub(super) fn queue_loupe(background: &mut Background, app: &App) {
    let rules = Arc::new(app.config.loupe_rules());
    if !rules.bounds.is_enabled {
        return;
    }
    let pause = idle_pause(rules.bounds.idle_ms);
    let (db, launches, pace) = (app.db.clone(), app.launches(), Arc::new(polish::Pace::default()));
    background.every("queue_loupe", pause, move || {
        let (db, launches, pace, rules) = (db.clone(), launches.clone(), pace.clone(), rules.clone());
        async move {
            let now_ms = db.now_ms();
            let launch_is_on = launches.all().await.iter().any(|launch| launch.is_on(now_ms));
            loupe::queue_next(&db, &rules, launch_is_on, (&pace, pause * FRUITLESS)).await.map(drop)
        }
    });
}

/// Relays signals of other processes, where the database does not bring them by itself.
pub(super) fn relay_signals(background: &mut Background, db: &Db) {
    let Some(relay) = db.relay() else { return };
    background.run("relay_signals", move |mut task| {
        let relay = relay.clone();
        async move {
            let works = task.clone();
            tokio::select! {
                () = relay.run(move || works.succeeded()) => {}
                () = task.stopping() => {}
            }
        }
    });
}

/// Writes measurements and views to the database.
pub(super) fn flush_views(background: &mut Background, db: &Db, views: &Arc<Views>) {
    let (db, views) = (db.clone(), views.clone());
    background.every("flush_views", FLUSH_EVERY, move || {
        let (db, views) = (db.clone(), views.clone());
        async move { views.flush(&db).await }
    });
}

/// Writes what was measured to the database, adds old minutes up, and asks how slow statements run.
pub(super) fn flush_measured(background: &mut Background, db: &Db, measured: &Measured) {
    let (db, measured) = (db.clone(), measured.clone());
    background.run("flush_measured", move |mut task| {
        let (db, measured) = (db.clone(), measured.clone());
        async move {
            loop {
                // Never while it writes: what it has taken would be lost.
                tokio::select! {
                    () = tokio::time::sleep(performance::FLUSH_EVERY) => {}
                    () = task.stopping() => return,
                }
                match flush_measured_once(&db, &measured).await {
                    Ok(()) => task.succeeded(),
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::error!(error, "figures could not be written");
                    }
                }
            }
        }
    });
}

async fn flush_measured_once(db: &Db, measured: &Measured) -> Result<(), DbError> {
    measured.flush(db).await?;
    while db.thin_performance(db.now_ms()).await? {}
    db.explain_slow().await
}

/// Checks whether the server can answer, so that no request has to.
pub(super) fn check_readiness(background: &mut Background, app: &App, readiness: &Arc<Readiness>) {
    let (db, store, readiness) = (app.db.clone(), app.store.clone(), readiness.clone());
    background.every("check_readiness", readiness::EVERY, move || {
        let (db, store, readiness) = (db.clone(), store.clone(), readiness.clone());
        async move {
            readiness.check(&db, &store).await;
            Ok::<_, Infallible>(())
        }
    });
}

/// Looks at the parts that no request waits for.
pub(super) fn watch_parts(background: &mut Background, app: &App, watched: Watched) {
    let (app, watched, health) = (app.clone(), Arc::new(watched), background.health());
    background.every("watch_parts", health::EVERY, move || {
        let (app, watched, health) = (app.clone(), watched.clone(), health.clone());
        async move {
            health::look(&app, &watched, &health).await;
            Ok::<_, Infallible>(())
        }
    });
}

/// Evicts what is cached from before a change.
pub(super) fn evict(background: &mut Background, catalog: &Arc<Catalog>) {
    let of_removals = catalog.clone();
    background.run("watch_removals", move |task| {
        let catalog = of_removals.clone();
        async move {
            let evict = || async {
                // The disk first, or memory would be filled from it again.
                catalog.store.evict_all().await;
                catalog.evict_objects();
            };
            watch_removals(&catalog.db, task, evict).await;
        }
    });
    let of_pointers = catalog.clone();
    background.run("evict_pointers", move |mut task| {
        let catalog = of_pointers.clone();
        async move {
            let mut signals = catalog.db.signals().listen(&[Topic::Pointers]);
            while !task.is_stopping() {
                tokio::select! {
                    () = signals.wait(POINTERS_POLL) => catalog.evict_pointers(),
                    () = task.stopping() => return,
                }
                task.succeeded();
            }
        }
    });
}

/// Evicts cached objects when objects were removed, by this process or another one.
async fn watch_removals<F: Future<Output = ()>>(db: &Db, mut task: Task, evict: impl Fn() -> F) {
    let mut signals = db.signals().listen(&[Topic::Removals]);
    let mut seen = None;
    // Objects may have been removed while no task watched.
    let mut is_due = task.is_restarted();
    while !task.is_stopping() {
        match db.last_removal().await {
            Ok(last) => {
                // What is removed after this is seen next time.
                is_due |= seen.replace(last).is_some_and(|seen| seen != last);
                if std::mem::take(&mut is_due) {
                    evict().await;
                }
                task.succeeded();
            }
            Err(error) => tracing::warn!(%error, "removals cannot be read"),
        }
        tokio::select! {
            () = signals.wait(REMOVALS_POLL) => {}
            () = task.stopping() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use tokio::sync::mpsc;

    use super::*;
    use crate::background::tests::impatient;

    #[tokio::test]
    async fn objects_are_evicted_after_the_watching_task_has_died() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let mut background = impatient();
        let (evictions, mut evicted) = mpsc::unbounded_channel();
        let has_died = Arc::new(AtomicBool::new(false));
        background.run("watch_removals", {
            let (db, has_died) = (db.clone(), has_died.clone());
            move |task| {
                let (db, has_died, evictions) = (db.clone(), has_died.clone(), evictions.clone());
                async move {
                    assert!(has_died.swap(true, Ordering::Relaxed), "the first start dies");
                    let evict = || async { evictions.send(()).unwrap() };
                    watch_removals(&db, task, evict).await;
                }
            }
        });
        evicted.recv().await.expect("a restart evicts, since it may have missed removals");
        db.note_removal().await.unwrap();
        evicted.recv().await.expect("removals are watched again");
        assert_eq!(background.health().tasks()["watch_removals"].restarts, 1);
        background.stop(Duration::from_mins(1)).await;
    }
}
