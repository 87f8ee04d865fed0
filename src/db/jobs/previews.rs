//! Previews of new sets go before standard and hd of others.
//!
//! A job whose preview is made says so: from then on, standard and hd are all that is left of it. It is claimed after the jobs
//! of its priority that have no preview, and while it runs it gives its worker up for one of those for which no worker is free.
//! What it has encoded is found again when it is continued. After [`GIVES_WAY_MS`] it takes its turn like every job and is not
//! interrupted, so that its visitors wait for hd no longer than that because of others.

use serde_json::json;

use crate::{
    db::{Db, DbError},
    domain::{
        job::{GIVES_WAY_MS, PREVIEW_WAIT_MS},
        names::ConfigId,
    },
};

use super::{
    add_event,
    lease::{Leased, claim, holds_lease, uncount},
};

impl Db {
    /// Notes that standard and hd are all that is left of the job, and which early version it has made. Returns whether the
    /// worker still has the lease.
    pub async fn note_rest(
        &self,
        leased: &Leased,
        preview: Option<(&ConfigId, i64)>,
    ) -> Result<bool, DbError> {
        const SINCE: &str = "update jobs set rest_since_ms = coalesce(rest_since_ms, $1) where id = $2";
        const PREVIEW: &str =
            "update jobs set configuration_id = $1, preview_version = $2, changed_at_ms = $3,
            source = (select source from versions where configuration_id = $1 and version = $2)
            where id = $4 and preview_version is distinct from $2";
        let mut tx = self.write("jobs.note_rest").await?;
        if !holds_lease(&mut tx, leased).await? {
            return Ok(false);
        }
        let (job, now) = (&leased.job.id, tx.now_ms());
        tx.run("jobs.set_rest", SINCE).bind(now).bind(job.as_str()).execute().await?;
        if let Some((configuration, version)) = preview {
            let statement = tx.run("jobs.set_preview", PREVIEW).bind(configuration.as_str()).bind(version);
            let is_news = statement.bind(now).bind(job.as_str()).execute().await? == 1;
            if is_news {
                let data = json!({ "configuration": configuration, "version": version });
                add_event(&mut tx, job, "preview", &data).await?;
            }
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Whether the job is to give its worker up: standard and hd are all that is left of it, and more jobs without a preview
    /// wait, for which no worker was free, than others can give way that have their preview since a shorter time.
    pub async fn is_to_give_way(&self, leased: &Leased) -> Result<bool, DbError> {
        const PLACE: &str = "select own.priority, (select count(*) from jobs other
                where other.state = 'running' and other.lease_until_ms >= $1 and other.rest_since_ms > $2
                and (other.priority < own.priority or (other.priority = own.priority
                     and (other.rest_since_ms > own.rest_since_ms
                          or (other.rest_since_ms = own.rest_since_ms and other.id > own.id)))))
            from jobs own where own.id = $3 and own.lease = $4 and own.state = 'running' and own.rest_since_ms > $2";
        const WAITING: &str = "select count(*) from (select 1 from jobs where state = 'queued'
            and rest_since_ms is null and priority >= $1 and run_at_ms <= $2 limit $3) s";
        let now = self.now_ms();
        let statement = self.read("jobs.place_to_give_way", PLACE).bind(now).bind(now - GIVES_WAY_MS);
        let statement = statement.bind(leased.job.id.as_str()).bind(&leased.lease);
        let Some((priority, before)) = statement.optional::<(i64, i64)>().await? else { return Ok(false) };
        let statement = self.read("jobs.waiting_previews", WAITING).bind(priority);
        let waiting: i64 = statement.bind(now - PREVIEW_WAIT_MS).bind(before + 1).scalar().await?;
        Ok(waiting > before)
    }

    /// Returns a job to the queue that gives way, and claims the job whose turn it is, in one transaction: what waited is not
    /// counted by another job in between. The attempt does not count, and the job keeps its place among those of its kind.
    pub async fn give_way(&self, leased: &Leased) -> Result<Option<Leased>, DbError> {
        const REQUEUE: &str = "update jobs set state = 'queued', lease = null, left_ms = null,
            lease_until_ms = null, changed_at_ms = $1 where id = $2";
        let mut tx = self.write("jobs.give_way").await?;
        if !holds_lease(&mut tx, leased).await? {
            return Ok(None);
        }
        uncount(&mut tx, leased).await?;
        let now = tx.now_ms();
        tx.run("jobs.set_waiting", REQUEUE).bind(now).bind(leased.job.id.as_str()).execute().await?;
        add_event(&mut tx, &leased.job.id, "queued", &json!({ "waitMs": 0, "waitsFor": "previews" })).await?;
        let next = claim(&mut tx, leased.lease_ms).await?;
        tx.commit().await?;
        Ok(next)
    }
}
