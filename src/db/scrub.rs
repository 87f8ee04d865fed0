//! The slow reading of every object: which objects are next, and what was found.
//!
//! One process reads at a time, under a lease, and any other goes on where it stopped. Objects are read in the order of their
//! numbers; one that is added during a pass has a number at its end.

use std::collections::BTreeMap;

use crate::domain::{keys::hex, object_key::Address};

use super::{
    Db, DbError,
    objects::{address, column},
    random,
};

/// Objects that this process is to read, until the lease runs out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScrubBatch {
    /// The objects, with their numbers.
    pub objects: Vec<(i64, Address)>,
    /// Some that were faulty when they were read last, an hour ago or longer.
    pub again: Vec<(i64, Address)>,
    lease: String,
}

/// What is wrong with an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum ObjectFault {
    /// It is not in the store.
    Missing,
    /// Its bytes are not those that it is named after.
    Damaged,
}

/// How far the reading is, and what it has found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScrubFigures {
    /// When the last pass ended, in milliseconds since 1970-01-01 UTC; `None` before the first has.
    pub ended_at_ms: Option<i64>,
    /// Objects that were missing or damaged when they were read last.
    pub faults: BTreeMap<&'static str, i64>,
}

/// When an object is read again that was faulty.
const AGAIN_MS: i64 = 60 * 60 * 1000;
/// Objects that are read again at once.
const AGAIN_AT_ONCE: i64 = 100;

#[derive(sqlx::FromRow)]
struct NextRow {
    id: i64,
    namespace: String,
    key: String,
}

impl Db {
    /// Claims the next objects for `lease_ms`, at most so many of those that a version needs. `None` while another process
    /// reads. Without any left the pass has ended, and the batch is empty.
    pub async fn claim_scrub(&self, limit: u32, lease_ms: i64) -> Result<Option<ScrubBatch>, DbError> {
        const LEASE: &str = "update scrub set lease = $1, lease_until_ms = $2,
            began_at_ms = case when began_at_ms = 0 then $3 else began_at_ms end
            where id = 1 and (lease is null or lease_until_ms < $3) returning last_object";
        const NEXT: &str = "select id, namespace, key from objects
            where id > $1 and state = 'stored' and remove_at_ms is null order by id limit $2";
        const FAULTY: &str = "select o.id, o.namespace, o.key from object_faults f join objects o on o.id = f.object_id
            where f.seen_at_ms <= $1 and o.state = 'stored' and o.remove_at_ms is null order by f.seen_at_ms limit $2";
        const AGAIN: &str = "update scrub set last_object = 0, ended_at_ms = $1, began_at_ms = $1,
            lease = null, lease_until_ms = null where id = 1";
        let lease = hex(&random::<16>()?);
        let mut tx = self.write("scrub.claim").await?;
        let now = tx.now_ms();
        let statement = tx.run("scrub.lease", LEASE).bind(&lease).bind(now + lease_ms).bind(now);
        let Some(last) = statement.optional_scalar::<i64>().await? else { return Ok(None) };
        let rows: Vec<NextRow> = tx.run("scrub.next", NEXT).bind(last).bind(limit).all().await?;
        if rows.is_empty() {
            tx.run("scrub.begin_again", AGAIN).bind(now).execute().await?;
        }
        let faulty: Vec<NextRow> =
            tx.run("scrub.faulty", FAULTY).bind(now - AGAIN_MS).bind(AGAIN_AT_ONCE).all().await?;
        tx.commit().await?;
        let named = |row: NextRow| Ok((row.id, address(&row.namespace, &row.key)?));
        let objects = rows.into_iter().map(named).collect::<Result<Vec<_>, DbError>>()?;
        let again = faulty.into_iter().map(named).collect::<Result<Vec<_>, DbError>>()?;
        let again = again.into_iter().filter(|one| !objects.contains(one)).collect();
        Ok(Some(ScrubBatch { objects, again, lease }))
    }

    /// Notes what was found of the objects of a batch, by their numbers: a fault, or none. Those that no version needs any
    /// more have no faults. Nothing is noted once another process has the lease.
    pub async fn finish_scrub(
        &self,
        batch: &ScrubBatch,
        found: &[(i64, Option<ObjectFault>)],
    ) -> Result<bool, DbError> {
        const MOVE: &str = "update scrub set last_object = $1, lease = null, lease_until_ms = null
            where id = 1 and lease = $2";
        const SOUND: &str = "delete from object_faults where object_id = $1";
        const FAULTY: &str = "insert into object_faults (object_id, fault, seen_at_ms)
            select id, $2, $3 from objects where id = $1 and state = 'stored' and remove_at_ms is null
            on conflict (object_id) do update set fault = excluded.fault, seen_at_ms = excluded.seen_at_ms";
        let mut tx = self.write("scrub.finish").await?;
        let now = tx.now_ms();
        // A pass that has ended has begun anew already, and has no lease any more.
        if let Some(last) = batch.objects.last().map(|(id, _)| *id)
            && tx.run("scrub.move", MOVE).bind(last).bind(&batch.lease).execute().await? == 0
        {
            return Ok(false);
        }
        for (id, fault) in found {
            match fault {
                None => tx.run("scrub.note_sound", SOUND).bind(*id).execute().await?,
                Some(fault) => {
                    let word: &str = (*fault).into();
                    tx.run("scrub.note_faulty", FAULTY).bind(*id).bind(word).bind(now).execute().await?
                }
            };
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Gives a batch back that could not be read. Another process may read it at once.
    pub async fn give_scrub_back(&self, batch: &ScrubBatch) -> Result<(), DbError> {
        const SQL: &str = "update scrub set lease = null, lease_until_ms = null where id = 1 and lease = $1";
        self.run("scrub.give_back", SQL).bind(&batch.lease).execute().await.map(drop)
    }

    /// Objects that versions need and that were missing or damaged when they were read last.
    pub async fn known_faults(&self) -> Result<Vec<Address>, DbError> {
        const SQL: &str =
            "select o.id, o.namespace, o.key from object_faults f join objects o on o.id = f.object_id";
        let rows: Vec<NextRow> = self.read("scrub.known_faults", SQL).all().await?;
        rows.iter().map(|row| address(&row.namespace, &row.key)).collect()
    }

    /// Notes that an object is as it should be.
    pub async fn note_sound(&self, object: Address) -> Result<(), DbError> {
        const SQL: &str = "delete from object_faults where object_id in
            (select id from objects where namespace = $1 and key = $2)";
        let statement = self.run("scrub.note_sound_by_name", SQL).bind(column(object.namespace));
        statement.bind(object.key.to_string()).execute().await.map(drop)
    }

    /// How many objects a pass reads.
    pub async fn count_scrubbed(&self) -> Result<u64, DbError> {
        const SQL: &str = "select count(*) from objects where state = 'stored' and remove_at_ms is null";
        Ok(self.read("scrub.count", SQL).scalar::<i64>().await?.unsigned_abs())
    }

    /// How far the reading is, and what it has found of objects that versions need.
    pub async fn scrub_figures(&self) -> Result<ScrubFigures, DbError> {
        const ENDED: &str = "select ended_at_ms from scrub where id = 1";
        const FAULTS: &str =
            "select f.fault, count(*) from object_faults f join objects o on o.id = f.object_id
            where o.state = 'stored' and o.remove_at_ms is null group by f.fault";
        let ended_at_ms = self.read("scrub.ended", ENDED).optional_scalar::<Option<i64>>().await?.flatten();
        let rows: Vec<(String, i64)> = self.read("scrub.faults", FAULTS).all().await?;
        let named = |(word, count): (String, i64)| {
            let fault: ObjectFault = super::parse("fault", &word)?;
            Ok((fault.into(), count))
        };
        Ok(ScrubFigures { ended_at_ms, faults: rows.into_iter().map(named).collect::<Result<_, DbError>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn with_objects(folder: &tempfile::TempDir) -> Db {
        let db = Db::open(folder.path()).await.unwrap();
        for n in 1..=5 {
            let sql: &'static str =
                format!("insert into objects (id, namespace, key) values ({n}, '', 'p/{n:032}.pack')").leak();
            db.run("test.object", sql).execute().await.unwrap();
        }
        db
    }

    const LONG: i64 = 60_000;

    #[tokio::test]
    async fn every_object_comes_once_in_a_pass_and_the_next_begins_anew() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_objects(&folder).await;
        let mut seen = Vec::new();
        for _ in 0..4 {
            let batch = db.claim_scrub(2, LONG).await.unwrap().unwrap();
            assert!(db.finish_scrub(&batch, &[]).await.unwrap());
            seen.push(batch.objects.iter().map(|(id, _)| *id).collect::<Vec<_>>());
        }
        assert_eq!(seen, [vec![1, 2], vec![3, 4], vec![5], Vec::new()]);
        assert!(db.scrub_figures().await.unwrap().ended_at_ms.is_some());
        let again = db.claim_scrub(2, LONG).await.unwrap().unwrap();
        assert_eq!(again.objects.first().map(|(id, _)| *id), Some(1));
        assert_eq!(db.count_scrubbed().await.unwrap(), 5);
    }

    #[tokio::test]
    async fn one_process_reads_at_a_time_and_another_goes_on_when_its_lease_is_over() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_objects(&folder).await;
        let slow = db.claim_scrub(2, -60_000).await.unwrap().unwrap();
        let next = db.claim_scrub(2, LONG).await.unwrap().unwrap();
        assert_eq!(slow.objects, next.objects, "the first has noted nothing");
        assert_eq!(db.claim_scrub(2, LONG).await.unwrap(), None);
        assert!(!db.finish_scrub(&slow, &[]).await.unwrap());
        db.give_scrub_back(&next).await.unwrap();
        let next = db.claim_scrub(9, LONG).await.unwrap().unwrap();
        assert_eq!(next.objects.len(), 5);
    }

    #[tokio::test]
    async fn a_fault_is_known_until_the_object_is_sound_or_not_needed() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_objects(&folder).await;
        let batch = db.claim_scrub(9, LONG).await.unwrap().unwrap();
        let found = [
            (1, Some(ObjectFault::Missing)),
            (2, Some(ObjectFault::Damaged)),
            (3, Some(ObjectFault::Damaged)),
        ];
        assert!(db.finish_scrub(&batch, &found).await.unwrap());
        let faults = async || db.scrub_figures().await.unwrap().faults;
        assert_eq!(faults().await, BTreeMap::from([("missing", 1), ("damaged", 2)]));
        db.run("test.retire", "update objects set remove_at_ms = 5 where id = 3").execute().await.unwrap();
        assert_eq!(faults().await, BTreeMap::from([("missing", 1), ("damaged", 1)]));
        assert_eq!(db.claim_scrub(9, LONG).await.unwrap().unwrap().objects, []);
        let batch = db.claim_scrub(1, LONG).await.unwrap().unwrap();
        assert!(db.finish_scrub(&batch, &[(1, None)]).await.unwrap());
        assert_eq!(faults().await, BTreeMap::from([("damaged", 1)]));
    }

    #[tokio::test]
    async fn what_was_faulty_is_read_again_after_an_hour_wherever_the_pass_is() {
        let folder = tempfile::tempdir().unwrap();
        let db = with_objects(&folder).await;
        let fault = Some(ObjectFault::Damaged);
        let batch = db.claim_scrub(2, LONG).await.unwrap().unwrap();
        assert!(db.finish_scrub(&batch, &[(1, fault), (2, fault)]).await.unwrap());
        let batch = db.claim_scrub(2, LONG).await.unwrap().unwrap();
        assert_eq!(batch.again, []);
        db.give_scrub_back(&batch).await.unwrap();
        let an_hour_ago = "update object_faults set seen_at_ms = seen_at_ms - 3600000";
        db.run("test.later", an_hour_ago).execute().await.unwrap();
        let batch = db.claim_scrub(2, LONG).await.unwrap().unwrap();
        let numbers = |objects: &[(i64, Address)]| objects.iter().map(|(id, _)| *id).collect::<Vec<_>>();
        assert_eq!((numbers(&batch.objects), numbers(&batch.again)), (vec![3, 4], vec![1, 2]));
        assert!(db.finish_scrub(&batch, &[(1, None), (2, fault), (3, None), (4, None)]).await.unwrap());
        let known = db.known_faults().await.unwrap();
        assert_eq!(known, [batch.again[1].1]);
        assert_eq!(numbers(&db.claim_scrub(2, LONG).await.unwrap().unwrap().objects), [5]);
        db.note_sound(known[0]).await.unwrap();
        assert_eq!(db.known_faults().await.unwrap(), []);
    }
}
