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
const ROUNDS: u32 = 7;
const CALLS: u32 = 200;
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
    Database { store, db: Db::open(folder.path()).await.unwrap(), _folder: folder }
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
            serving: 2,
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
    Database { store, db: Db::open_at(&address).await.unwrap(), _folder: folder }
}

/// Microseconds of a call, in the fastest round.
async fn fastest<F: Future>(mut call: impl FnMut(u64) -> F) -> f64 {
    let mut fastest = f64::MAX;
    for round in 0..ROUNDS {
        let began = Instant::now();
        for turn in 0..CALLS {
            call(u64::from(round * CALLS + turn)).await;
        }
        fastest = fastest.min(began.elapsed().as_secs_f64() * 1e6 / f64::from(CALLS));
    }
    fastest
}

/// What is measured, in microseconds of a call.
async fn measure(Database { store, db, .. }: &Database, last: u64) -> Vec<(&'static str, f64)> {
    // All over the tables, in no order.
    let row = |turn: u64| turn * 7_919 % last + 1;
    let configuration = |turn| -> ConfigId {
        let (product, choice) = ((row(turn) - 1) / CHOICES + 1, (row(turn) - 1) % CHOICES + 1);
        format!("ring.p{product}.metal-m{choice}").parse().unwrap()
    };
    let mut figures = Vec::new();
    let pointer = fastest(|turn| {
        let id = configuration(turn);
        async move { db.pointer(&id).await.unwrap().unwrap() }
    });
    figures.push(("live version of a configuration", pointer.await));
    let product = fastest(|turn| {
        let product = format!("ring.p{}", (row(turn) - 1) / CHOICES + 1).parse().unwrap();
        async move { db.load_public_product(&product).await.unwrap().unwrap() }
    });
    figures.push(("a product with its choices and what is live", product.await));
    let needed = fastest(|turn| {
        let key: ObjectKey = format!("p/{:032}.pack", row(turn)).parse().unwrap();
        async move { db.may_be_needed(key.within(Namespace::Public)).await.unwrap() }
    });
    figures.push(("whether an object is needed", needed.await));
    figures.push(("the 24 most popular", fastest(|_| async { db.most_popular(24).await.unwrap() }).await));

    adopt(db, store).await.unwrap();
    // The second version of a configuration goes live, which retires the first one and deletes its object. All
    // configurations are looked at once a week, and so in the first collection: it is none of those that are measured.
    let rules = Retention { keep: 1, keep_ms: 0, grace_ms: 0 };
    collect(db, store, rules, Share::ANY).await.unwrap();
    let mut least = f64::MAX;
    for turn in 0..ROUNDS {
        let id = configuration(u64::from(turn) * 31 + 5);
        publish_another(db, &id).await;
        let began = Instant::now();
        let collected = collect(db, store, rules, Share::ANY).await.unwrap();
        least = least.min(began.elapsed().as_secs_f64() * 1e6);
        assert_eq!((collected.retired, collected.versions, collected.objects), (1, 1, 1));
    }
    figures.push(("to retire a version and to collect it", least));
    figures
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
            "# Look-ups in large databases\n\nMicroseconds of a call, the fastest of 7 rounds of 200 calls (a \
             collection: of 7), and in brackets the ratio to a thousand\nconfigurations. `make bench-db` wrote \
             this page.\n",
        );
        let databases = std::env::var("DATABASES").ok();
        for engine in ["SQLite", "Postgres"] {
            let mut tables = Vec::new();
            for last in SIZES {
                let database = match (&databases, engine) {
                    (_, "SQLite") => sqlite(last).await,
                    (Some(databases), _) => postgres(databases, last).await,
                    (None, _) => continue,
                };
                eprintln!("{engine}, {last} configurations");
            tables.push(measure(&database, last).await);
                database.db.close().await;
            }
            let Some(first) = tables.first() else { continue };
            write!(page, "\n| {engine} | 1,000 | 100,000 | 1,000,000 |\n|---|---|---|---|\n").unwrap();
            for (at, (what, base)) in first.iter().enumerate() {
                let cells: Vec<String> =
                    tables.iter().map(|table| format!("{:.0} ({:.2})", table[at].1, table[at].1 / base)).collect();
                writeln!(page, "| {what} | {} |", cells.join(" | ")).unwrap();
            }
        }
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/lookups.md"), &page).unwrap();
        println!("{page}");
    });
}
