//! What a look-up costs in a database of a thousand, a hundred thousand and a million configurations, on both engines, and what it
//! costs to retire one version and to collect what it alone needed. `make bench-db` writes `benches/lookups.md`; a Postgres server is at `DATABASES`.
//!
//! Each figure is the fastest of several rounds, each of many calls, so that other work on the machine counts little. A
//! look-up is a statement on a connection that is open, without the caches in front of it.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark that cannot run may panic"
)]

use std::{
    fmt::Write as _,
    future::Future,
    path::Path,
    time::{Duration, Instant},
};

use assets_pipeline::digest::Digest;
use futures_util::{StreamExt as _, stream};
use girasol::{
    db::{
        Address, Connections, Db, Place,
        versions::{Fence, NewVersion, VersionKind},
    },
    domain::{
        audit::Actor,
        names::ConfigId,
        namespace::Namespace,
        object_key::ObjectKey,
        retention::{Retention, Share},
    },
    library::{collect::collect, identity::adopt},
    store::Store,
};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

const SIZES: [u64; 3] = [1_000, 100_000, 1_000_000];
const ROUNDS: u64 = 7;
/// Calls of a round.
const CALLS: u64 = 2_000;
/// Calls that are under way at a time, each on a connection of its own.
const AT_ONCE: usize = 4;
/// Configurations of a product.
const CHOICES: u64 = 20;

#[path = "../src/db/fill.rs"]
#[allow(dead_code, reason = "the tests of the library fill more tables")]
mod fill;

/// A full database whose planner knows it.
fn statements(last: u64) -> impl Iterator<Item = String> {
    fill::catalogue(last).chain(["analyze".to_owned()])
}

struct Database {
    _folder: tempfile::TempDir,
    store: Store,
    db: Db,
    /// Configurations.
    last: u64,
}

impl Database {
    /// Rows all over the tables, in no order.
    fn row(&self, turn: u64) -> u64 {
        turn * 7_919 % self.last + 1
    }

    fn product(&self, turn: u64) -> u64 {
        (self.row(turn) - 1) / CHOICES + 1
    }

    fn configuration(&self, turn: u64) -> ConfigId {
        let choice = (self.row(turn) - 1) % CHOICES + 1;
        format!("ring.p{}.metal-m{choice}", self.product(turn)).parse().unwrap()
    }
}

async fn sqlite(last: u64) -> Database {
    let folder = tempfile::tempdir().unwrap();
    Db::open(folder.path()).await.unwrap().close().await;
    let mut connection =
        SqliteConnection::connect(&format!("sqlite:{}", folder.path().join("girasol.db").display()))
            .await
            .unwrap();
    for sql in statements(last) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    let store = Store::folder(folder.path()).unwrap();
    Database { store, db: Db::open(folder.path()).await.unwrap(), last, _folder: folder }
}

async fn postgres(databases: &str, last: u64) -> Database {
    let name = format!("lookups{last}");
    let mut server = PgConnection::connect(&format!("{databases}/postgres")).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("drop database if exists {name}")))
        .execute(&mut server)
        .await
        .unwrap();
    sqlx::raw_sql(AssertSqlSafe(format!("create database {name}"))).execute(&mut server).await.unwrap();
    let url = format!("{databases}/{name}");
    let address = Place::Server(Address {
        url: url.clone().into(),
        listen_url: None,
        replica_url: None,
        connections: Connections {
            serving: AT_ONCE as u32,
            jobs: 2,
            reports: 1,
            serve: Duration::from_secs(5),
            statement: Duration::from_mins(10),
            report: Duration::from_mins(10),
        },
    });
    let folder = tempfile::tempdir().unwrap();
    Db::open_at(&address).await.unwrap().close().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for sql in statements(last) {
        sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    }
    sqlx::raw_sql("vacuum analyze").execute(&mut connection).await.unwrap();
    let store = Store::folder(folder.path()).unwrap();
    Database { store, db: Db::open_at(&address).await.unwrap(), last, _folder: folder }
}

/// Microseconds of a call in each database, in its fastest round. Calls wait for each other as little as they do in a busy
/// server, since an idle core takes longer to wake up than a look-up takes. All rounds are over the same rows, so
/// that the fastest one finds them in memory. A round is in all databases before the next one
/// begins, so that other work on the machine meets all of them.
async fn fastest<'a, F: Future>(
    databases: &'a [Database],
    call: impl Fn(&'a Database, u64) -> F,
) -> Vec<f64> {
    let mut fastest = vec![f64::MAX; databases.len()];
    for _ in 0..ROUNDS {
        for (database, fastest) in databases.iter().zip(&mut fastest) {
            let began = Instant::now();
            let calls = stream::iter(0..CALLS);
            let calls = calls.map(|turn| call(database, turn)).buffer_unordered(AT_ONCE);
            assert_eq!(calls.count().await as u64, CALLS);
            *fastest = fastest.min(began.elapsed().as_secs_f64() * 1e6 / CALLS as f64);
        }
    }
    fastest
}

/// What is measured, in microseconds of a call in each database.
async fn measure(databases: &[Database]) -> Vec<(&'static str, Vec<f64>)> {
    let pointer = fastest(databases, async |database, turn| {
        database.db.pointer(&database.configuration(turn)).await.unwrap().unwrap()
    });
    let pointer = pointer.await;
    let product = fastest(databases, async |database, turn| {
        let product = format!("ring.p{}", database.product(turn)).parse().unwrap();
        database.db.load_public_product(&product).await.unwrap().unwrap()
    });
    let product = product.await;
    let needed = fastest(databases, async |database, turn| {
        let key: ObjectKey = format!("p/{:032}.pack", database.row(turn)).parse().unwrap();
        database.db.may_be_needed(key.within(Namespace::Public)).await.unwrap()
    });
    let needed = needed.await;
    let popular = fastest(databases, async |database, _| database.db.most_popular(24).await.unwrap()).await;
    vec![
        ("live version of a configuration", pointer),
        ("a product with its choices and what is live", product),
        ("whether an object is needed", needed),
        ("the 24 most popular", popular),
        ("to retire a version and to collect it", collections(databases).await),
    ]
}

/// Microseconds to retire one version and to delete its object, in each database. The second version of a configuration
/// goes live, which retires the first one.
async fn collections(databases: &[Database]) -> Vec<f64> {
    let rules = Retention { keep: 1, keep_ms: 0, grace_ms: 0 };
    // All configurations are looked at once a week, and so in the first collection: it is none of those that are measured.
    for Database { db, store, .. } in databases {
        adopt(db, store).await.unwrap();
        collect(db, store, rules, Share::ANY).await.unwrap();
    }
    let mut fastest = vec![f64::MAX; databases.len()];
    for turn in 0..ROUNDS {
        for (database, fastest) in databases.iter().zip(&mut fastest) {
            let Database { db, store, .. } = database;
            publish_another(db, &database.configuration(turn * 31 + 5)).await;
            let began = Instant::now();
            let collected = collect(db, store, rules, Share::ANY).await.unwrap();
            *fastest = fastest.min(began.elapsed().as_secs_f64() * 1e6);
            assert_eq!((collected.retired, collected.versions, collected.objects), (1, 1, 1));
        }
    }
    fastest
}

/// Makes a version without objects, and makes it live.
async fn publish_another(db: &Db, id: &ConfigId) {
    let version = db.next_version(id).await.unwrap();
    let digest = Digest::of(format!("{id} {version}").as_bytes());
    let new = NewVersion {
        version,
        kind: VersionKind::Full,
        digest,
        jpeg: digest,
        source: digest,
        settings: digest,
        figures: Vec::new(),
        namespace: Namespace::Public,
    };
    let fence = Fence::Since(i64::MAX);
    assert_eq!(db.begin_version(id, &new, &fence, &[]).await.unwrap(), Some(Vec::new()));
    assert!(db.complete_version(id, version).await.unwrap());
    let live = db.pointer(id).await.unwrap().map(|pointer| pointer.version);
    db.move_pointer(id, live, version, &Actor::command_line()).await.unwrap().unwrap();
}

fn main() {
    // `cargo test --benches` runs it without a word.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut page = String::from(
            "# Look-ups in large databases\n\nMicroseconds of a call, the fastest of 7 rounds of 2,000 calls, four \
             at a time (a collection: of 7, one at a time), and in brackets the ratio to a thousand\nconfigurations. Rounds are over the same 2,000 rows, and take the \
             databases in turn. Postgres has 4 GB for its pages, as a server for a million\nconfigurations has. \
             `make bench-db` wrote this page.\n",
        );
        let databases = std::env::var("DATABASES").ok();
        for engine in ["SQLite", "Postgres"] {
            let mut opened = Vec::new();
            for last in SIZES {
                eprintln!("{engine}, {last} configurations");
                opened.push(match (&databases, engine) {
                    (_, "SQLite") => sqlite(last).await,
                    (Some(databases), _) => postgres(databases, last).await,
                    (None, _) => continue,
                });
            }
            if opened.is_empty() {
                continue;
            }
            write!(page, "\n| {engine} | 1,000 | 100,000 | 1,000,000 |\n|---|---|---|---|\n").unwrap();
            for (what, figures) in measure(&opened).await {
                let cells: Vec<String> =
                    figures.iter().map(|figure| format!("{figure:.0} ({:.2})", figure / figures[0])).collect();
                writeln!(page, "| {what} | {} |", cells.join(" | ")).unwrap();
            }
            for database in opened {
                database.db.close().await;
            }
        }
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/lookups.md"), &page).unwrap();
        println!("{page}");
    });
}
