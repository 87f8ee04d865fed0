//! Taking a spin down: what would be deleted, and the transaction that retires all of it.

use std::collections::BTreeMap;

use assets_pipeline::digest::Digest;
use serde_json::json;
use sqlx::types::Json;

use crate::domain::{
    audit::{Action, Actor},
    figures::SetFigures,
    names::ConfigId,
    purge::Purge,
};

use super::{
    Db, DbError,
    audit::record,
    bytes,
    configuration_sets::sets_of,
    engine::Tx,
    jobs::{self, NotWanted},
    objects::{AT_ONCE_MS, VersionId, discard, mark},
    products::bump,
    purges::{Softness, note},
};
use crate::signals::Topic;

/// The versions of a configuration and their objects, as a take-down would delete them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredSpin {
    /// The number of the live version.
    pub live: Option<i64>,
    /// The numbers of all versions, the newest first; retired ones are not among them.
    pub versions: Vec<i64>,
    /// Objects that no other configuration needs.
    pub objects: u64,
    /// Bytes of all encoded frames, each twice: by itself and in a pack. Those of loupes are in no pack.
    pub bytes: u64,
}

/// Number, whether it is live, and figures.
type VersionRow = (i64, bool, Option<Json<Vec<SetFigures>>>);

impl Db {
    /// What of a configuration is stored besides raw frames.
    pub async fn stored_spin(&self, id: &ConfigId) -> Result<StoredSpin, DbError> {
        const VERSIONS: &str = "select v.version, coalesce(c.live_version = v.version, false), v.frames
            from versions v join configurations c on c.id = v.configuration_id
            where c.id = $1 and v.remove_at_ms is null order by v.version desc";
        const OBJECTS: &str = "select count(distinct r.object_id) from version_objects r
            where r.configuration_id = $1 and not exists (
                select 1 from version_objects o join versions v
                on v.configuration_id = o.configuration_id and v.version = o.version
                where o.object_id = r.object_id and o.configuration_id <> $1
                and (v.remove_at_ms is null or v.state = 'pending'))";
        // Versions of the same frames share one.
        const LOUPES: &str = "select cast(coalesce(sum(bytes), 0) as bigint) from (
            select distinct l.loupe, l.bytes from loupes l join versions v
            on v.configuration_id = l.configuration_id and v.version = l.version
            where l.configuration_id = $1 and l.state = 'ready' and v.remove_at_ms is null) stored";
        let rows: Vec<VersionRow> =
            self.read("versions.stored_spin", VERSIONS).bind(id.as_str()).all().await?;
        let objects: i64 = self.read("objects.own", OBJECTS).bind(id.as_str()).scalar().await?;
        let loupes: i64 = self.read("loupes.bytes", LOUPES).bind(id.as_str()).scalar().await?;
        let mut sets: BTreeMap<Digest, u64> = BTreeMap::new();
        for set in rows.iter().filter_map(|(_, _, figures)| figures.as_ref()).flat_map(|figures| &figures.0) {
            sets.insert(set.set, set.frames.iter().map(|frame| u64::from(frame.bytes)).sum());
        }
        Ok(StoredSpin {
            live: rows.iter().find(|(_, is_live, _)| *is_live).map(|(version, ..)| *version),
            versions: rows.iter().map(|(version, ..)| *version).collect(),
            objects: bytes(objects),
            bytes: 2 * sets.values().sum::<u64>() + bytes(loupes),
        })
    }

    /// Takes a configuration's spin down, and retires all of its versions at once, also where none was ever live. Its jobs
    /// that are not over are cancelled, and versions that are being stored are deleted: their writers find that out, and
    /// begin no other one. Returns the purges that this wrote; `None` where there was none of all that.
    pub async fn take_down(&self, id: &ConfigId, actor: &Actor) -> Result<Option<Vec<i64>>, DbError> {
        const RETIRE: &str =
            "update versions set remove_at_ms = $1 where configuration_id = $2 returning version";
        const STATE: &str = "select live_version, namespace is null from configurations where id = $1";
        const TAKE_DOWN: &str =
            "update configurations set live_version = null, taken_down_at_ms = $1 where id = $2";
        let mut tx = self.write("versions.take_down").await?;
        let before: Option<(Option<i64>, bool)> =
            tx.run("configurations.state", STATE).bind(id.as_str()).optional().await?;
        let (live, is_public) = before.unwrap_or((None, false));
        let cancelled = cancel_jobs(&mut tx, id, actor).await?;
        let discarded = discard_pending(&mut tx, id).await?;
        let retired: Vec<i64> =
            tx.run("versions.retire_all", RETIRE).bind(AT_ONCE_MS).bind(id.as_str()).scalars().await?;
        if retired.is_empty() && discarded.is_empty() && cancelled == 0 {
            return Ok(None);
        }
        for version in &retired {
            mark(&mut tx, VersionId(id, *version), AT_ONCE_MS).await?;
        }
        let mut purges = Vec::new();
        if live.is_some() {
            tx.run("configurations.set_taken_down", TAKE_DOWN)
                .bind(self.now_ms())
                .bind(id.as_str())
                .execute()
                .await?;
            bump(&mut tx, &id.product().to_string(), self.now_ms()).await?;
            // Caches hold nothing of a protected configuration, and must not learn its name.
            if is_public {
                let purge = Purge::configuration(id);
                purges.push(note(&mut tx, id.as_str(), &purge, Softness::Soft(false), true).await?);
            }
        }
        let detail = json!({ "version": live, "versions": retired });
        record(&mut tx, actor, Action::TakeDown, id.as_str(), &detail).await?;
        tx.wake(&[Topic::Pointers, Topic::Purges, Topic::Progress]);
        tx.commit().await?;
        Ok(Some(purges))
    }
}

/// Cancels the jobs of a configuration that are not over. Answers how many.
async fn cancel_jobs(tx: &mut Tx, id: &ConfigId, actor: &Actor) -> Result<usize, DbError> {
    let sets = sets_of(tx, id).await?;
    let mut cancelled = 0;
    for one in sets.iter().filter(|one| !one.state.is_over()) {
        jobs::cancel(tx, &one.job, NotWanted::TakenDown, actor).await?;
        cancelled += 1;
    }
    Ok(cancelled)
}

/// Deletes the versions of a configuration that are being stored. Answers their numbers.
async fn discard_pending(tx: &mut Tx, id: &ConfigId) -> Result<Vec<i64>, DbError> {
    const PENDING: &str = "select version from versions where configuration_id = $1 and state = 'pending'";
    let pending: Vec<i64> = tx.run("versions.pending", PENDING).bind(id.as_str()).scalars().await?;
    for version in &pending {
        discard(tx, VersionId(id, *version)).await?;
    }
    Ok(pending)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::{
            jobs::Leased,
            versions::{Fence, NewVersion, VersionKind},
        },
        domain::{
            frameset::{FramesetId, NewFrameset},
            job::{JobId, JobState},
            keys::Role,
            names::Choices,
            namespace::Namespace,
        },
    };

    const OPEN: Fence = Fence::Since(i64::MAX);

    struct Shop {
        _folder: tempfile::TempDir,
        db: Db,
        actor: Actor,
        ring: ConfigId,
    }

    impl Shop {
        async fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let db = Db::open(folder.path()).await.unwrap();
            let ring = "ring.solitaire.metal-gold".parse().unwrap();
            Self { _folder: folder, db, actor: Actor::command_line(), ring }
        }

        fn metal(metal: &str) -> Choices {
            [("metal".parse().unwrap(), metal.parse().unwrap())].into()
        }

        /// A committed set with one frame, and its job.
        async fn commit(&self, metal: &str) -> (FramesetId, JobId) {
            let Self { db, actor, .. } = self;
            let key = db.create_key(Role::Artist, "", actor).await.unwrap();
            let wanted = NewFrameset { choices: Self::metal(metal), ..NewFrameset::of_plain_ring() };
            let set = db.open_frameset(&wanted, key.id(), 9, actor).await.unwrap();
            db.commit_with_frame(&set).await;
            let job = db.job_of(&set).await.unwrap().unwrap().id;
            (set, job)
        }

        async fn make_configuration(&self) {
            let (product, choices) = (self.ring.product(), Self::metal("gold"));
            let pairs: Vec<_> = choices.clone().into_iter().collect();
            self.db.ensure_product(&product, &pairs).await.unwrap();
            self.db.ensure_configuration(&product, &self.ring, &choices).await.unwrap();
        }

        async fn begin(&self, kind: VersionKind, fence: &Fence) -> Option<i64> {
            let version = self.db.next_version(&self.ring).await.unwrap();
            let digest = Digest::of(&version.to_be_bytes());
            let new = NewVersion {
                version,
                kind,
                digest,
                jpeg: digest,
                source: digest,
                settings: digest,
                figures: Vec::new(),
                namespace: Namespace::Public,
            };
            self.db.begin_version(&self.ring, &new, fence, &[]).await.unwrap().map(|_blocked| version)
        }

        async fn publish(&self, fence: &Fence) -> i64 {
            let version = self.begin(VersionKind::Early, fence).await.unwrap();
            assert!(self.db.complete_version(&self.ring, version).await.unwrap());
            assert!(self.move_pointer(None, version).await);
            version
        }

        async fn move_pointer(&self, from: Option<i64>, version: i64) -> bool {
            self.db.move_pointer(&self.ring, from, version, &self.actor).await.unwrap().is_some()
        }

        async fn claim(&self) -> Leased {
            self.db.claim_job(60_000).await.unwrap().unwrap()
        }

        async fn take_down(&self) -> Option<Vec<i64>> {
            self.db.take_down(&self.ring, &self.actor).await.unwrap()
        }

        async fn state(&self, job: &JobId) -> JobState {
            self.db.job(job).await.unwrap().unwrap().state
        }
    }

    #[tokio::test]
    async fn a_job_that_waits_is_cancelled_also_where_its_configuration_has_no_row() {
        let shop = Shop::new().await;
        let (gold, of_gold) = shop.commit("gold").await;
        let (_, of_rose) = shop.commit("rose").await;
        let raw = shop.db.raw_frames_of(&shop.ring).await.unwrap();
        assert_eq!((raw.sets, raw.frames, raw.under_way), (1, 1, 1));
        assert_eq!(shop.db.framesets_of(&shop.ring).await.unwrap(), []);
        assert_eq!(shop.take_down().await, Some(Vec::new()));
        assert_eq!(
            (shop.state(&of_gold).await, shop.state(&of_rose).await),
            (JobState::Cancelled, JobState::Queued)
        );
        let failure = shop.db.job(&of_gold).await.unwrap().unwrap().failure.unwrap();
        assert_eq!(failure["slug"], "taken-down");
        assert_eq!(shop.db.framesets_of(&shop.ring).await.unwrap(), [gold]);
        assert_eq!(shop.take_down().await, None, "nothing is left");

        // The same by the name that it has once it is made.
        shop.make_configuration().await;
        let (_, again) = shop.commit("gold").await;
        assert_eq!(shop.take_down().await, Some(Vec::new()));
        assert_eq!(shop.state(&again).await, JobState::Cancelled);
    }

    #[tokio::test]
    async fn a_worker_that_has_lost_its_job_to_a_take_down_begins_and_publishes_nothing() {
        let shop = Shop::new().await;
        let (set, job) = shop.commit("gold").await;
        let leased = shop.claim().await;
        let fence = Fence::Job(Box::new(leased.clone()));
        shop.make_configuration().await;
        let early = shop.publish(&fence).await;
        assert!(shop.db.note_rest(&leased, Some((&shop.ring, early))).await.unwrap());
        let pending = shop.begin(VersionKind::Full, &fence).await.unwrap();

        assert_eq!(shop.take_down().await.unwrap().len(), 1);
        assert_eq!(shop.state(&job).await, JobState::Cancelled);
        assert!(!shop.db.complete_version(&shop.ring, pending).await.unwrap());
        assert_eq!(shop.begin(VersionKind::Full, &fence).await, None);
        for version in [early, pending] {
            assert!(!shop.move_pointer(None, version).await, "{version}");
        }
        assert_eq!(shop.db.versions(&shop.ring).await.unwrap(), []);
        assert!(shop.db.is_taken_down(&shop.ring).await.unwrap());
        assert!(!shop.db.finish_job(&leased, &shop.ring, pending).await.unwrap());
        assert_eq!(shop.db.framesets_of(&shop.ring).await.unwrap(), std::slice::from_ref(&set));
        assert!(shop.db.delete_frames(&set).await.unwrap());

        // A new set is a new beginning.
        shop.commit("gold").await;
        let fence = Fence::Job(Box::new(shop.claim().await));
        shop.publish(&fence).await;
    }

    #[tokio::test]
    async fn an_ingest_without_a_job_begins_nothing_once_its_spin_was_taken_down() {
        let shop = Shop::new().await;
        shop.make_configuration().await;
        let began = Fence::Since(shop.db.now_ms());
        shop.publish(&began).await;
        let pending = shop.begin(VersionKind::Full, &began).await.unwrap();
        assert_eq!(shop.take_down().await.unwrap().len(), 1);
        assert!(!shop.db.complete_version(&shop.ring, pending).await.unwrap());
        assert_eq!(shop.begin(VersionKind::Full, &began).await, None);
        // What begins later is what an operator wants.
        assert!(shop.begin(VersionKind::Full, &OPEN).await.is_some());
    }

    #[tokio::test]
    async fn what_is_being_stored_is_taken_down_also_where_there_is_nothing_else() {
        let shop = Shop::new().await;
        shop.make_configuration().await;
        let pending = shop.begin(VersionKind::Full, &OPEN).await.unwrap();
        assert_eq!(shop.take_down().await, Some(Vec::new()));
        assert!(!shop.db.complete_version(&shop.ring, pending).await.unwrap());
        assert_eq!(shop.take_down().await, None, "nothing is left");
    }
}
