use super::*;

async fn with_pools() -> (tempfile::TempDir, Pools) {
    let folder = tempfile::tempdir().unwrap();
    let pools = Pools::open_sqlite(&folder.path().join("girasol.db")).await.unwrap();
    (folder, pools)
}

const INSERT: &str = "insert into secrets (name, value) values ($1, $2)";
const NAMES: &str = "select name from secrets order by name";

async fn names(pools: &Pools) -> Vec<String> {
    pools.read("test.names", NAMES).scalars().await.unwrap()
}

/// How many connections the writer's pool has.
fn writers(pools: &Pools) -> u32 {
    match pools {
        Pools::Sqlite { writer, .. } => writer.size(),
    }
}

#[tokio::test]
async fn a_transaction_without_commit_changes_nothing_and_its_connection_is_used_again() {
    let (_folder, pools) = with_pools().await;
    let mut tx = pools.write("test").await.unwrap();
    tx.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
    drop(tx);
    let mut tx = pools.write("test").await.unwrap();
    let inserted = tx.run("test.insert", INSERT).bind("b").bind("1").execute().await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!((inserted, names(&pools).await), (1, vec!["b".to_owned()]));
    assert_eq!(writers(&pools), 1);
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
    let (_folder, pools) = with_pools().await;
    let mut snapshot = pools.snapshot("test").await.unwrap();
    let before: Vec<String> = snapshot.run("test.names", NAMES).scalars().await.unwrap();
    pools.run("test.insert", INSERT).bind("a").bind("1").execute().await.unwrap();
    let after: Vec<String> = snapshot.run("test.names", NAMES).scalars().await.unwrap();
    assert_eq!((before, names(&pools).await), (after, vec!["a".to_owned()]));
    pools.read("test.insert", INSERT).bind("b").bind("1").execute().await.unwrap_err();
}

#[tokio::test]
async fn writers_of_one_process_wait_for_each_other() {
    let (_folder, pools) = with_pools().await;
    let one = async |name: &'static str| {
        let mut tx = pools.write("test").await.unwrap();
        let known: Vec<String> = tx.run("test.names", NAMES).scalars().await.unwrap();
        tokio::task::yield_now().await;
        tx.run("test.insert", INSERT).bind(name).bind(known.len().to_string()).execute().await.unwrap();
        tx.commit().await.unwrap();
    };
    tokio::join!(one("a"), one("b"), one("c"), one("d"));
    let seen: Vec<String> =
        pools.read("test.seen", "select value from secrets order by value").scalars().await.unwrap();
    assert_eq!(seen, ["0", "1", "2", "3"]);
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
    let (_folder, pools) = with_pools().await;
    let sql = "select $1 as text, $2 as number, $3 as truth, $4 as real, $5 as json, $6 as absent";
    let row: Row = pools
        .read("test.values", sql)
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

#[tokio::test]
async fn a_database_of_a_newer_program_names_that_program_and_this_one() {
    let (folder, pools) = with_pools().await;
    let known: i64 =
        pools.read("test.known", "select max(version) from _sqlx_migrations").scalar().await.unwrap();
    let recorded: Vec<(i64, String)> = pools
        .read("test.programs", "select schema_version, program from schema_programs")
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
