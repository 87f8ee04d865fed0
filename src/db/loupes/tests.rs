use std::collections::BTreeMap;

use assets_pipeline::{digest::Digest, plan::tiers::Format};

use super::*;
use crate::{
    db::{
        objects::AT_ONCE_MS,
        versions::{Fence, NewVersion, VersionKind},
    },
    domain::{
        audit::Actor, frameset::FramesetId, job::ATTEMPTS, loupe::Frames, namespace::Namespace,
        object_key::ObjectKey,
    },
};

const LEASE_MS: i64 = 15_000;

/// A ring and a band without options, each with a live version that an upload has made.
struct Shop {
    _folder: tempfile::TempDir,
    db: Db,
    actor: Actor,
    ring: ConfigId,
    band: ConfigId,
}

impl Shop {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let ids = ["ring.solitaire", "ring.band"].map(|id| id.parse::<ConfigId>().unwrap());
        for id in &ids {
            db.ensure_product(&id.product(), &[]).await.unwrap();
            db.ensure_configuration(&id.product(), id, &[].into()).await.unwrap();
        }
        let [ring, band] = ids;
        let shop = Self { _folder: folder, db, actor: Actor::command_line(), ring, band };
        for id in [&shop.ring, &shop.band] {
            shop.upload(id).await;
        }
        shop
    }

    /// A version of an artist, from a set of frames whose job is done, which goes live.
    async fn upload(&self, id: &ConfigId) -> FramesetId {
        let db = &self.db;
        let set = db.open_plain_frameset().await;
        db.commit_with_frame(&set).await;
        let job = db.claim_job(LEASE_MS).await.unwrap().unwrap();
        let before = db.pointer(id).await.unwrap().map(|pointer| pointer.version);
        let version = db.next_version(id).await.unwrap();
        let new = NewVersion {
            version,
            kind: VersionKind::Full,
            digest: Digest::of(format!("manifest {id} {version}").as_bytes()),
            jpeg: Digest::of(b"jpeg"),
            source: Digest::of(b"frames"),
            settings: Digest::of(b"settings"),
            figures: Vec::new(),
            namespace: Namespace::Public,
        };
        let keys = [ObjectKey::Manifest(new.digest)];
        let fence = Fence::Job(Box::new(job.clone()));
        assert_eq!(db.begin_version(id, &new, &fence, &keys).await.unwrap(), Some(vec![]));
        assert!(db.complete_version(id, version).await.unwrap());
        assert!(db.finish_job(&job, id, version).await.unwrap());
        assert!(db.move_pointer(id, before, version, &self.actor).await.unwrap().is_some());
        set
    }

    async fn candidate(&self, id: &ConfigId) -> Candidate {
        self.db.loupe_candidates_of(id).await.unwrap().pop().expect("it can have a loupe")
    }

    async fn claim(&self) -> Option<Leased> {
        self.db.claim_loupe(LEASE_MS).await.unwrap()
    }

    async fn claimed(&self, id: &ConfigId) -> Leased {
        assert!(self.db.queue_loupe(&self.candidate(id).await).await.unwrap());
        self.claim().await.unwrap()
    }

    /// Writes the objects of a loupe, and shows it.
    async fn complete(&self, leased: &Leased, loupe: &Loupe) -> bool {
        let blocked = self.db.reserve_objects(Namespace::Public, &loupe.keys()).await.unwrap();
        assert_eq!(blocked, []);
        self.db.complete_loupe(leased, Namespace::Public, loupe).await.unwrap()
    }

    async fn state(&self, id: &ConfigId) -> Option<State> {
        self.db.loupe_entry(id, 1).await.unwrap().map(|entry| entry.state)
    }

    async fn run(&self, sql: &'static str) {
        self.db.run("test", sql).execute().await.unwrap();
    }

    /// Objects that a collection deletes at once.
    async fn due(&self) -> Vec<ObjectKey> {
        let claimed = self.db.claim_objects(AT_ONCE_MS, 99, LEASE_MS, "test").await.unwrap();
        let addresses = claimed.map(|claimed| claimed.addresses).unwrap_or_default();
        addresses.into_iter().map(|address| address.key).collect()
    }
}

fn loupe() -> Loupe {
    let frames = Frames { set: Digest::of(b"loupe"), bytes: vec![70, 90] };
    Loupe { size: [2400, 1600], degrees: vec![0, 180], formats: BTreeMap::from([(Format::Avif, frames)]) }
}

#[tokio::test]
async fn a_loupe_is_shown_once_its_objects_are_stored_and_goes_with_its_version() {
    let shop = Shop::new().await;
    let (db, id) = (&shop.db, &shop.ring);
    let leased = shop.claimed(id).await;
    assert_eq!((leased.version, leased.attempts), (1, 1));
    assert_eq!(shop.claim().await, None, "it is one worker's");
    assert_eq!(db.loupe_candidates_of(id).await.unwrap(), [], "it is being made");
    let before = db.pointer(id).await.unwrap().unwrap().revision;
    let loupe = loupe();
    assert_eq!(db.reserve_objects(Namespace::Public, &loupe.keys()).await.unwrap(), []);
    assert_eq!(db.loupe(id, 1).await.unwrap(), None);
    let address = |key: ObjectKey| key.within(Namespace::Public);
    for key in loupe.keys() {
        assert_eq!(db.needed_by(address(key)).await.unwrap(), []);
    }
    assert_eq!(db.renew_loupe(&leased, 1_500).await.unwrap(), Renewed::Kept);
    assert!(db.complete_loupe(&leased, Namespace::Public, &loupe).await.unwrap());
    // The last of its CPU time is counted after it has ended.
    db.renew_loupe(&leased, 500).await.unwrap();
    assert_eq!(db.loupe_situation().await.unwrap().cpu_ms, 2_000);
    let entry = db.loupe_entry(id, 1).await.unwrap().unwrap();
    assert_eq!((entry.state, entry.bytes, entry.cpu_ms, entry.was_asked), (State::Ready, 160, 2_000, false));
    assert_eq!(db.loupe(id, 1).await.unwrap(), Some(loupe.clone()));
    for key in loupe.keys() {
        assert_eq!(db.needed_by(address(key)).await.unwrap().len(), 1, "{key}");
    }
    assert!(db.pointer(id).await.unwrap().unwrap().revision > before, "answers are made anew");

    assert!(db.take_down(id, &shop.actor).await.unwrap().is_some());
    let due = shop.due().await;
    assert!(loupe.keys().iter().all(|key| due.contains(key)), "{due:?}");
}

#[tokio::test]
async fn nothing_is_shown_of_a_version_that_is_retired_or_taken_down() {
    for change in [
        "update versions set remove_at_ms = 5 where configuration_id = 'ring.solitaire'",
        "update versions set remove_at_ms = 0 where configuration_id = 'ring.solitaire'",
        "update versions set state = 'pending' where configuration_id = 'ring.solitaire'",
        "update loupes set lease = 'other'",
    ] {
        let shop = Shop::new().await;
        let leased = shop.claimed(&shop.ring).await;
        shop.run(change).await;
        assert!(!shop.complete(&leased, &loupe()).await, "{change}");
        assert_eq!(shop.db.loupe(&shop.ring, 1).await.unwrap(), None);
        for key in loupe().keys() {
            assert_eq!(shop.db.needed_by(key.within(Namespace::Public)).await.unwrap(), []);
        }
        assert_ne!(shop.db.renew_loupe(&leased, 0).await.unwrap(), Renewed::Kept, "{change}");
    }
}

#[tokio::test]
async fn an_object_that_is_deleted_meanwhile_shows_no_loupe() {
    let shop = Shop::new().await;
    let leased = shop.claimed(&shop.ring).await;
    assert_eq!(shop.db.reserve_objects(Namespace::Public, &loupe().keys()).await.unwrap(), []);
    shop.run(
        "update objects set state = 'deleting', lease = 'l', lease_until_ms = 5 where key like 's/%180.avif'",
    )
    .await;
    assert!(!shop.db.complete_loupe(&leased, Namespace::Public, &loupe()).await.unwrap());
    // It is written again once the collector has deleted it.
    let blocked = shop.db.reserve_objects(Namespace::Public, &loupe().keys()).await.unwrap();
    assert_eq!(blocked, loupe().keys()[2..]);
    shop.run("delete from objects where state = 'deleting'").await;
    assert!(!shop.db.complete_loupe(&leased, Namespace::Public, &loupe()).await.unwrap());
    assert!(shop.complete(&leased, &loupe()).await);
}

#[tokio::test]
async fn what_is_reserved_and_never_shown_is_deleted_when_its_writer_counts_as_dead() {
    let shop = Shop::new().await;
    shop.db.reserve_objects(Namespace::Public, &loupe().keys()).await.unwrap();
    assert_eq!(shop.db.live_objects().await.unwrap().len(), 2, "one manifest each");
    assert_eq!(shop.due().await, []);
    let after = shop.db.now_ms() + 2 * crate::db::objects::PENDING_MS;
    assert_eq!(shop.db.count_due_objects(after).await.unwrap(), 3);
}

#[tokio::test]
async fn visitors_ask_for_as_many_as_they_may_and_theirs_go_first() {
    let shop = Shop::new().await;
    let (db, ring, band) = (&shop.db, shop.candidate(&shop.ring).await, shop.candidate(&shop.band).await);
    assert!(db.queue_loupe(&ring).await.unwrap());
    assert_eq!(db.ask_for_loupe(&band, 0).await.unwrap(), Requested::Spent);
    assert_eq!(db.ask_for_loupe(&band, 1).await.unwrap(), Requested::Queued);
    assert_eq!(db.ask_for_loupe(&band, 2).await.unwrap(), Requested::Queued, "it is the same one");
    assert_eq!(shop.claim().await.unwrap().configuration, shop.band);
    assert!(db.loupe_entry(&shop.band, 1).await.unwrap().unwrap().was_asked);
    assert_eq!(shop.claim().await.unwrap().configuration, shop.ring);
    shop.run("delete from loupes where configuration_id = 'ring.solitaire'").await;
    assert_eq!(db.ask_for_loupe(&ring, 1).await.unwrap(), Requested::Spent);
    shop.run("update loupes set asked_at_ms = asked_at_ms - 86400001").await;
    assert_eq!(db.ask_for_loupe(&ring, 1).await.unwrap(), Requested::Queued);
}

#[tokio::test]
async fn a_spin_has_a_loupe_where_its_frames_are_stored_and_it_is_live() {
    let shop = Shop::new().await;
    let stale = shop.candidate(&shop.ring).await;
    assert_eq!(shop.db.loupe_candidates(9, 0).await.unwrap().len(), 2);
    // What is popular comes first.
    shop.run("insert into popularity (configuration_id, product_id, heat) values ('ring.solitaire', 'ring.solitaire', 3)").await;
    assert_eq!(shop.db.loupe_candidates(9, 0).await.unwrap()[0].configuration, shop.ring);
    let queued = shop.db.queue_loupe(&stale).await.unwrap();
    assert!(queued);
    // A newer version goes live before it is made: that one is due.
    shop.upload(&shop.ring).await;
    assert_eq!(shop.claim().await, None);
    assert_eq!(shop.state(&shop.ring).await, None);
    assert!(!shop.db.queue_loupe(&stale).await.unwrap());
    assert_eq!(shop.candidate(&shop.ring).await.version, 2);
    shop.run("delete from frames").await;
    assert_eq!(shop.db.loupe_candidates(9, 0).await.unwrap(), []);
}

#[tokio::test]
async fn an_attempt_that_fails_is_repeated_and_one_that_gives_way_does_not_count() {
    let shop = Shop::new().await;
    let leased = shop.claimed(&shop.ring).await;
    shop.db.yield_loupe(&leased).await.unwrap();
    for attempt in 1..=ATTEMPTS {
        let leased = shop.claim().await.unwrap();
        assert_eq!(leased.attempts, attempt);
        shop.db.fail_loupe(&leased, false).await.unwrap();
        shop.run("update loupes set run_at_ms = 0").await;
    }
    assert_eq!(shop.claim().await, None);
    assert_eq!(shop.state(&shop.ring).await, Some(State::Failed));
    // A worker that dies leaves it to another one, whose lease counts.
    let first = shop.claimed(&shop.band).await;
    shop.run("update loupes set lease_until_ms = 0 where state = 'running'").await;
    let second = shop.claim().await.unwrap();
    assert_eq!(second.attempts, 2);
    assert_eq!(shop.db.renew_loupe(&first, 0).await.unwrap(), Renewed::Lost);
    shop.db.end_loupe(&first, State::Failed).await.unwrap();
    assert!(!shop.complete(&first, &loupe()).await);
    assert!(shop.complete(&second, &loupe()).await);
}

#[tokio::test]
async fn artists_go_first() {
    let shop = Shop::new().await;
    let candidate = shop.candidate(&shop.ring).await;
    let set = shop.db.open_plain_frameset().await;
    shop.db.commit_with_frame(&set).await;
    assert!(!shop.db.queue_loupe(&candidate).await.unwrap());
    assert_eq!(shop.db.ask_for_loupe(&candidate, 1).await.unwrap(), Requested::Queued, "it waits");
    assert_eq!(shop.claim().await, None);
    shop.db.claim_job(LEASE_MS).await.unwrap().unwrap();
    assert_eq!(shop.claim().await, None);
}
