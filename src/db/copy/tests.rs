//! A copy is what its source was, also after it was killed, and only one of the two is in use.

use std::{
    collections::BTreeSet,
    path::Path,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use futures_util::future::{AbortHandle, Abortable};
use tokio::sync::OnceCell;

use super::*;
use crate::db::{Db, testing};

/// Every table with its rows' digest.
type Digests = Vec<(String, u64, blake3::Hash)>;

fn quiet(_: Progress) {}

fn folder(data: &tempfile::TempDir) -> Place {
    Place::Folder(data.path().to_owned())
}

/// A data folder whose database has rows in every table.
async fn full() -> tempfile::TempDir {
    static FILE_OF_ALL: OnceCell<Vec<u8>> = OnceCell::const_new();
    let data = tempfile::tempdir().unwrap();
    let make = async || {
        let mut side = Side::open(&folder(&data)).await.unwrap();
        side.migrate().await.unwrap();
        side.execute(include_str!("fixture.sql")).await.unwrap();
        side.close().await.unwrap();
        fs::read(data.path().join(FILE)).unwrap()
    };
    let file = FILE_OF_ALL.get_or_init(make).await;
    fs::write(data.path().join(FILE), file).unwrap();
    data
}

/// A database of a server for the copy of a data folder, and another one; none on a laptop without a server.
async fn server(data: &Path) -> Option<Place> {
    testing::server(&data.join("copy")).await.map(Place::Server)
}

async fn digests(place: &Place) -> Digests {
    static SERVER: OnceCell<Vec<Table>> = OnceCell::const_new();
    let mut side = Side::open(place).await.unwrap();
    let tables = catalog::tables(&mut side).await.unwrap();
    // A column of JSON is text in SQLite: what Postgres says of it counts for both.
    let kinds = catalog::common(tables, SERVER.get_or_init(server_tables).await).unwrap();
    let mut watch = Watch { report: &quiet, stage: "", done: 0, total: 0 };
    let mut digests = Digests::new();
    for table in &kinds {
        let (rows, digest) = transfer::digest(&mut side, table, &mut watch).await.unwrap();
        digests.push((table.name.clone(), rows, digest));
    }
    side.close().await.unwrap();
    digests
}

/// The tables of an empty database of a server, or of a file where there is no server.
async fn server_tables() -> Vec<Table> {
    let data = tempfile::tempdir().unwrap();
    let place = server(data.path()).await.unwrap_or_else(|| folder(&data));
    let mut side = Side::open(&place).await.unwrap();
    side.migrate().await.unwrap();
    let tables = catalog::tables(&mut side).await.unwrap();
    side.close().await.unwrap();
    tables
}

async fn execute(place: &Place, sql: &str) {
    let mut side = Side::open(place).await.unwrap();
    side.execute(sql).await.unwrap();
    side.close().await.unwrap();
}

async fn number(place: &Place, sql: &str) -> i64 {
    let mut side = Side::open(place).await.unwrap();
    let number = side.number(sql.to_owned()).await.unwrap();
    side.close().await.unwrap();
    number
}

/// Runs a copy, and ends it when its progress is this, as a signal would.
async fn kill_when(is_time: impl Fn(Progress) -> bool + Sync, from: &Place, to: &Place) {
    let (handle, aborted) = AbortHandle::new_pair();
    let report = move |progress| {
        if is_time(progress) {
            handle.abort();
        }
    };
    let copied = Abortable::new(copy(from, to, Source::Sealed, &report), aborted).await;
    assert!(copied.is_err(), "it came to its end before");
}

/// The same after so many reports.
async fn kill_after(reports: usize, from: &Place, to: &Place) {
    let left = AtomicUsize::new(reports);
    kill_when(|_| left.fetch_sub(1, Ordering::Relaxed) == 1, from, to).await;
}

#[tokio::test]
async fn what_a_new_database_has_rows_in_is_its_own_and_the_fixture_has_rows_in_all_other_tables() {
    let data = tempfile::tempdir().unwrap();
    let mut side = Side::open(&folder(&data)).await.unwrap();
    side.migrate().await.unwrap();
    let names = side
        .rows(
            "select name from sqlite_schema where type = 'table' and name not like 'sqlite%'".to_owned(),
            &[],
            &[value::Kind::Text],
        )
        .await
        .unwrap();
    let mut own = BTreeSet::from(["copy_progress".to_owned()]);
    for name in names.into_iter().flatten() {
        let value::Value::Text(name) = name else { panic!("{name:?}") };
        if side.number(format!("select count(*) from \"{name}\"")).await.unwrap() > 0 {
            own.insert(name);
        }
    }
    assert_eq!(own, catalog::OWN.map(str::to_owned).into());
    side.close().await.unwrap();

    let full = full().await;
    for (table, rows, _) in digests(&folder(&full)).await {
        assert!(rows > 0, "fixture.sql has no row of {table}");
    }
}

#[tokio::test]
async fn a_copy_to_a_server_and_back_has_every_row_as_it_was() {
    let (source, back) = (full().await, tempfile::tempdir().unwrap());
    let (source, back) = (folder(&source), (folder(&back), back));
    let Some(there) = server(back.1.path()).await else { return };
    let before = digests(&source).await;
    for (given, (from, to)) in [(0, (&source, &there)), (1, (&there, &back.0))] {
        let copied = copy(from, to, Source::Open, &quiet).await.unwrap();
        assert_eq!(
            (copied.began, copied.identity.as_str()),
            (Began::Empty, "0123456789abcdef0123456789abcdef")
        );
        assert!(copied.tables.iter().all(|table| table.is_equal));
        assert_eq!(digests(to).await, before);
        assert_eq!(digests(from).await, before);
        // The next number is larger than any that was given out, also to rows that are gone: those that this test has given.
        for (table, highest) in [("audit", 310), ("job_events", 501), ("removals", 2), ("purges", 3)] {
            let next = highest + given + 1;
            let (columns, values) = match table {
                "audit" => ("at_ms, actor, action, subject, detail", "0, '', '', '', '{}'"),
                "job_events" => ("job_id, at_ms, kind, data", "'j1', 0, '', '{}'"),
                "removals" => ("at_ms", "0"),
                _ => ("subject, what, again, at_ms", "'', '{}', false, 0"),
            };
            let insert = format!("insert into {table} ({columns}) values ({values}) returning id");
            assert_eq!(number(to, &insert).await, next, "{table}");
            execute(to, &format!("delete from {table} where id = {next}")).await;
        }
        assert!(number(to, "insert into objects (namespace, key) values ('', 'x') returning id").await > 9);
        execute(to, "delete from objects where key = 'x'").await;
    }
}

#[tokio::test]
async fn a_copy_that_is_killed_anywhere_goes_on_there_and_no_program_runs_on_half_of_it() {
    for reports in [1, 2, 5, 9, 20, 33] {
        let data = full().await;
        let (source, nowhere) = (folder(&data), tempfile::tempdir().unwrap());
        let to = server(nowhere.path()).await.unwrap_or_else(|| folder(&nowhere));
        kill_after(reports, &source, &to).await;
        let refused = Db::find(&to).await.unwrap_err();
        assert!(matches!(refused, DbError::Unfinished { .. }), "{refused}");
        let refused = Db::open_at(&to).await.unwrap_err();
        assert!(matches!(refused, DbError::Unfinished { .. }), "{refused}");
        kill_after(reports, &source, &to).await;
        let before = digests(&source).await;
        let copied = copy(&source, &to, Source::Sealed, &quiet).await.unwrap();
        assert_eq!(copied.began, Began::Resumed, "after {reports}");
        assert_eq!(Db::find(&to).await.unwrap(), Found::Database);
        assert_eq!(digests(&to).await, before);
    }
}

#[tokio::test]
async fn a_source_that_changes_between_two_runs_is_copied_anew() {
    for change in [
        "delete from audit where id = 1",
        "update configurations set live_version = 1 where id = 'ring.solitaire.metal-2'",
        "update products set label = 'x'",
        "insert into keys (id, role, label, secret_sha256, created_at_ms) values ('a', 'admin', '', '', 0)",
    ] {
        let data = full().await;
        let (source, nowhere) = (folder(&data), tempfile::tempdir().unwrap());
        let to = server(nowhere.path()).await.unwrap_or_else(|| folder(&nowhere));
        kill_when(|progress| progress.stage == "compare rows", &source, &to).await;
        execute(&source, change).await;
        let before = digests(&source).await;
        let copied = copy(&source, &to, Source::Sealed, &quiet).await.unwrap();
        assert_eq!(copied.began, Began::Anew, "{change}");
        assert_eq!(digests(&to).await, before);
    }
}

#[tokio::test]
async fn a_sealed_source_is_refused_until_it_is_unsealed_and_its_copy_is_not() {
    let data = full().await;
    let (source, nowhere) = (folder(&data), tempfile::tempdir().unwrap());
    let to = server(nowhere.path()).await.unwrap_or_else(|| folder(&nowhere));
    copy(&source, &to, Source::Sealed, &quiet).await.unwrap();
    let file = data.path().join(FILE);
    for refused in [
        Db::find(&source).await.map(drop).unwrap_err(),
        engine::Pools::open_sqlite(&file).await.map(drop).unwrap_err(),
    ] {
        assert!(refused.to_string().contains(&format!("was copied to {}", named(&to))), "{refused}");
    }
    // A program that knows no marks sees a schema that does not fit it.
    let mut side = Side::open(&source).await.unwrap();
    let Side::Sqlite(connection) = &mut side else { panic!("a file") };
    let mut older = sqlx::migrate!("migrations/sqlite");
    older.set_ignore_missing(false);
    assert!(matches!(
        older.run_direct(None, connection, false).await,
        Err(sqlx::migrate::MigrateError::VersionMissing(i64::MAX))
    ));
    assert!(side.programs().await.iter().all(|(schema, _, oldest)| *schema < i64::MAX || *oldest == 0));
    side.close().await.unwrap();

    let other = tempfile::tempdir().unwrap();
    let refused = copy(&to, &source, Source::Open, &quiet).await.unwrap_err();
    assert!(matches!(refused, CopyError::Db(DbError::Sealed { .. })), "{refused}");
    copy(&to, &folder(&other), Source::Open, &quiet).await.unwrap();
    assert_eq!(unseal(&source).await.unwrap(), Some(named(&to)));
    assert_eq!(unseal(&source).await.unwrap(), None);
    assert_eq!(Db::find(&source).await.unwrap(), Found::Database);
    // A copy that is complete is not made again.
    let copied = copy(&source, &to, Source::Sealed, &quiet).await.unwrap();
    assert_eq!(copied.began, Began::Complete);
    assert!(Db::find(&source).await.is_err());
}

#[tokio::test]
async fn only_an_empty_database_and_a_copy_of_the_same_source_take_a_copy() {
    let data = full().await;
    let (source, nowhere) = (folder(&data), tempfile::tempdir().unwrap());
    let to = server(nowhere.path()).await.unwrap_or_else(|| folder(&nowhere));
    let refused = copy(&source, &source, Source::Sealed, &quiet).await.unwrap_err();
    assert!(matches!(refused, CopyError::Same { .. }), "{refused}");

    // Another database.
    let mut side = Side::open(&to).await.unwrap();
    side.migrate().await.unwrap();
    side.execute("insert into secrets (name, value) values ('a', '')").await.unwrap();
    side.close().await.unwrap();
    let refused = copy(&source, &to, Source::Sealed, &quiet).await.unwrap_err();
    assert!(refused.to_string().ends_with("is not empty: secrets has 1 rows"), "{refused}");

    // A copy that has been used.
    execute(&to, "delete from secrets").await;
    copy(&source, &to, Source::Open, &quiet).await.unwrap();
    execute(&to, "delete from vitals").await;
    let refused = copy(&source, &to, Source::Sealed, &quiet).await.unwrap_err();
    assert!(matches!(refused, CopyError::NotEmpty { .. }), "{refused}");

    // A copy of another source, not complete.
    let (other, elsewhere) = (full().await, tempfile::tempdir().unwrap());
    let to = server(elsewhere.path()).await.unwrap_or_else(|| folder(&elsewhere));
    kill_after(9, &source, &to).await;
    execute(&folder(&other), "update identity set name = 'ffffffffffffffffffffffffffffffff'").await;
    let refused = copy(&folder(&other), &to, Source::Sealed, &quiet).await.unwrap_err();
    assert!(matches!(refused, CopyError::OtherCopy { .. }), "{refused}");

    // Another program's.
    let foreign = tempfile::tempdir().unwrap();
    let foreign = server(foreign.path()).await.unwrap_or_else(|| folder(&foreign));
    execute(&foreign, "create table posts (id int)").await;
    let refused = copy(&source, &foreign, Source::Sealed, &quiet).await.unwrap_err();
    assert!(matches!(refused, CopyError::Db(DbError::Foreign { .. })), "{refused}");
    assert_eq!(Db::find(&source).await.unwrap(), Found::Database);
}

#[tokio::test]
async fn a_database_that_a_program_runs_on_is_not_copied() {
    let (data, empty) = (full().await, tempfile::tempdir().unwrap());
    let mut places = vec![folder(&data)];
    if let Some(there) = server(empty.path()).await {
        copy(&places[0], &there, Source::Open, &quiet).await.unwrap();
        places.push(there);
    }
    for from in places {
        let running = match &from {
            Place::Folder(data) => {
                let options = engine::sqlite_options(&data.join(FILE));
                Running::Sqlite(
                    <sqlx::SqliteConnection as sqlx::Connection>::connect_with(&options).await.unwrap(),
                )
            }
            Place::Server(address) => Running::Postgres(crate::db::migrate::postgres(address).await.unwrap()),
        };
        let to = tempfile::tempdir().unwrap();
        let refused = copy(&from, &folder(&to), Source::Open, &quiet).await.unwrap_err();
        assert!(matches!(refused, CopyError::InUse { .. }), "{refused}");
        running.end().await;
        copy(&from, &folder(&to), Source::Open, &quiet).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_source_that_a_program_has_begun_to_run_on_meanwhile_is_not_sealed() {
    let (data, empty) = (full().await, tempfile::tempdir().unwrap());
    let Some(from) = server(empty.path()).await else { return };
    copy(&folder(&data), &from, Source::Open, &quiet).await.unwrap();
    let Place::Server(address) = &from else { panic!("a server's") };
    let running = Mutex::new(None);
    let begin = |_| {
        let mut running = running.lock().unwrap();
        if running.is_none() {
            let connect = crate::db::migrate::postgres(address);
            let connect = || tokio::runtime::Handle::current().block_on(connect);
            *running = Some(tokio::task::block_in_place(connect).unwrap());
        }
    };
    let to = tempfile::tempdir().unwrap();
    let refused = copy(&from, &folder(&to), Source::Sealed, &begin).await.unwrap_err();
    assert!(matches!(refused, CopyError::InUse { .. }), "{refused}");
    assert_eq!(Db::find(&from).await.unwrap(), Found::Database);
    let running = running.into_inner().unwrap();
    Running::Postgres(running.unwrap()).end().await;
    let copied = copy(&from, &folder(&to), Source::Sealed, &quiet).await.unwrap();
    assert_eq!(copied.began, Began::Complete);
    assert!(Db::find(&from).await.is_err());
}

enum Running {
    Sqlite(sqlx::SqliteConnection),
    Postgres(sqlx::PgConnection),
}

impl Running {
    async fn end(self) {
        match self {
            Self::Sqlite(connection) => sqlx::Connection::close(connection).await.unwrap(),
            Self::Postgres(connection) => sqlx::Connection::close(connection).await.unwrap(),
        }
    }
}
