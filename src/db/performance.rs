//! What servers measured of requests and of themselves, by the minute, and later by the hour.
//!
//! Each figure stands in one row at any time: a transaction adds the minutes of an hour up and deletes them.

use std::collections::BTreeMap;

use crate::domain::performance::series::{
    KEEP_HOURS_MS, KEEP_MINUTES_MS, Period, Sample, Series, Sum, Tally,
};

use super::{
    Db, DbError, bytes,
    engine::{self, Slow, Statement, Tx},
    from_bytes, parse,
};

/// Rows that are read at once.
const PAGE: i64 = 2_000;
/// How old a plan is before the database is asked again.
const EXPLAIN_EVERY_MS: i64 = 3_600_000;
/// Hours are kept of all servers together, under this name.
const ALL: &str = "";

/// What one server has measured.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Measured {
    /// Requests.
    pub series: BTreeMap<Series, Tally>,
    /// Of the server itself, by name.
    pub samples: BTreeMap<String, Sum>,
}

impl Measured {
    /// Whether nothing was measured.
    pub fn is_empty(&self) -> bool {
        self.series.is_empty() && self.samples.is_empty()
    }

    /// Adds what was measured later, or elsewhere.
    pub fn merge(&mut self, other: Self) {
        for (series, tally) in other.series {
            self.series.entry(series).or_default().merge(&tally);
        }
        for (name, sum) in other.samples {
            self.samples.entry(name).or_default().merge(sum);
        }
    }
}

/// What was measured of one series in one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// How long the period is.
    pub period: Period,
    /// When it began, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// The server that measured; empty where servers are added up.
    pub instance: String,
    /// What was requested and delivered.
    pub series: Series,
    /// The figures.
    pub tally: Tally,
}

/// Where a list continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct After {
    at_ms: i64,
    instance: String,
    series: Series,
}

/// How the database runs a statement that was slow.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct StatementPlan {
    /// The statement's name.
    pub name: String,
    /// When the database was asked, in milliseconds since 1970-01-01 UTC.
    pub at_ms: i64,
    /// How long the statement had taken, in milliseconds.
    pub took_ms: f64,
    /// The plan's lines; empty where the database gives none.
    pub plan: String,
}

#[derive(sqlx::FromRow)]
struct Stored {
    at_ms: i64,
    instance: String,
    route: String,
    class: String,
    requests: i64,
    errors: i64,
    bytes: i64,
    hits: i64,
    misses: i64,
    times: String,
}

impl Stored {
    fn row(self, period: Period) -> Result<Row, DbError> {
        let Self { at_ms, instance, route, class, requests, errors, bytes: sent, hits, misses, times } = self;
        let tally = Tally {
            requests: bytes(requests),
            errors: bytes(errors),
            bytes: bytes(sent),
            hits: bytes(hits),
            misses: bytes(misses),
            times: parse("histogram", &times)?,
        };
        Ok(Row { period, at_ms, instance, series: Series { route, class }, tally })
    }
}

/// As the column has it.
const fn minutes(period: Period) -> i64 {
    match period {
        Period::Minute => 1,
        Period::Hour => 60,
    }
}

impl Db {
    /// Adds what a server has measured to a minute's rows.
    pub async fn add_performance(
        &self,
        instance: &str,
        at_ms: i64,
        measured: Measured,
    ) -> Result<(), DbError> {
        let mut tx = self.write("performance.add").await?;
        add(&mut tx, Period::Minute, Period::Minute.begin_ms(at_ms), instance, measured).await?;
        tx.commit().await
    }

    /// Adds the minutes of one hour up that are old enough, and deletes the hours that are too old. Answers whether there
    /// may be another such hour.
    pub async fn thin_performance(&self, now_ms: i64) -> Result<bool, DbError> {
        const OLDEST: &str = "select min(at_ms) from (
            select min(at_ms) as at_ms from performance where minutes = 1
            union all select min(at_ms) from performance_samples where minutes = 1) oldest";
        const OLD: &str = "delete from performance where minutes = 60 and at_ms < $1";
        const OLD_SAMPLES: &str = "delete from performance_samples where minutes = 60 and at_ms < $1";
        let oldest: Option<i64> = self.read("performance.oldest", OLDEST).scalar().await?;
        let until_ms = Period::Hour.begin_ms(now_ms - KEEP_MINUTES_MS);
        let Some(oldest) = oldest.filter(|at_ms| *at_ms < until_ms) else { return Ok(false) };
        let mut tx = self.write("performance.thin").await?;
        let hour_ms = Period::Hour.begin_ms(oldest);
        let mut hour = Measured::default();
        for (_, minute) in take(&mut tx, Period::Minute, hour_ms, hour_ms + Period::Hour.ms(), None).await? {
            hour.merge(minute);
        }
        add(&mut tx, Period::Hour, hour_ms, ALL, hour).await?;
        tx.run("performance.expire", OLD).bind(now_ms - KEEP_HOURS_MS).execute().await?;
        tx.run("performance.expire_samples", OLD_SAMPLES).bind(now_ms - KEEP_HOURS_MS).execute().await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Rows of one kind of period that began from a moment on and before another one, in their order: a page of them,
    /// and where the next one continues.
    pub async fn performance(
        &self,
        period: Period,
        since_ms: i64,
        until_ms: i64,
        after: Option<After>,
    ) -> Result<(Vec<Row>, Option<After>), DbError> {
        page(self.read("performance.list", LIST), period, since_ms, until_ms, after).await
    }

    /// Reads all rows of a time as they are at one moment, without holding more than a page of them.
    pub async fn each_performance(
        &self,
        since_ms: i64,
        until_ms: i64,
        mut each: impl FnMut(Row),
    ) -> Result<(), DbError> {
        let mut tx = self.snapshot("performance.read").await?;
        for period in [Period::Hour, Period::Minute] {
            let mut after = None;
            loop {
                let statement = tx.run("performance.list_within", LIST);
                let (rows, next) = page(statement, period, since_ms, until_ms, after).await?;
                rows.into_iter().for_each(&mut each);
                after = next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// The plans of statements that were slow, by their names.
    pub async fn statement_plans(&self) -> Result<Vec<StatementPlan>, DbError> {
        const SQL: &str = "select name, at_ms, took_ms, plan from performance_plans order by name";
        self.read("performance.plans", SQL).all().await
    }

    /// Asks the database how it runs the statements that this process found slow, each at most once an hour by all
    /// processes together, and keeps the answers.
    pub async fn explain_slow(&self) -> Result<(), DbError> {
        const IS_KNOWN: &str =
            "select exists (select 1 from performance_plans where name = $1 and at_ms > $2)";
        const KEEP: &str =
            "insert into performance_plans (name, at_ms, took_ms, plan) values ($1, $2, $3, $4)
            on conflict (name) do update
            set at_ms = excluded.at_ms, took_ms = excluded.took_ms, plan = excluded.plan";
        for Slow { name, sql, took } in engine::take_slow() {
            let now_ms = self.now_ms();
            let is_known = self.read("performance.has_plan", IS_KNOWN).bind(name);
            if is_known.bind(now_ms - EXPLAIN_EVERY_MS).scalar().await? {
                continue;
            }
            // A statement that cannot be explained is not asked about again before its time.
            let plan = match self.pools.explain(name, sql).await {
                Ok(lines) => lines.join("\n"),
                Err(error) => {
                    tracing::debug!(%error, statement = name, "a slow statement cannot be explained");
                    String::new()
                }
            };
            let statement = self.run("performance.keep_plan", KEEP).bind(name).bind(now_ms);
            statement.bind(took.as_secs_f64() * 1000.0).bind(plan).execute().await?;
        }
        Ok(())
    }

    /// What servers measured of themselves in periods that began from a moment on, in the order of time.
    pub async fn performance_samples(&self, since_ms: i64) -> Result<Vec<Sample>, DbError> {
        const SQL: &str = "select at_ms, instance, name, total, samples from performance_samples
            where (minutes = 1 or minutes = 60) and at_ms >= $1 order by at_ms, instance, name";
        let stored: Vec<StoredSample> = self.read("performance.samples", SQL).bind(since_ms).all().await?;
        Ok(stored.into_iter().map(sample).collect())
    }

    /// The same, without holding more than a page of them, and without the names that a pattern of `like` fits.
    pub async fn each_performance_sample(
        &self,
        since_ms: i64,
        but: &str,
        mut each: impl FnMut(Sample),
    ) -> Result<(), DbError> {
        const SQL: &str = "select at_ms, instance, name, total, samples from performance_samples
            where minutes = $1 and (at_ms, instance, name) > ($2, $3, $4)
            and name not like $5 order by at_ms, instance, name limit $6";
        let mut tx = self.snapshot("performance.read_samples").await?;
        for period in [Period::Hour, Period::Minute] {
            let mut after = (since_ms.saturating_sub(1), String::new(), String::new());
            loop {
                let (at_ms, instance, name) = after;
                let statement = tx.run("performance.list_samples", SQL).bind(minutes(period)).bind(at_ms);
                let page: Vec<StoredSample> =
                    statement.bind(instance).bind(name).bind(but).bind(PAGE).all().await?;
                let is_last = page.len() < PAGE as usize;
                let Some((at_ms, instance, name, ..)) = page.last().cloned() else { break };
                after = (at_ms, instance, name);
                page.into_iter().map(sample).filter(|sample| sample.at_ms >= since_ms).for_each(&mut each);
                if is_last {
                    break;
                }
            }
        }
        Ok(())
    }
}

/// Moment, server, name, total, and how many values.
type StoredSample = (i64, String, String, f64, i64);

fn sample((at_ms, instance, name, total, values): StoredSample) -> Sample {
    Sample { at_ms, instance, name, sum: Sum { total, values: bytes(values) } }
}

const LIST: &str = "select at_ms, instance, route, class, requests, errors, bytes, hits, misses, times
    from performance where minutes = $1 and at_ms >= $2 and at_ms < $3
    and (at_ms, instance, route, class) > ($4, $5, $6, $7)
    order by at_ms, instance, route, class limit $8";

async fn page(
    statement: Statement<'_>,
    period: Period,
    since_ms: i64,
    until_ms: i64,
    after: Option<After>,
) -> Result<(Vec<Row>, Option<After>), DbError> {
    // Before the first row of that time.
    let after = after.unwrap_or_else(|| {
        let series = Series { route: String::new(), class: String::new() };
        After { at_ms: since_ms.saturating_sub(1), instance: String::new(), series }
    });
    let After { at_ms, instance, series: Series { route, class } } = after;
    let statement = statement.bind(minutes(period)).bind(at_ms.max(since_ms)).bind(until_ms);
    let statement = statement.bind(at_ms).bind(instance).bind(route).bind(class).bind(PAGE);
    let stored: Vec<Stored> = statement.all().await?;
    let rows = stored.into_iter().map(|stored| stored.row(period)).collect::<Result<Vec<_>, _>>()?;
    let last = rows.last().filter(|_| rows.len() == PAGE as usize);
    let next = last.map(|Row { at_ms, instance, series, .. }| After {
        at_ms: *at_ms,
        instance: instance.clone(),
        series: series.clone(),
    });
    Ok((rows, next))
}

/// Reads the rows of a time, by their servers, and deletes them.
async fn take(
    tx: &mut Tx,
    period: Period,
    since_ms: i64,
    until_ms: i64,
    instance: Option<&str>,
) -> Result<BTreeMap<String, Measured>, DbError> {
    const ROWS: &str = "delete from performance where minutes = $1 and at_ms >= $2 and at_ms < $3
        and instance = coalesce($4, instance)
        returning at_ms, instance, route, class, requests, errors, bytes, hits, misses, times";
    const SAMPLES: &str = "delete from performance_samples where minutes = $1 and at_ms >= $2 and at_ms < $3
        and instance = coalesce($4, instance) returning instance, name, total, samples";
    let mut taken: BTreeMap<String, Measured> = BTreeMap::new();
    let rows = tx.run("performance.take", ROWS).bind(minutes(period)).bind(since_ms).bind(until_ms);
    for stored in rows.bind(instance).all::<Stored>().await? {
        let Row { instance, series, tally, .. } = stored.row(period)?;
        taken.entry(instance).or_default().series.entry(series).or_default().merge(&tally);
    }
    let samples = tx.run("performance.take_samples", SAMPLES).bind(minutes(period)).bind(since_ms);
    let samples: Vec<(String, String, f64, i64)> = samples.bind(until_ms).bind(instance).all().await?;
    for (instance, name, total, values) in samples {
        let sum = Sum { total, values: bytes(values) };
        taken.entry(instance).or_default().samples.entry(name).or_default().merge(sum);
    }
    Ok(taken)
}

/// Writes what was measured, with what the period's rows have already.
async fn add(
    tx: &mut Tx,
    period: Period,
    at_ms: i64,
    instance: &str,
    measured: Measured,
) -> Result<(), DbError> {
    const ROW: &str = "insert into performance
        (minutes, at_ms, instance, route, class, requests, errors, bytes, hits, misses, times)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
    const SAMPLE: &str = "insert into performance_samples (minutes, at_ms, instance, name, total, samples)
        values ($1, $2, $3, $4, $5, $6)";
    let before = take(tx, period, at_ms, at_ms + 1, Some(instance)).await?.remove(instance);
    let mut whole = before.unwrap_or_default();
    whole.merge(measured);
    for (Series { route, class }, tally) in whole.series {
        let Tally { requests, errors, bytes, hits, misses, times } = tally;
        let statement = tx.run("performance.insert", ROW).bind(minutes(period)).bind(at_ms).bind(instance);
        let statement = statement.bind(route).bind(class).bind(from_bytes(requests)).bind(from_bytes(errors));
        let statement = statement.bind(from_bytes(bytes)).bind(from_bytes(hits)).bind(from_bytes(misses));
        statement.bind(times.to_string()).execute().await?;
    }
    for (name, Sum { total, values }) in whole.samples {
        let statement = tx.run("performance.insert_sample", SAMPLE).bind(minutes(period)).bind(at_ms);
        let statement = statement.bind(instance).bind(name).bind(total);
        statement.bind(from_bytes(values)).execute().await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::performance::series::{FromMemory, HOUR_MS, MINUTE_MS};

    fn series(route: &str) -> Series {
        Series { route: route.to_owned(), class: "avif".to_owned() }
    }

    fn measured(route: &str, millis: &[u64]) -> Measured {
        let mut tally = Tally::default();
        for millis in millis {
            tally.record(false, 10, millis * 1000);
            tally.note_memory(if *millis < 9 { FromMemory::Hit } else { FromMemory::Miss });
        }
        Measured {
            series: [(series(route), tally)].into(),
            samples: [("cpu".to_owned(), Sum::of(millis.len() as f64))].into(),
        }
    }

    async fn all(db: &Db, period: Period) -> Vec<Row> {
        let (mut rows, mut after) = (Vec::new(), None);
        loop {
            let (page, next) = db.performance(period, 0, i64::MAX, after).await.unwrap();
            rows.extend(page);
            after = next;
            if after.is_none() {
                return rows;
            }
        }
    }

    #[tokio::test]
    async fn what_servers_measure_adds_up_by_the_minute_and_by_the_hour() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let add = async |instance, at_ms, millis: &[u64]| {
            db.add_performance(instance, at_ms, measured("/a", millis)).await.unwrap();
        };
        // A server that flushes twice in a minute, and another one.
        add("one", 61_000, &[1, 2]).await;
        add("one", 119_999, &[3]).await;
        add("two", 61_000, &[9]).await;
        add("two", HOUR_MS + MINUTE_MS, &[5]).await;
        let rows = all(&db, Period::Minute).await;
        let seen: Vec<_> =
            rows.iter().map(|row| (row.at_ms, row.instance.as_str(), row.tally.requests)).collect();
        assert_eq!(seen, [(60_000, "one", 3), (60_000, "two", 1), (HOUR_MS + MINUTE_MS, "two", 1)]);

        let now_ms = KEEP_MINUTES_MS + HOUR_MS;
        assert!(!db.thin_performance(now_ms - 1).await.unwrap(), "no hour is old enough");
        assert!(db.thin_performance(now_ms).await.unwrap());
        assert!(!db.thin_performance(now_ms).await.unwrap());
        assert_eq!(all(&db, Period::Minute).await.len(), 1);
        let hours = all(&db, Period::Hour).await;
        let [Row { at_ms: 0, instance, series: of, tally, .. }] = &hours[..] else { panic!("{hours:?}") };
        assert_eq!((instance.as_str(), of), ("", &series("/a")));
        assert_eq!((tally.requests, tally.bytes, tally.times.count()), (4, 40, 4));
        assert_eq!((tally.hits, tally.misses), (3, 1));
        assert_eq!(tally.times, measured("/a", &[1, 2, 3, 9]).series[&series("/a")].times);
        let samples = db.performance_samples(0).await.unwrap();
        let mut each = Vec::new();
        db.each_performance_sample(0, "", |sample| each.push(sample)).await.unwrap();
        assert_eq!(each, samples);
        db.each_performance_sample(0, "c%", |sample| panic!("{sample:?}")).await.unwrap();
        assert_eq!(samples[0].sum, Sum { total: 4.0, values: 3 });
        assert_eq!(samples.len(), 2);

        // Late minutes of an hour that is added up already are added to it, and old hours go.
        add("one", 61_000, &[7]).await;
        assert!(db.thin_performance(now_ms).await.unwrap());
        assert_eq!(all(&db, Period::Hour).await[0].tally.requests, 5);
        assert!(db.thin_performance(2 * KEEP_HOURS_MS).await.unwrap());
        assert_eq!(all(&db, Period::Hour).await, []);
    }

    #[tokio::test]
    async fn a_slow_statement_is_explained_once_an_hour() {
        const SQL: &str = "select route from performance where requests = $1";
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let slow = || Slow { name: "test.slow", sql: SQL, took: std::time::Duration::from_millis(250) };
        engine::note_slow(slow());
        db.explain_slow().await.unwrap();
        let of_test = async || {
            let plans = db.statement_plans().await.unwrap();
            plans.into_iter().find(|plan| plan.name == "test.slow").unwrap()
        };
        let first = of_test().await;
        assert!((first.took_ms - 250.0).abs() < 1e-9);
        let is_plan = first.plan.contains("SCAN performance") || first.plan.contains("Scan on performance");
        assert!(is_plan, "{first:?}");
        engine::note_slow(slow());
        db.explain_slow().await.unwrap();
        assert_eq!(of_test().await, first);
        let old = "update performance_plans set at_ms = 0 where name = 'test.slow'";
        db.run("test.age", old).execute().await.unwrap();
        engine::note_slow(slow());
        db.explain_slow().await.unwrap();
        assert!(of_test().await.at_ms > 0);
    }

    #[tokio::test]
    async fn rows_come_in_pages_and_each_once() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let many = (0..1_500).map(|i| (series(&format!("/{i:04}")), Tally::default()));
        let many = Measured { series: many.collect(), ..Measured::default() };
        for instance in ["one", "two"] {
            db.add_performance(instance, 60_000, many.clone()).await.unwrap();
        }
        let rows = all(&db, Period::Minute).await;
        assert_eq!(rows.len(), 3_000);
        let mut keys: Vec<_> = rows.iter().map(|row| (row.at_ms, &row.instance, &row.series)).collect();
        assert!(keys.is_sorted());
        keys.dedup();
        assert_eq!(keys.len(), 3_000);
        let (none, next) = db.performance(Period::Minute, 60_001, i64::MAX, None).await.unwrap();
        assert_eq!((none, next), (vec![], None));
        assert_eq!(db.performance(Period::Minute, 0, 60_000, None).await.unwrap().0, []);
    }
}
