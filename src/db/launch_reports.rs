//! Reports of launches that are over.

use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use crate::domain::{
    alerts::Launch,
    launch_report::{Answered, Fired, LaunchReport, Times, Visitors, Week, Within},
};

use super::{Db, DbError, engine::Bind};

/// Reports that are kept; those of the earliest launches go first.
pub const MOST_REPORTS: i64 = 100;

/// Name, from, until, figures.
type Row = (String, i64, i64, Json<Figures>);

/// Figures as they are stored. What an earlier version did not know has its default.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Figures {
    manifests: StoredAnswered,
    frames: StoredAnswered,
    times_ms: Option<StoredTimes>,
    during: Seen,
    before: Vec<SeenBefore>,
    fired: u64,
    alerts: Vec<StoredFired>,
}

#[derive(Default, Serialize, Deserialize)]
struct StoredAnswered {
    all: u64,
    failed: u64,
}

/// In milliseconds.
#[derive(Serialize, Deserialize)]
struct StoredTimes {
    p50: f64,
    p95: f64,
    p99: f64,
}

/// What visitors had.
#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct Seen {
    views: u64,
    errors: u64,
    frame: Option<StoredWithin>,
    spin: Option<StoredWithin>,
    switch: Option<StoredWithin>,
}

#[derive(Serialize, Deserialize)]
struct StoredWithin {
    p50_ms: u64,
    p95_ms: u64,
}

#[derive(Serialize, Deserialize)]
struct SeenBefore {
    weeks: u32,
    seen: Seen,
}

#[derive(Serialize, Deserialize)]
struct StoredFired {
    at_ms: i64,
    rule: String,
    subject: String,
}

impl Db {
    /// Reports of launches, the newest launch first.
    pub async fn launch_reports(&self) -> Result<Vec<LaunchReport>, DbError> {
        const SQL: &str = "select name, from_ms, until_ms, figures from launch_reports
            order by until_ms desc, id desc";
        let rows: Vec<Row> = self.read("launch_reports.list", SQL).all().await?;
        Ok(rows.into_iter().map(report).collect())
    }

    /// Whether there is a report of a launch.
    pub async fn has_launch_report(&self, launch: &Launch) -> Result<bool, DbError> {
        const SQL: &str = "select exists (select 1 from launch_reports where name = $1 and from_ms = $2)";
        self.read("launch_reports.has", SQL).bind(&launch.name).bind(launch.from_ms).scalar().await
    }

    /// Keeps a report. Answers whether no process did before.
    pub async fn keep_launch_report(&self, report: &LaunchReport) -> Result<bool, DbError> {
        const INSERT: &str = "insert into launch_reports (name, from_ms, until_ms, made_ms, figures)
            values ($1, $2, $3, $4, $5) on conflict (name, from_ms) do nothing";
        const PRUNE: &str = "delete from launch_reports where id not in
            (select id from launch_reports order by until_ms desc, id desc limit $1)";
        let mut tx = self.write("launch_reports.keep").await?;
        let now = tx.now_ms();
        let statement = tx.run("launch_reports.insert", INSERT).bind(&report.name).bind(report.from_ms);
        let statement = statement.bind(report.until_ms).bind(now).bind(Bind::json(&figures(report)));
        let is_new = statement.execute().await? > 0;
        tx.run("launch_reports.prune", PRUNE).bind(MOST_REPORTS).execute().await?;
        tx.commit().await?;
        Ok(is_new)
    }
}

fn report((name, from_ms, until_ms, Json(figures)): Row) -> LaunchReport {
    let Figures { manifests, frames, times_ms, during, before, fired, alerts } = figures;
    let answered = |StoredAnswered { all, failed }| Answered { all, failed };
    let times = |StoredTimes { p50, p95, p99 }| Times { p50_ms: p50, p95_ms: p95, p99_ms: p99 };
    let week = |SeenBefore { weeks, seen }| Week { weeks, visitors: seen.into() };
    let alert = |StoredFired { at_ms, rule, subject }| Fired { at_ms, rule, subject };
    LaunchReport {
        name,
        from_ms,
        until_ms,
        manifests: answered(manifests),
        frames: answered(frames),
        times: times_ms.map(times),
        during: during.into(),
        before: before.into_iter().map(week).collect(),
        fired,
        alerts: alerts.into_iter().map(alert).collect(),
    }
}

fn figures(report: &LaunchReport) -> Figures {
    let LaunchReport { manifests, frames, times, during, before, fired, alerts, .. } = report.clone();
    let answered = |Answered { all, failed }| StoredAnswered { all, failed };
    let times_ms = |Times { p50_ms, p95_ms, p99_ms }| StoredTimes { p50: p50_ms, p95: p95_ms, p99: p99_ms };
    let week = |Week { weeks, visitors }| SeenBefore { weeks, seen: visitors.into() };
    let alert = |Fired { at_ms, rule, subject }| StoredFired { at_ms, rule, subject };
    Figures {
        manifests: answered(manifests),
        frames: answered(frames),
        times_ms: times.map(times_ms),
        during: during.into(),
        before: before.into_iter().map(week).collect(),
        fired,
        alerts: alerts.into_iter().map(alert).collect(),
    }
}

impl From<Seen> for Visitors {
    fn from(Seen { views, errors, frame, spin, switch }: Seen) -> Self {
        let within = |StoredWithin { p50_ms, p95_ms }| Within { p50_ms, p95_ms };
        let [frame, spin, switch] = [frame, spin, switch].map(|stored| stored.map(within));
        Self { views, errors, frame, spin, switch }
    }
}

impl From<Visitors> for Seen {
    fn from(Visitors { views, errors, frame, spin, switch }: Visitors) -> Self {
        let stored = |Within { p50_ms, p95_ms }| StoredWithin { p50_ms, p95_ms };
        let [frame, spin, switch] = [frame, spin, switch].map(|within| within.map(stored));
        Self { views, errors, frame, spin, switch }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sale(until_ms: i64) -> LaunchReport {
        let within = Some(Within { p50_ms: 20, p95_ms: 90 });
        let visitors = Visitors { views: 7, errors: 1, frame: within, spin: within, switch: None };
        LaunchReport {
            name: "sale".to_owned(),
            from_ms: until_ms - 1_000,
            until_ms,
            manifests: Answered { all: 9, failed: 1 },
            frames: Answered { all: 90, failed: 0 },
            times: Some(Times { p50_ms: 0.5, p95_ms: 1.25, p99_ms: 7.0 }),
            during: visitors,
            before: vec![Week { weeks: 1, visitors }, Week { weeks: 3, visitors: Visitors::default() }],
            fired: 1,
            alerts: vec![Fired { at_ms: 5, rule: "purge-old".to_owned(), subject: "edge <b>".to_owned() }],
        }
    }

    #[tokio::test]
    async fn a_report_is_kept_once_and_read_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        let (sale, earlier) = (sale(9_000), LaunchReport { name: "early".to_owned(), ..sale(5_000) });
        let launch = |report: &LaunchReport| Launch {
            name: report.name.clone(),
            from_ms: report.from_ms,
            until_ms: report.until_ms,
            products: vec![],
            edges: vec![],
        };
        assert!(!db.has_launch_report(&launch(&sale)).await.unwrap());
        assert!(db.keep_launch_report(&sale).await.unwrap());
        assert!(!db.keep_launch_report(&sale).await.unwrap());
        assert!(db.has_launch_report(&launch(&sale)).await.unwrap());
        assert!(db.keep_launch_report(&earlier).await.unwrap());
        assert_eq!(db.launch_reports().await.unwrap(), [sale, earlier]);
    }

    #[tokio::test]
    async fn reports_have_a_bound() {
        let folder = tempfile::tempdir().unwrap();
        let db = Db::open(folder.path()).await.unwrap();
        for until_ms in 0..=MOST_REPORTS {
            db.keep_launch_report(&sale(until_ms)).await.unwrap();
        }
        let kept = db.launch_reports().await.unwrap();
        assert_eq!((kept.len(), kept.last().map(|report| report.until_ms)), (100, Some(1)));
    }
}
