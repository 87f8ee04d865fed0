//! What a version was made from, for making its objects again.

use assets_pipeline::digest::Digest;

use crate::domain::{
    audit::{Action, Actor},
    frameset::{FramesetId, JobId},
    job::JobState,
    names::ConfigId,
    object_key::Address,
};

use super::{
    Db, DbError,
    audit::record,
    jobs::{ChangeJobError, requeue, state},
    objects::{AT_ONCE_MS, column},
    parse,
    versions::VersionKind,
};

/// What a version was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFrom {
    /// Early or full.
    pub kind: VersionKind,
    /// Of the raw frames in turn order.
    pub source: Digest,
    /// Of all that shaped the encodes.
    pub settings: Digest,
    /// Frame sets that still have those frames, the one whose job made the version first.
    pub sets: Vec<FramesetId>,
}

impl Db {
    /// What a version was made from; `None` where there is no such version.
    pub async fn made_from(&self, id: &ConfigId, version: i64) -> Result<Option<MadeFrom>, DbError> {
        const ORIGIN: &str = "select kind, source, settings from versions
            where configuration_id = $1 and version = $2 and remove_at_ms is null";
        // Jobs from before their source was noted know the version that they made.
        const SETS: &str = "select s.id from jobs j join framesets s on s.id = j.frameset_id
            where j.configuration_id = $1 and (j.source = $2 or j.source is null and j.version = $3)
            and exists (select 1 from frames f where f.frameset_id = s.id)
            order by case when j.version = $3 then 0 else 1 end, j.changed_at_ms desc, s.id";
        let statement = self.read("versions.origin", ORIGIN).bind(id.as_str()).bind(version);
        let Some((kind, source, settings)) = statement.optional::<(String, String, String)>().await? else {
            return Ok(None);
        };
        let statement = self.read("framesets.of_version", SETS).bind(id.as_str()).bind(&source);
        let sets: Vec<String> = statement.bind(version).scalars().await?;
        Ok(Some(MadeFrom {
            kind: VersionKind::read(kind)?,
            source: parse("digest", &source)?,
            settings: parse("digest", &settings)?,
            sets: sets.iter().map(|id| parse("frame set", id)).collect::<Result<_, _>>()?,
        }))
    }

    /// Other whole versions that were made from the same frames and are not retired, the newest first.
    pub async fn siblings(&self, id: &ConfigId, version: i64) -> Result<Vec<i64>, DbError> {
        const SQL: &str = "select o.version from versions v join versions o
            on o.configuration_id = v.configuration_id and o.source = v.source and o.version <> v.version
            where v.configuration_id = $1 and v.version = $2 and o.kind = 'full' and o.state = 'complete'
            and o.remove_at_ms is null order by o.version desc";
        self.read("versions.siblings", SQL).bind(id.as_str()).bind(version).scalars().await
    }

    /// Gives an object that was written just now a row, if it has none: no version needs it any more then, and it is
    /// deleted. Answers whether it has one; while the object is being deleted it has none that counts.
    pub async fn settle_object(&self, address: Address) -> Result<bool, DbError> {
        const SQL: &str = "insert into objects (namespace, key, remove_at_ms) values ($1, $2, $3)
            on conflict (namespace, key) do update set key = excluded.key where objects.state = 'stored' returning id";
        let statement = self.run("objects.settle", SQL).bind(column(address.namespace));
        let row: Option<i64> =
            statement.bind(address.key.to_string()).bind(AT_ONCE_MS).optional_scalar().await?;
        Ok(row.is_some())
    }

    /// Queues the job of a frame set again, also where it is done: it makes a new version by the settings of today. Answers
    /// the job.
    pub async fn encode_again(&self, set: &FramesetId, actor: &Actor) -> Result<JobId, ChangeJobError> {
        let job = self.job_of(set).await?.ok_or(ChangeJobError::NoSuchJob)?.id;
        let mut tx = self.write("jobs.encode_again").await?;
        match state(&mut tx, &job).await? {
            None => return Err(ChangeJobError::NoSuchJob),
            Some(JobState::Queued) => return Ok(job),
            Some(running @ JobState::Running) => return Err(ChangeJobError::State(running)),
            Some(JobState::Ready | JobState::Failed | JobState::Cancelled) => {}
        }
        requeue(&mut tx, &job, self.now_ms(), None).await?;
        tx.run("jobs.forget_attempts", "update jobs set attempts = 0 where id = $1")
            .bind(job.as_str())
            .execute()
            .await?;
        record(&mut tx, actor, Action::JobRetry, job.as_str(), &serde_json::json!({})).await?;
        tx.commit().await?;
        Ok(job)
    }
}
