//! Retiring versions that are neither live nor likely to be.
//!
//! A version comes to be retired when something changes in its configuration, or by its age. Both are noted in
//! `retirements`: a change notes its configuration in its own transaction, and a look at a configuration notes when the next
//! one is due. A collection reads the versions of those configurations and of no others, however many there are. It reads
//! all where the rules have changed since, and once a week: an older program that runs beside this one notes nothing.

use crate::domain::{names::ConfigId, retention::Retention};

use super::{
    Db, DbError,
    engine::Tx,
    objects::{VersionId, mark},
    parse,
};

/// An early version is of no more use once a full one follows; for a while it shows what happened.
const EARLY_KEPT_MS: i64 = 86_400_000;
/// How often all configurations are looked at.
const ALL_EVERY_MS: i64 = 7 * 86_400_000;
/// Configurations whose versions are read at once, where all are.
const PAGE: u32 = 1000;
/// Configurations that are looked at in one transaction, each by itself.
const AT_ONCE: u32 = 100;
/// A thousand years: times that are added up stay numbers.
const FOR_EVER_MS: i64 = 1000 * 365 * 86_400_000;

/// SQL that says of a version that it is not live, and that enough newer ones are there: $1 of them for a full version. What
/// polishing made does not count: it would push an artist's versions out.
macro_rules! is_superseded {
    () => {
        "remove_at_ms is null
         and not exists (select 1 from configurations c
             where c.id = versions.configuration_id and c.live_version = versions.version)
         and (select count(*) from versions newer
             where newer.configuration_id = versions.configuration_id and newer.version > versions.version
             and newer.kind = 'full' and newer.variant_of is null and newer.remove_at_ms is null)
             >= case kind when 'early' then 1 else $1 end"
    };
}

/// SQL for the moment from which a version's age counts.
macro_rules! since_ms {
    () => {
        "case when published_at_ms > created_at_ms then published_at_ms else created_at_ms end"
    };
}

/// The rules at a moment.
#[derive(Debug, Clone, Copy)]
struct Now {
    keep: u32,
    keep_ms: i64,
    keep_early_ms: i64,
    remove_at_ms: i64,
    at_ms: i64,
}

/// Notes that a version of the configuration may have to be retired, in the transaction that is the reason for it.
pub(super) async fn note_change(tx: &mut Tx, id: &ConfigId) -> Result<(), DbError> {
    const SQL: &str = "insert into retirements (configuration_id, look_at_ms) values ($1, 0)
        on conflict (configuration_id) do update set look_at_ms = excluded.look_at_ms";
    tx.run("retirements.note", SQL).bind(id.as_str()).execute().await?;
    Ok(())
}

impl Db {
    /// Retires versions that are neither live nor likely to be: early ones that a full one has followed, and full
    /// ones that are older than the rules say. Returns how many.
    pub async fn retire_versions(&self, rules: Retention) -> Result<u64, DbError> {
        let at_ms = self.now_ms();
        let keep_ms = rules.keep_ms.clamp(0, FOR_EVER_MS);
        let now = Now {
            keep: rules.keep,
            keep_ms,
            keep_early_ms: keep_ms.min(EARLY_KEPT_MS),
            remove_at_ms: at_ms.saturating_add(rules.grace_ms),
            at_ms,
        };
        Ok(self.look_at_all(now).await? + self.look_at_noted(now).await?)
    }

    /// Looks at all configurations, unless that was done by the same rules within a week.
    async fn look_at_all(&self, now: Now) -> Result<u64, DbError> {
        const IS_DONE: &str = "select exists (select 1 from retirement_rules
            where keep = $1 and keep_ms = $2 and looked_at_ms > $3)";
        const NEXT: &str = "select min(id), max(id) from (
            select id from configurations where id > $1 order by id limit $2) s";
        const DONE: &str =
            "insert into retirement_rules (id, keep, keep_ms, looked_at_ms) values (1, $1, $2, $3)
            on conflict (id) do update set keep = excluded.keep, keep_ms = excluded.keep_ms,
            looked_at_ms = excluded.looked_at_ms";
        let statement =
            self.read("retirements.is_all_done", IS_DONE).bind(i64::from(now.keep)).bind(now.keep_ms);
        if statement.bind(now.at_ms - ALL_EVERY_MS).scalar().await? {
            return Ok(0);
        }
        let (mut retired, mut after) = (0, String::new());
        loop {
            let page = self.read("retirements.page", NEXT).bind(&after).bind(PAGE);
            let (Some(first), Some(last)) = page.one::<(Option<String>, Option<String>)>().await? else {
                break;
            };
            let mut tx = self.write("retirements.look_at_page").await?;
            retired += look(&mut tx, now, (&first, &last)).await?;
            tx.commit().await?;
            after = last;
        }
        let statement = self.run("retirements.all_done", DONE).bind(i64::from(now.keep)).bind(now.keep_ms);
        statement.bind(now.at_ms).execute().await?;
        Ok(retired)
    }

    /// Looks at the configurations whose time has come.
    async fn look_at_noted(&self, now: Now) -> Result<u64, DbError> {
        const DUE: &str = "select configuration_id from retirements where look_at_ms <= $1
            order by look_at_ms limit $2";
        let mut retired = 0;
        loop {
            let due: Vec<String> =
                self.read("retirements.due", DUE).bind(now.at_ms).bind(AT_ONCE).scalars().await?;
            if due.is_empty() {
                return Ok(retired);
            }
            let mut tx = self.write("retirements.look_at_due").await?;
            for id in &due {
                retired += look(&mut tx, now, (id, id)).await?;
            }
            tx.commit().await?;
        }
    }
}

/// Retires what is to be retired of the configurations from the first to the last, and notes when the next version of each
/// will be old enough. Returns how many versions are retired.
async fn look(tx: &mut Tx, now: Now, (first, last): (&str, &str)) -> Result<u64, DbError> {
    const RETIRE: &str = concat!(
        "update versions set remove_at_ms = $2 where configuration_id between $3 and $4 and ",
        is_superseded!(),
        " and ",
        since_ms!(),
        " < case kind when 'early' then $5 else $6 end returning configuration_id, version"
    );
    const FORGET: &str = "delete from retirements where configuration_id between $1 and $2";
    const NOTE: &str = concat!(
        "insert into retirements (configuration_id, look_at_ms)
         select configuration_id, min(",
        since_ms!(),
        " + case kind when 'early' then $2 else $3 end) + 1 from versions
         where configuration_id between $4 and $5 and ",
        is_superseded!(),
        " group by configuration_id"
    );
    let Now { keep, keep_ms, keep_early_ms, remove_at_ms, at_ms } = now;
    let statement = tx.run("versions.retire_old", RETIRE).bind(i64::from(keep)).bind(remove_at_ms);
    let statement = statement.bind(first).bind(last).bind(at_ms - keep_early_ms).bind(at_ms - keep_ms);
    let retired: Vec<(String, i64)> = statement.all().await?;
    for (id, version) in &retired {
        mark(tx, VersionId(&parse("configuration", id)?, *version), remove_at_ms).await?;
    }
    tx.run("retirements.forget", FORGET).bind(first).bind(last).execute().await?;
    let statement = tx.run("retirements.note_next", NOTE).bind(i64::from(keep)).bind(keep_early_ms);
    statement.bind(keep_ms).bind(first).bind(last).execute().await?;
    Ok(retired.len() as u64)
}

#[cfg(test)]
mod tests;
