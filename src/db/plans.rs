//! What visitors, artists and workers ask often reads its rows through an index, on both engines and in large tables.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

use crate::domain::{
    audit::Actor,
    frameset::NewFrameset,
    keys::{ID_BYTES, Role},
    names::{ConfigId, ProductId},
    object_key::ObjectKey,
    performance::{
        series::{HOUR_MS, Period, Series, Sum, Tally},
        users::{Group, Looks, UserTally},
    },
    retention::Retention,
};

use super::{
    Db,
    demand::Wanted,
    engine::{Bind, Pools, Statement},
    fill,
    jobs::JobProgress,
    performance::Measured,
    retire::note_change,
    testing,
    users::Users,
    vitals::Seen,
};

/// A statement with its values.
type Asked = (&'static str, &'static str, Vec<Bind>);

tokio::task_local! {
    static ASKED: Mutex<Vec<Asked>>;
}

/// Notes a statement, if this task wants to know.
pub(super) fn note(name: &'static str, sql: &'static str, values: &[Bind]) {
    let _ = ASKED.try_with(|asked| {
        asked.lock().unwrap_or_else(PoisonError::into_inner).push((name, sql, values.to_vec()));
    });
}

/// Configurations; most other tables have a row or a few for each.
const ROWS: u64 = 20_000;

/// The statements that some work asks, by their names.
pub(crate) async fn statements_of<T>(work: impl Future<Output = T>) -> (T, Vec<&'static str>) {
    let asked = async {
        let done = work.await;
        (done, ASKED.with(|asked| std::mem::take(&mut *asked.lock().unwrap())))
    };
    let (done, asked) = ASKED.scope(Mutex::default(), asked).await;
    (done, asked.into_iter().map(|(name, ..)| name).collect())
}

pub(crate) async fn fill(db: &Db, rows: u64) {
    for sql in fill::everything(rows, 2 * ID_BYTES) {
        let sql: &'static str = sql.leak();
        db.run("test.fill", sql).execute().await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
    }
    db.run("test.analyze", "analyze").execute().await.unwrap();
}

/// What the filled database was looked at by.
const RULES: Retention = Retention { keep: 10, keep_ms: 1000, grace_ms: 0 };

/// What is asked for every visitor, upload, or second.
async fn ask(db: &Db) {
    let id: ConfigId = "ring.p500.metal-m7".parse().unwrap();
    let product: ProductId = "ring.p500".parse().unwrap();
    let actor = Actor::command_line();
    // Visitors.
    db.pointer(&id).await.unwrap().unwrap();
    db.namespace(&id).await.unwrap();
    db.is_taken_down(&id).await.unwrap();
    db.ingest_progress(&id).await.unwrap();
    db.product_revision(&product).await.unwrap().unwrap();
    db.load_public_product(&product).await.unwrap().unwrap();
    db.most_popular(24).await.unwrap();
    let key: ObjectKey = format!("p/{:032}.pack", 77).parse().unwrap();
    db.may_be_needed(key.within(crate::domain::namespace::Namespace::Public)).await.unwrap();
    // What servers do by themselves.
    db.last_removal().await.unwrap();
    let wanted = Wanted { product: product.clone(), choices: [].into(), requests: 1 };
    let seen = Seen {
        views: [(id.clone(), 1)].into(),
        demand: [("ring.p500.metal-x".parse().unwrap(), wanted)].into(),
        ..Seen::default()
    };
    db.record(&seen, 30_000, db.now_ms()).await.unwrap();
    db.create_deliveries(&["edge".to_owned()], false).await.unwrap();
    db.claim_purges("edge", 1000).await.unwrap();
    db.claim_objects(0, 10, 1000, "").await.unwrap();
    let mut tx = db.write("test.note").await.unwrap();
    note_change(&mut tx, &id).await.unwrap();
    tx.commit().await.unwrap();
    db.retire_versions(RULES).await.unwrap();
    let tally = (Series { route: "/".to_owned(), class: String::new() }, Tally::default());
    let sample = ("cpu".to_owned(), Sum::of(0.5));
    let measured = Measured { series: [tally].into(), samples: [sample].into() };
    db.add_performance("one", db.now_ms(), measured).await.unwrap();
    let group = Group { product: product.to_string(), ..Group::default() };
    let groups = [(group, UserTally::default())].into();
    let users = Users { groups, looks: [(product.clone(), Looks::default())].into() };
    db.add_users(db.now_ms(), users).await.unwrap();
    db.performance(Period::Minute, db.now_ms() - HOUR_MS, db.now_ms(), None).await.unwrap();
    // Artists.
    let artist = db.create_key(Role::Artist, "", &actor).await.unwrap();
    db.verify_key(&artist).await.unwrap().unwrap();
    db.session_key("a").await.unwrap();
    let set = NewFrameset::of_plain_ring();
    let set = db.open_frameset(&set, artist.id(), 10, &actor).await.unwrap();
    db.frameset(&set).await.unwrap().unwrap();
    db.staged_bytes(artist.id()).await.unwrap();
    db.commit_with_frame(&set).await;
    db.frames(&set).await.unwrap();
    let job = db.job_of(&set).await.unwrap().unwrap();
    db.framesets(20).await.unwrap();
    db.jobs(20).await.unwrap();
    db.job_events(&job.id, 0).await.unwrap();
    // Workers.
    let leased = db.claim_job(1000).await.unwrap().unwrap();
    db.renew_job(&leased, &JobProgress { stage: "a", done: 1, total: 2, left_ms: None }).await.unwrap();
    db.log_job(&leased, "a").await.unwrap();
    db.note_rest(&leased, Some((&id, 1))).await.unwrap();
    db.is_to_give_way(&leased).await.unwrap();
    let leased = db.give_way(&leased).await.unwrap().unwrap();
    db.yield_job(&leased, 0).await.unwrap();
}

/// Statements that delete from a table with a bound of its own, and what the test itself asks.
fn may_scan(name: &str) -> bool {
    name.starts_with("test.") || ["sessions.expire", "demand.prune"].contains(&name)
}

/// Lines of the plan that read a table from one end to the other.
async fn scans(db: &Db, (name, sql, values): Asked) -> Vec<String> {
    let explain = if matches!(db.pools, Pools::Sqlite(_)) { "explain query plan " } else { "explain " };
    let explain: &'static str = format!("{explain}{sql}").leak();
    let statement = values.into_iter().fold(db.run("test.explain", explain), Statement::bind);
    let lines: Vec<String> = if matches!(db.pools, Pools::Sqlite(_)) {
        // `s` is a list of a few rows that were read before.
        let rows: Vec<(i64, i64, i64, String)> = statement.all().await.unwrap();
        let lines = rows.into_iter().map(|(_, _, _, line)| line);
        lines
            .filter(|line| line.starts_with("SCAN ") && !line.contains(" USING ") && line != "SCAN s")
            .collect()
    } else {
        let rows: Vec<(String,)> = statement.all().await.unwrap();
        rows.into_iter().map(|(line,)| line).filter(|line| line.contains("Seq Scan on")).collect()
    };
    // Tables of a few rows are read as they are.
    let small =
        ["ingests", "secrets", "purge_pauses", "identity", "heartbeat", "retirement_rules", "CONSTANT ROW"];
    lines
        .into_iter()
        .filter(|line| !small.iter().any(|table| line.contains(table)))
        .map(|line| format!("{name}: {}", line.trim()))
        .collect()
}

async fn reads_through_indexes(db: Db) {
    fill(&db, ROWS).await;
    let asked = ASKED.scope(Mutex::default(), async {
        ask(&db).await;
        ASKED.with(|asked| std::mem::take(&mut *asked.lock().unwrap()))
    });
    let asked = asked.await;
    assert!(asked.len() > 60, "{}", asked.len());
    let mut found = BTreeSet::new();
    for asked in asked {
        if !may_scan(asked.0) {
            found.extend(scans(&db, asked).await);
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[tokio::test]
async fn what_is_asked_often_reads_through_indexes_in_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let pools = Pools::open_sqlite(&folder.path().join(super::FILE)).await.unwrap();
    reads_through_indexes(Db::over(pools)).await;
}

#[tokio::test]
async fn what_is_asked_often_reads_through_indexes_in_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = testing::server(folder.path()).await else { return };
    reads_through_indexes(Db::over(Pools::open_postgres(&address).await.unwrap())).await;
}
