use super::*;
use crate::{
    db::versions::{Fence, NewVersion, VersionKind},
    domain::{
        audit::Actor, frameset::FramesetId, job::ATTEMPTS, namespace::Namespace, object_key::ObjectKey,
    },
};

const LEASE_MS: i64 = 15_000;

struct Shop {
    _folder: tempfile::TempDir,
    db: Db,
    actor: Actor,
    ring: ConfigId,
}

impl Shop {
    /// A ring without options, whose version 1 an upload has made, and which is live.
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let ring: ConfigId = "ring.solitaire".parse().unwrap();
        db.ensure_product(&ring.product(), &[]).await.unwrap();
        db.ensure_configuration(&ring.product(), &ring, &[].into()).await.unwrap();
        let shop = Self { _folder: folder, db, actor: Actor::command_line(), ring };
        shop.upload("frames").await;
        shop.publish(None, 1).await;
        shop
    }

    /// Stores a version of these frames, and objects of its own.
    async fn store(&self, source: &str, fence: &Fence) -> Option<i64> {
        let version = self.db.next_version(&self.ring).await.unwrap();
        let new = NewVersion {
            version,
            kind: VersionKind::Full,
            digest: Digest::of(format!("manifest {version}").as_bytes()),
            jpeg: Digest::of(b"jpeg"),
            source: Digest::of(source.as_bytes()),
            settings: Digest::of(b"quick"),
            figures: Vec::new(),
            namespace: Namespace::Public,
        };
        let keys = [ObjectKey::Manifest(new.digest)];
        let begun = self.db.begin_version(&self.ring, &new, fence, &keys).await.unwrap();
        begun.map(|_blocked| version)
    }

    /// A version of an artist, from a set of frames whose job is done.
    async fn upload(&self, source: &str) -> (i64, FramesetId) {
        let set = self.db.open_plain_frameset().await;
        self.db.commit_with_frame(&set).await;
        let leased = self.db.claim_job(LEASE_MS).await.unwrap().unwrap();
        let version = self.store(source, &Fence::Job(Box::new(leased.clone()))).await.unwrap();
        assert!(self.db.complete_version(&self.ring, version).await.unwrap());
        assert!(self.db.finish_job(&leased, &self.ring, version).await.unwrap());
        (version, set)
    }

    async fn publish(&self, from: Option<i64>, version: i64) {
        let moved = self.db.move_pointer(&self.ring, from, version, &self.actor).await.unwrap();
        assert!(moved.is_some());
    }

    async fn candidates(&self) -> Vec<Candidate> {
        self.db.polish_candidates(9, 0).await.unwrap()
    }

    /// Queues the only candidate.
    async fn queue(&self) -> bool {
        let candidates = self.candidates().await;
        let [candidate] = &candidates[..] else { panic!("{candidates:?}") };
        self.queue_again(candidate).await
    }

    async fn queue_again(&self, candidate: &Candidate) -> bool {
        self.db.queue_polish(candidate, Digest::of(b"slow")).await.unwrap()
    }

    async fn claim(&self) -> Option<Leased> {
        self.db.claim_polish(LEASE_MS).await.unwrap()
    }

    async fn tried(&self) -> Option<Polish> {
        self.db.polishes(9).await.unwrap().pop()
    }

    /// Stores what polishing has made; answers its number if it is live.
    async fn replace(&self, leased: &Leased) -> Option<i64> {
        let version = self.store("frames", &Fence::Polish(Box::new(leased.clone()))).await?;
        self.db.complete_polished(&self.ring, version, leased).await.unwrap().then_some(version)
    }

    async fn live(&self) -> Option<i64> {
        self.db.pointer(&self.ring).await.unwrap().map(|pointer| pointer.version)
    }

    async fn run(&self, sql: &'static str) {
        self.db.run("test", sql).execute().await.unwrap();
    }
}

#[tokio::test]
async fn what_is_better_takes_the_place_of_the_version_that_it_was_made_from() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    let leased = shop.claim().await.unwrap();
    assert_eq!((leased.version, leased.attempts), (1, 1));
    assert_eq!(shop.claim().await, None, "it is one worker's");
    assert_eq!(shop.db.renew_polish(&leased, 1_500).await.unwrap(), Renewed::Kept);
    let gains = [Gain {
        tier: assets_pipeline::plan::tiers::TierKey::Hd,
        format: assets_pipeline::plan::tiers::Format::Avif,
        before: 78.5,
        after: 79.6,
    }];
    shop.db.note_gains(&leased, &gains).await.unwrap();
    assert_eq!(shop.replace(&leased).await, Some(2));
    // The last of its CPU time is counted after it has ended.
    assert_eq!(shop.db.renew_polish(&leased, 500).await.unwrap(), Renewed::Lost);
    assert_eq!(shop.live().await, Some(2));
    let tried = shop.db.polish_of(&shop.ring).await.unwrap().unwrap();
    assert_eq!((tried.state, tried.version, tried.made), (State::Better, 1, Some(2)));
    assert_eq!((tried.gains.as_slice(), tried.cpu_ms), (&gains[..], 2_000));
    let versions = shop.db.versions(&shop.ring).await.unwrap();
    let variants: Vec<_> = versions.iter().map(|one| (one.version, one.variant_of)).collect();
    assert_eq!(variants, [(2, Some(1)), (1, None)]);
    let trail = shop.db.audit(0, 99).await.unwrap();
    let publish = trail.iter().rev().find(|entry| entry.action == "version.publish").unwrap();
    assert_eq!((publish.actor.as_str(), &publish.detail["version"]), ("polish", &2.into()));
    // What was polished is not polished again, nor the version that it was made from.
    assert_eq!(shop.candidates().await, []);
    assert!(shop.db.polish_facts(&shop.ring).await.unwrap().is_polished);
    shop.publish(Some(2), 1).await;
    assert_eq!(shop.candidates().await, []);
    assert_eq!(shop.db.polish_of(&shop.ring).await.unwrap(), Some(tried));
}

#[tokio::test]
async fn nothing_is_tried_twice() {
    let shop = Shop::new().await;
    let candidate = shop.candidates().await.remove(0);
    assert!(shop.queue().await);
    assert!(!shop.queue_again(&candidate).await, "one at a time");
    let leased = shop.claim().await.unwrap();
    assert!(!shop.queue_again(&candidate).await, "one at a time");
    let with_others = Digest::of(b"slower");
    assert!(!shop.db.queue_polish(&candidate, with_others).await.unwrap(), "one at a time");
    shop.db.end_polish(&leased, State::NotBetter).await.unwrap();
    assert_eq!(shop.tried().await.unwrap().state, State::NotBetter);
    assert_eq!(shop.candidates().await, []);
    assert!(!shop.queue_again(&candidate).await);
    // A second version of the same frames with the same settings would be the same again.
    let (version, _) = shop.upload("frames").await;
    shop.publish(Some(1), version).await;
    let candidate = shop.candidates().await.remove(0);
    assert_eq!((candidate.version, candidate.spin.is_of_job), (version, true));
    assert!(!shop.queue_again(&candidate).await);
    assert_eq!(shop.claim().await, None);
}

#[tokio::test]
async fn what_has_changed_since_it_was_found_is_not_queued() {
    let shop = Shop::new().await;
    let candidate = shop.candidates().await.remove(0);
    let (newer, _) = shop.upload("other frames").await;
    assert!(!shop.queue_again(&candidate).await, "a newer version waits");
    shop.publish(Some(1), newer).await;
    assert!(!shop.queue_again(&candidate).await);
    assert!(shop.queue().await);
}

#[tokio::test]
async fn artists_go_first() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    let set = shop.db.open_plain_frameset().await;
    shop.db.commit_with_frame(&set).await;
    assert!(shop.db.polish_situation().await.unwrap().is_busy);
    assert_eq!(shop.claim().await, None, "a job waits");
    let job = shop.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    assert_eq!(shop.claim().await, None, "a job runs");
    assert!(shop.db.polish_situation().await.unwrap().is_busy);
    // Until a launch is over, say.
    shop.db.yield_job(&job, 60_000).await.unwrap();
    assert!(!shop.db.polish_situation().await.unwrap().is_busy);
    let leased = shop.claim().await.unwrap();
    shop.db.yield_polish(&leased).await.unwrap();
    let again = shop.claim().await.unwrap();
    assert_eq!(again.attempts, 1, "giving way costs nothing");
    shop.db.end_polish(&again, State::NotBetter).await.unwrap();
    let (version, _) = shop.upload("other frames").await;
    shop.publish(Some(1), version).await;
    // Nothing is queued beside a job, and beside an ingest of the command line.
    shop.run("update jobs set run_at_ms = 0 where state = 'queued'").await;
    assert!(!shop.queue().await);
    shop.run("update jobs set state = 'cancelled' where state = 'queued'").await;
    let progress = crate::db::ingests::IngestProgress { stage: "store".to_owned(), done: 0, total: 1 };
    shop.db.report_ingest(&shop.ring, &progress).await.unwrap();
    assert!(shop.db.polish_situation().await.unwrap().is_busy);
    assert!(!shop.queue().await);
    shop.db.end_ingest(&shop.ring).await.unwrap();
    assert!(shop.queue().await);
}

#[tokio::test]
async fn a_lease_that_ran_out_is_claimed_again_and_a_try_that_kills_its_workers_is_given_up() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    let mut dead = None;
    for attempt in 1..=ATTEMPTS {
        let leased = shop.claim().await.unwrap();
        assert_eq!(leased.attempts, attempt);
        if let Some(dead) = dead.replace(leased) {
            assert_eq!(shop.db.renew_polish(&dead, 0).await.unwrap(), Renewed::Lost);
            assert_eq!(shop.replace(&dead).await, None);
            shop.db.end_polish(&dead, State::NotBetter).await.unwrap();
        }
        shop.run("update polishes set lease_until_ms = 0").await;
    }
    assert_eq!(shop.claim().await, None);
    assert_eq!(shop.tried().await.unwrap().state, State::Failed);
    assert_eq!(shop.live().await, Some(1));
}

#[tokio::test]
async fn an_attempt_that_failed_is_repeated_after_a_while() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    let leased = shop.claim().await.unwrap();
    shop.db.fail_polish(&leased, false).await.unwrap();
    assert_eq!(shop.claim().await, None, "it waits");
    shop.run("update polishes set run_at_ms = 0").await;
    let leased = shop.claim().await.unwrap();
    assert_eq!(leased.attempts, 2);
    shop.db.fail_polish(&leased, true).await.unwrap();
    assert_eq!(shop.tried().await.unwrap().state, State::Failed);
}

/// What an artist or an operator does meanwhile.
async fn overtaken(change: impl AsyncFn(&Shop)) {
    let shop = Shop::new().await;
    // Not in the same millisecond.
    shop.run("update versions set published_at_ms = published_at_ms - 5").await;
    assert!(shop.queue().await);
    let leased = shop.claim().await.unwrap();
    // Its objects are being written.
    let fence = Fence::Polish(Box::new(leased.clone()));
    let pending = shop.store("frames", &fence).await.unwrap();
    change(&shop).await;
    let live = shop.live().await;
    assert_eq!(shop.db.renew_polish(&leased, 0).await.unwrap(), Renewed::Overtaken);
    assert!(!shop.db.complete_polished(&shop.ring, pending, &leased).await.unwrap());
    assert_eq!(shop.replace(&leased).await, None);
    assert_eq!(shop.live().await, live);
    let versions = shop.db.versions(&shop.ring).await.unwrap();
    assert!(versions.iter().all(|version| version.variant_of.is_none()), "{versions:?}");
    // The worker dies, and the next one finds it out before it encodes anything.
    shop.run("update polishes set lease_until_ms = 0").await;
    assert_eq!(shop.claim().await, None);
    assert_eq!(shop.tried().await.unwrap().state, State::Overtaken);
}

#[tokio::test]
async fn nothing_changes_where_another_version_came_meanwhile() {
    overtaken(async |shop: &Shop| {
        let (version, _) = shop.upload("other frames").await;
        shop.publish(Some(1), version).await;
    })
    .await;
    // It waits to be published.
    overtaken(async |shop: &Shop| {
        shop.upload("other frames").await;
    })
    .await;
    // In the same millisecond.
    overtaken(async |shop: &Shop| {
        let (version, _) = shop.upload("other frames").await;
        shop.publish(Some(1), version).await;
        shop.run("update versions set published_at_ms = (select min(published_at_ms) from versions)").await;
    })
    .await;
    // It is still being stored.
    overtaken(async |shop: &Shop| {
        assert!(shop.store("other frames", &Fence::Since(0)).await.is_some());
    })
    .await;
}

#[tokio::test]
async fn nothing_changes_where_a_rollback_came_meanwhile_and_was_taken_back() {
    overtaken(async |shop: &Shop| {
        let (version, _) = shop.upload("other frames").await;
        shop.publish(Some(1), version).await;
        shop.publish(Some(version), 1).await;
        // Only that it went live again is left of all that.
        shop.run("update versions set remove_at_ms = 0 where version <> 1").await;
    })
    .await;
}

#[tokio::test]
async fn nothing_changes_where_the_spin_was_taken_down_or_protected_meanwhile() {
    overtaken(async |shop: &Shop| {
        shop.run("update configurations set namespace = '00000000000000000000000000000001'").await;
    })
    .await;
    overtaken(async |shop: &Shop| {
        shop.run("update configurations set live_version = null, taken_down_at_ms = 1").await;
    })
    .await;
}

#[tokio::test]
async fn a_take_down_ends_what_is_being_stored() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    let leased = shop.claim().await.unwrap();
    let fence = Fence::Polish(Box::new(leased.clone()));
    let pending = shop.store("frames", &fence).await.unwrap();
    assert!(shop.db.take_down(&shop.ring, &shop.actor).await.unwrap().is_some());
    assert!(!shop.db.complete_polished(&shop.ring, pending, &leased).await.unwrap());
    assert_eq!((shop.live().await, shop.replace(&leased).await), (None, None));
}

#[tokio::test]
async fn only_live_public_spins_with_raw_frames_whose_newest_version_is_live_are_polished() {
    let shop = Shop::new().await;
    let facts = async || shop.db.polish_facts(&shop.ring).await.unwrap();
    assert_eq!(shop.candidates().await.len(), 1);
    assert!(facts().await.is_newest && facts().await.is_live);
    // A newer version waits to be published; then it is rolled back.
    let (newer, set) = shop.upload("other frames").await;
    assert_eq!(shop.candidates().await, []);
    assert!(!facts().await.is_newest);
    shop.publish(Some(1), newer).await;
    assert_eq!(shop.candidates().await[0].version, newer);
    shop.publish(Some(newer), 1).await;
    assert_eq!(shop.candidates().await, []);
    shop.publish(Some(1), newer).await;
    shop.run("update configurations set namespace = '00000000000000000000000000000001'").await;
    assert_eq!(shop.candidates().await, []);
    assert!(facts().await.is_protected);
    shop.run("update configurations set namespace = null").await;
    assert_eq!(shop.candidates().await.len(), 1);
    // An early version, one that is on its way out, and one whose objects are missing.
    for (change, back) in [
        ("kind = 'early'", "kind = 'full'"),
        ("remove_at_ms = 9", "remove_at_ms = null"),
        ("state = 'pending'", "state = 'complete'"),
    ] {
        for (set, count) in [(change, 0), (back, 1)] {
            let sql = format!("update versions set {set} where version = {newer}");
            shop.run(Box::leak(sql.into_boxed_str())).await;
            assert_eq!(shop.candidates().await.len(), count, "{set}");
        }
    }
    assert!(shop.db.delete_frames(&set).await.unwrap());
    assert_eq!(shop.candidates().await, []);
    assert_eq!(facts().await.spins, []);
    let nothing = shop.db.polish_facts(&"ring.other".parse().unwrap()).await.unwrap();
    assert!(!nothing.is_live);
}

#[tokio::test]
async fn the_most_looked_at_spin_comes_first() {
    let shop = Shop::new().await;
    shop.run(
        "insert into configurations (id, product_id, choices, last_version, created_at_ms)
         select 'ring.solitaire.metal-' || m.name, 'ring.solitaire', choices, 1, 1
         from configurations, (select 'a' as name union all select 'b' union all select 'c') m",
    )
    .await;
    shop.run(
        "insert into versions (configuration_id, version, kind, digest, jpeg, source, settings, created_at_ms, published_at_ms, state)
         select id, 1, 'full', id, '', (select source from versions), (select settings from versions), 1, 1, 'complete'
         from configurations where id <> 'ring.solitaire'",
    )
    .await;
    shop.run("update configurations set live_version = 1").await;
    // As if the frames were of all of them.
    shop.run(
        "insert into framesets (id, product_id, choices, settings, state, key_id, created_at_ms, touched_at_ms)
         select substr(c.id, 22, 1) || '0000000000000000000000000000000', f.product_id, f.choices,
            f.settings, f.state, f.key_id, 1, 1
         from framesets f, configurations c where c.id <> 'ring.solitaire'",
    )
    .await;
    shop.run(
        "insert into frames (frameset_id, name, bytes, digest)
         select s.id, '1.png', 5, 'd' from framesets s where not exists (select 1 from frames f where f.frameset_id = s.id)",
    )
    .await;
    shop.run(
        "insert into jobs (id, frameset_id, state, run_at_ms, created_at_ms, changed_at_ms, configuration_id, version, source)
         select s.id, s.id, 'ready', 1, 1, 1, 'ring.solitaire.metal-' || substr(s.id, 1, 1), 1, (select max(source) from versions)
         from framesets s where not exists (select 1 from jobs j where j.frameset_id = s.id)",
    )
    .await;
    for (metal, views) in [("a", 1.0), ("b", 3.0)] {
        let sql =
            "insert into popularity (configuration_id, product_id, heat) values ($1, 'ring.solitaire', $2)";
        let statement = shop.db.run("test", sql).bind(format!("ring.solitaire.metal-{metal}"));
        statement.bind(views).execute().await.unwrap();
    }
    let names = |found: Vec<Candidate>| -> Vec<String> {
        found.into_iter().map(|one| one.configuration.to_string().replace("ring.solitaire", "")).collect()
    };
    assert_eq!(names(shop.candidates().await), [".metal-b", ".metal-a", "", ".metal-c"]);
    let page = shop.db.polish_candidates(2, 1).await.unwrap();
    assert_eq!(names(page), [".metal-a", ""]);
}

#[tokio::test]
async fn the_last_job_that_has_ended_counts() {
    let shop = Shop::new().await;
    shop.upload("other frames").await;
    shop.run("update jobs set changed_at_ms = case when version = 1 then 70 else 50 end").await;
    assert_eq!(shop.db.polish_situation().await.unwrap().ended_at_ms, Some(70));
    shop.run("update jobs set state = 'failed', changed_at_ms = 90 where version > 1").await;
    assert_eq!(shop.db.polish_situation().await.unwrap().ended_at_ms, Some(90));
}

#[tokio::test]
async fn cpu_time_counts_for_a_day() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    let leased = shop.claim().await.unwrap();
    let spent = async || shop.db.polish_situation().await.unwrap().cpu_ms;
    for cpu_ms in [700, 0, 300] {
        assert_eq!(shop.db.renew_polish(&leased, cpu_ms).await.unwrap(), Renewed::Kept);
    }
    assert_eq!(spent().await, 1_000);
    let aged = "update polish_cpu set at_ms = at_ms - $1";
    shop.db.run("test", aged).bind(DAY_MS - SLOT_MS).execute().await.unwrap();
    assert_eq!(spent().await, 1_000);
    shop.db.run("test", aged).bind(3 * SLOT_MS).execute().await.unwrap();
    assert_eq!(spent().await, 0);
    assert_eq!(shop.tried().await.unwrap().cpu_ms, 1_000);
}

#[tokio::test]
async fn a_configuration_that_is_removed_takes_its_tries_with_it() {
    let shop = Shop::new().await;
    assert!(shop.queue().await);
    assert_ne!(shop.tried().await, None);
    shop.run("update configurations set live_version = null").await;
    for sql in
        ["delete from version_objects", "delete from versions", "delete from job_events", "delete from jobs"]
    {
        shop.run(sql).await;
    }
    let removed = shop.db.remove_configuration(&shop.ring, &shop.actor).await.unwrap();
    assert!(matches!(removed, crate::db::configurations::RemovedConfiguration::Done { .. }));
    assert_eq!(shop.tried().await, None);
}
