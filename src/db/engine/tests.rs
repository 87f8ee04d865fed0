use sqlx::{Connection as _, FromRow};

use super::{super::program, *};

async fn with_pools() -> (tempfile::TempDir, Pools) {
    let folder = tempfile::tempdir().unwrap();
    let pools = Pools::open_sqlite(&folder.path().join("girasol.db")).await.unwrap();
    (folder, pools)
}

/// A new database of each engine; Postgres's only where there is a server.
async fn on_each_engine() -> Vec<(tempfile::TempDir, Pools)> {
    let (folder, pools) = with_pools().await;
    let server = crate::db::testing::server(folder.path()).await;
    let mut each = vec![(folder, pools)];
    if let Some(address) = server {
        let pools = Pools::open_postgres(&address).await.unwrap();
        each.push((tempfile::tempdir().unwrap(), pools));
    }
    each
}

/// Ends every connection to the server's database but the one that asks.
async fn end_all_connections(address: &Address) {
    const END: &str = "select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()";
    let mut connection = sqlx::PgConnection::connect_with(&address.options().unwrap()).await.unwrap();
    let ended: i64 = sqlx::query_scalar(END).fetch_one(&mut connection).await.unwrap();
    assert!(ended > 0);
}

const INSERT: &str = "insert into secrets (name, value) values ($1, $2)";
const NAMES: &str = "select name from secrets order by name";

async fn names(pools: &Pools) -> Vec<String> {
    pools.read(Lane::Jobs, "test.names", NAMES).scalars().await.unwrap()
}

/// How many connections the writer's pool has.
fn writers(pools: &Pools) -> u32 {
    match pools {
        Pools::Sqlite(pools) => pools.writer.size(),
        Pools::Postgres(_) => 0,
    }
}

#[tokio::test]
async fn a_transaction_without_commit_changes_nothing_and_its_connection_is_used_again() {
    for (_folder, pools) in on_each_engine().await {
        let mut tx = pools.write("test").await.unwrap();
        tx.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
        drop(tx);
        let mut tx = pools.write("test").await.unwrap();
        let inserted = tx.run("test.insert", INSERT).bind("b").bind("1").execute().await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!((inserted, names(&pools).await), (1, vec!["b".to_owned()]));
        assert!(writers(&pools) <= 1);
    }
}

#[tokio::test]
async fn an_error_inside_a_transaction_ends_it_and_closes_its_connection() {
    let (_folder, pools) = with_pools().await;
    // A setting of the one connection that a new one does not have.
    pools.run("test.mark", "pragma cache_size = 77").execute().await.unwrap();
    let mut tx = pools.write("test").await.unwrap();
    tx.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
    let error = tx.run("test.twice", INSERT).bind("a").bind("1").execute().await.unwrap_err();
    assert_eq!(error.to_string(), "the database failed at test.twice");
    assert!(tx.commit().await.is_err());
    assert_eq!(names(&pools).await, Vec::<String>::new());
    let marked: i64 = pools.run("test.marked", "pragma cache_size").scalar().await.unwrap();
    assert_ne!(marked, 77);
}

#[tokio::test]
async fn a_full_database_ends_the_transaction_and_the_next_one_begins_anew() {
    let (_folder, pools) = with_pools().await;
    let pages: i64 = pools.run("test.pages", "pragma page_count").scalar().await.unwrap();
    let limit: &'static str = Box::leak(format!("pragma max_page_count = {pages}").into_boxed_str());
    pools.run("test.limit", limit).execute().await.unwrap();
    let mut tx = pools.write("test").await.unwrap();
    let big = "x".repeat(1 << 20);
    let full = tx.run("test.insert", INSERT).bind("a").bind(&big).execute().await.unwrap_err();
    assert!(matches!(&full, DbError::Full { name: "test.insert", .. }), "{full:?}");
    assert!(crate::domain::disk::is_full(&full));
    drop(tx);
    // The limit belonged to the connection that is closed now.
    pools.run("test.insert", INSERT).bind("b").bind(&big).execute().await.unwrap();
    assert_eq!(names(&pools).await, ["b"]);
}

#[tokio::test]
async fn whatever_ends_a_transaction_by_itself_closes_its_connection() {
    // SQLite rolls back at once, and the engine's own rollback finds no transaction.
    const OR_ROLLBACK: &str = "insert or rollback into secrets (name, value) values ($1, $2)";
    let (_folder, pools) = with_pools().await;
    pools.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
    let ends: [(&str, &'static str); 3] =
        [("conflict", OR_ROLLBACK), ("end", "rollback"), ("commit", "commit")];
    for (name, end) in ends {
        pools.run("test.mark", "pragma cache_size = 77").execute().await.unwrap();
        let mut tx = pools.write("test").await.unwrap();
        let statement = tx.run("test.end", end);
        let statement = if end == OR_ROLLBACK { statement.bind("a").bind("2") } else { statement };
        assert_eq!(statement.execute().await.is_err(), end == OR_ROLLBACK, "{name}");
        // The transaction is over, whether its error was seen or not.
        assert!(tx.commit().await.is_err(), "{name}");
        let marked: i64 = pools.run("test.marked", "pragma cache_size").scalar().await.unwrap();
        assert_ne!(marked, 77, "{name}: the connection is another one");
        let mut tx = pools.write("test").await.unwrap();
        tx.run("test.insert", INSERT).bind(name).bind("1").execute().await.unwrap();
        tx.commit().await.unwrap();
    }
    assert_eq!(names(&pools).await, ["a", "commit", "conflict", "end"]);
}

#[tokio::test]
async fn a_snapshot_reads_one_moment_and_readers_cannot_write() {
    for (_folder, pools) in on_each_engine().await {
        let mut snapshot = pools.snapshot(Lane::Jobs, "test").await.unwrap();
        let before: Vec<String> = snapshot.run("test.names", NAMES).scalars().await.unwrap();
        pools.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
        let after: Vec<String> = snapshot.run("test.names", NAMES).scalars().await.unwrap();
        assert_eq!((before, names(&pools).await), (after, vec!["a".to_owned()]));
        if matches!(pools, Pools::Sqlite(_)) {
            pools.read(Lane::Jobs, "test.insert", INSERT).bind("b").bind("1").execute().await.unwrap_err();
        }
        snapshot.run("test.insert", INSERT).bind("b").bind("1").execute().await.unwrap_err();
    }
}

#[tokio::test]
async fn writers_of_one_process_wait_for_each_other() {
    for (_folder, pools) in on_each_engine().await {
        let one = async |name: &'static str| {
            let mut tx = pools.write("test").await.unwrap();
            let known: Vec<String> = tx.run("test.names", NAMES).scalars().await.unwrap();
            tokio::task::yield_now().await;
            tx.run("test.insert", INSERT).bind(name).bind(known.len().to_string()).execute().await.unwrap();
            tx.commit().await.unwrap();
        };
        tokio::join!(one("a"), one("b"), one("c"), one("d"));
        let seen: Vec<String> = pools
            .read(Lane::Jobs, "test.seen", "select value from secrets order by value")
            .scalars()
            .await
            .unwrap();
        assert_eq!(seen, ["0", "1", "2", "3"]);
    }
}

#[tokio::test]
async fn every_type_of_value_comes_back_as_it_was() {
    #[derive(Debug, PartialEq, FromRow)]
    struct Row {
        text: String,
        number: i64,
        truth: bool,
        real: f64,
        json: sqlx::types::Json<Vec<i64>>,
        absent: Option<i64>,
    }
    for (_folder, pools) in on_each_engine().await {
        let sql = "select $1 as text, $2 as number, $3 as truth, $4 as real, $5 as json, $6 as absent";
        let row: Row = pools
            .read(Lane::Jobs, "test.values", sql)
            .bind("a")
            .bind(-1_i64)
            .bind(true)
            .bind(0.5)
            .bind(Bind::json(&[1, 2]))
            .bind(None::<i64>)
            .one()
            .await
            .unwrap();
        let json = sqlx::types::Json(vec![1, 2]);
        assert_eq!(row, Row { text: "a".into(), number: -1, truth: true, real: 0.5, json, absent: None });
    }
}

#[tokio::test]
async fn a_database_of_a_newer_program_names_that_program_and_this_one() {
    let (folder, pools) = with_pools().await;
    let known: i64 = pools
        .read(Lane::Jobs, "test.known", "select max(version) from _sqlx_migrations")
        .scalar()
        .await
        .unwrap();
    let recorded: Vec<(i64, String)> = pools
        .read(Lane::Jobs, "test.programs", "select schema_version, program from schema_programs")
        .all()
        .await
        .unwrap();
    assert_eq!(recorded, [(known, program())]);
    for sql in [
        "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
         select version + 1, 'newer', 1, checksum, 0 from _sqlx_migrations where version = $1",
        "insert into schema_programs (schema_version, program, at_ms) values ($1 + 1, '9.9.9', 0)",
    ] {
        pools.run("test.newer", sql).bind(known).execute().await.unwrap();
    }
    pools.close().await;
    let refused = Pools::open_sqlite(&folder.path().join("girasol.db")).await.unwrap_err();
    let said = refused.to_string();
    assert!(matches!(&refused, DbError::Newer { found, .. } if *found == known + 1), "{said}");
    assert!(
        said.contains("girasol 9.9.9 made its schema")
            && said.contains(&format!("this is girasol {}", program())),
        "{said}"
    );
}

#[tokio::test]
async fn connections_that_the_server_has_ended_are_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = crate::db::testing::server(folder.path()).await else { return };
    let pools = Pools::open_postgres(&address).await.unwrap();
    let many = (0..4).map(|_| pools.read(Lane::Jobs, "test.names", NAMES).scalars::<String>());
    futures_util::future::join_all(many).await;
    end_all_connections(&address).await;
    assert_eq!(names(&pools).await, Vec::<String>::new());
    end_all_connections(&address).await;
    pools.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
    let mut tx = pools.write("test").await.unwrap();
    tx.run("test.insert", INSERT).bind("b").bind("1").execute().await.unwrap();
    end_all_connections(&address).await;
    // What was in the middle is undone, and said.
    let lost = tx.run("test.insert", INSERT).bind("c").bind("1").execute().await.unwrap_err();
    assert!(lost.is_busy(), "{lost:?}");
    assert!(tx.commit().await.is_err());
    assert_eq!(names(&pools).await, ["a"]);
}

#[tokio::test]
async fn a_search_path_of_two_schemas_is_refused_where_the_later_one_has_the_tables() {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = crate::db::testing::server(folder.path()).await else { return };
    let with = |path: &str| {
        let url = secrecy::ExposeSecret::expose_secret(&address.url);
        Address { url: format!("{url}?options[search_path]={path}").into(), ..address.clone() }
    };
    let pools = Pools::open_postgres(&with("public")).await.unwrap();
    pools.close().await;
    let mut connection = sqlx::PgConnection::connect_with(&address.options().unwrap()).await.unwrap();
    sqlx::raw_sql("create schema if not exists one").execute(&mut connection).await.unwrap();
    let refused = [
        Pools::open_postgres(&with("one%2Cpublic")).await.map(drop),
        look(&crate::db::Place::Server(with("one%2Cpublic"))).await.map(drop),
    ];
    for refused in refused {
        let DbError::Schemas { found, first, .. } = refused.unwrap_err() else { panic!("opened") };
        assert_eq!((found.as_str(), first.as_str()), ("public", "one"));
    }
    Pools::open_postgres(&with("public%2Cone")).await.unwrap();
}

#[test]
fn a_connection_that_cannot_be_made_says_what_is_to_be_checked() {
    use std::io::ErrorKind::{ConnectionRefused, ConnectionReset, NotFound, TimedOut};
    let io = |kind: std::io::ErrorKind| sqlx::Error::Io(kind.into());
    for (error, says) in [
        (io(ConnectionRefused), "5432 if it names no port"),
        (io(TimedOut), "No answer comes"),
        (io(NotFound), "no socket"),
        (io(ConnectionReset), "Something else than Postgres"),
        (sqlx::Error::Protocol("unexpected".to_owned()), "Something else than Postgres"),
        (
            sqlx::Error::Tls("server does not support TLS".into()),
            "sslmode=disable is for a server without TLS",
        ),
        (sqlx::Error::Io(std::io::Error::other("failed to lookup address information")), "name is not known"),
    ] {
        let said = way_in(&error).unwrap_or_default();
        assert!(said.contains(says), "{error}: {said}");
    }
    assert_eq!(way_in(&sqlx::Error::WorkerCrashed), None);
}

#[tokio::test]
async fn what_a_server_says_comes_without_the_lines_of_its_source() {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = crate::db::testing::server(folder.path()).await else { return };
    let nowhere = address.options().unwrap().database("there_is_no_such_database");
    let error = sqlx::PgConnection::connect_with(&nowhere).await.err().unwrap();
    assert!(error.to_string().contains(" at line "), "the driver has changed: {error}");
    assert_eq!(said(&error).unwrap(), "database \"there_is_no_such_database\" does not exist");
    assert!(way_in(&error).unwrap().contains("createdb"));
}

#[tokio::test]
async fn a_connection_that_ends_before_its_first_words_is_a_server_that_is_away() {
    for sslmode in ["prefer", "require"] {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("postgres://a@{}/a?sslmode={sslmode}", listener.local_addr().unwrap());
        let connecting = tokio::spawn(async move { sqlx::PgConnection::connect(&url).await.err().unwrap() });
        let (mut accepted, _) = listener.accept().await.unwrap();
        // What the client asks for is read, so that the end is one and not a reset.
        tokio::io::AsyncReadExt::read_exact(&mut accepted, &mut [0; 8]).await.unwrap();
        drop(accepted);
        let error = connecting.await.unwrap();
        assert!(is_busy(&error), "{sslmode}: {error:?}");
    }
}

#[tokio::test]
async fn a_statement_outlives_a_column_that_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = crate::db::testing::server(folder.path()).await else { return };
    let pools = Pools::open_postgres(&address).await.unwrap();
    let rows = async || {
        let read = pools.read(Lane::Jobs, "test.all", "select * from secrets");
        read.all::<(String, String, i64)>().await.unwrap().len()
    };
    pools.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
    assert_eq!(rows().await, 1);
    pools.run("test.add", "alter table secrets add column more bigint").execute().await.unwrap();
    assert_eq!(rows().await, 1);
}

#[tokio::test]
async fn numbers_are_committed_in_their_order() {
    const NEXT: &str = "insert into removals (at_ms) values (0) returning id";
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = crate::db::testing::server(folder.path()).await else { return };
    let pools = Pools::open_postgres(&address).await.unwrap();
    let mut slow = pools.write("test").await.unwrap();
    let first: i64 = slow.run("test.next", NEXT).scalar().await.unwrap();
    let other = Pools::open_postgres(&address).await.unwrap();
    let second = tokio::spawn(async move { other.run("test.next", NEXT).scalar::<i64>().await.unwrap() });
    let seen: Vec<i64> =
        pools.read(Lane::Jobs, "test.seen", "select id from removals").scalars().await.unwrap();
    assert_eq!(seen, Vec::<i64>::new());
    slow.commit().await.unwrap();
    assert!(second.await.unwrap() > first);
}

#[test]
fn an_address_is_shown_without_its_secrets() {
    let shown = |url: &str| {
        let connections = crate::db::testing::CONNECTIONS;
        let address = Address { url: url.into(), listen_url: None, replica_url: None, connections };
        [address.to_string(), format!("{address:?}")]
    };
    for (url, wanted) in [
        ("postgres://ada:s3cret@db.example/shop", "shop at db.example:5432"),
        ("postgres://ada:s3cret@%2Frun%2Fpg/shop", "shop in /run/pg"),
        ("postgres://ada:s3cret@[::1/shop", "of database.url"),
    ] {
        assert_eq!(shown(url), [wanted.to_owned(), format!("Address({wanted})")]);
    }
}
