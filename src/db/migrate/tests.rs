//! Both engines have the same schema at every step, and every step can be undone.

use std::collections::BTreeSet;

use super::*;
use crate::db::{Place, engine::Pools, testing};

/// A column as `table.column type null|not null default`, a key as `table (columns) kind`, an index as `name on table (columns)`.
type Shape = BTreeSet<String>;

const SQLITE_COLUMNS: &str = "select t.name, c.name, lower(c.type), c.\"notnull\" or c.pk > 0
    from sqlite_schema t, pragma_table_info(t.name) c
    where t.type = 'table' and t.name not like '\\_sqlx%' escape '\\' and t.name not like 'sqlite%'";
/// `u`: a key; `pk`: the primary one; `c`: an index.
const SQLITE_KEYS: &str = "select t.name, i.name, i.origin, i.\"unique\",
        (select group_concat(c.name, ',') from (select name from pragma_index_info(i.name) order by seqno) c)
    from sqlite_schema t, pragma_index_list(t.name) i where t.type = 'table' and t.name not like '\\_sqlx%' escape '\\'";
const SQLITE_PRIMARY: &str = "select t.name,
        (select group_concat(c.name, ',') from (select name from pragma_table_info(t.name) where pk > 0 order by pk) c)
    from sqlite_schema t where t.type = 'table' and t.name not like '\\_sqlx%' escape '\\' and t.name not like 'sqlite%'";
const SQLITE_REFERENCES: &str = "select t.name, group_concat(f.\"from\", ','), f.\"table\", f.on_delete
    from sqlite_schema t, pragma_foreign_key_list(t.name) f where t.type = 'table' group by t.name, f.id";

const POSTGRES_COLUMNS: &str = "select table_name::text, column_name::text, data_type::text, is_nullable = 'NO'
    from information_schema.columns where table_schema = current_schema() and table_name <> '_sqlx_migrations'";
const POSTGRES_KEYS: &str = "select t.relname::text, i.relname::text,
        case when x.indisprimary then 'pk' when k.conname is not null then 'u' else 'c' end, x.indisunique,
        (select string_agg(a.attname, ',' order by n) from unnest(x.indkey) with ordinality as c (attnum, n)
         join pg_attribute a on a.attrelid = t.oid and a.attnum = c.attnum)
    from pg_index x join pg_class i on i.oid = x.indexrelid join pg_class t on t.oid = x.indrelid
    left join pg_constraint k on k.conindid = i.oid and k.contype = 'u'
    where t.relnamespace = current_schema()::regnamespace and t.relname <> '_sqlx_migrations'";
const POSTGRES_REFERENCES: &str = "select t.relname::text,
        (select string_agg(a.attname, ',' order by n) from unnest(k.conkey) with ordinality as c (attnum, n)
         join pg_attribute a on a.attrelid = t.oid and a.attnum = c.attnum),
        r.relname::text, case k.confdeltype when 'c' then 'CASCADE' else 'NO ACTION' end
    from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_class r on r.oid = k.confrelid
    where k.contype = 'f' and t.relnamespace = current_schema()::regnamespace";

fn column((table, name, kind, required): (String, String, String, bool)) -> String {
    let kind = match kind.as_str() {
        "bigint" | "boolean" => "integer",
        "jsonb" => "text",
        "double precision" => "real",
        kind => kind,
    };
    format!("{table}.{name} {kind}{}", if required { " not null" } else { "" })
}

fn key((table, name, kind, unique, columns): (String, String, String, bool, String)) -> String {
    match kind.as_str() {
        "pk" => format!("{table} ({columns}) primary"),
        "u" => format!("{table} ({columns}) unique"),
        _ => format!("{name} on {table} ({columns}){}", if unique { " unique" } else { "" }),
    }
}

fn reference((table, columns, target, deleted): (String, String, String, String)) -> String {
    format!("{table} ({columns}) references {target}, {}", deleted.to_lowercase())
}

async fn sqlite_shape(connection: &mut SqliteConnection) -> Shape {
    let mut shape = Shape::new();
    let rows = sqlx::query_as(SQLITE_COLUMNS).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(column));
    let rows = sqlx::query_as(SQLITE_KEYS).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(key));
    // A number that is the primary key has no index of its own.
    let rows: Vec<(String, String)> =
        sqlx::query_as(SQLITE_PRIMARY).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(|(table, columns)| format!("{table} ({columns}) primary")));
    let rows = sqlx::query_as(SQLITE_REFERENCES).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(reference));
    shape
}

async fn postgres_shape(connection: &mut PgConnection) -> Shape {
    let mut shape = Shape::new();
    let rows = sqlx::query_as(POSTGRES_COLUMNS).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(column));
    let rows = sqlx::query_as(POSTGRES_KEYS).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(key));
    let rows = sqlx::query_as(POSTGRES_REFERENCES).fetch_all(&mut *connection).await.unwrap();
    shape.extend(rows.into_iter().map(reference));
    shape
}

/// The numbers of all migrations, the newest first.
fn versions(migrator: &Migrator) -> Vec<i64> {
    let ups = migrator.iter().filter(|one| one.migration_type.is_up_migration());
    let mut versions: Vec<i64> = ups.map(|one| one.version).collect();
    versions.reverse();
    versions
}

async fn postgres_connection(folder: &Path) -> Option<(Address, PgConnection)> {
    let address = testing::server(folder).await?;
    let connection = postgres(&address).await.unwrap();
    Some((address, connection))
}

async fn sqlite_connection(folder: &Path) -> SqliteConnection {
    SqliteConnection::connect_with(&engine::sqlite_options(&folder.join("girasol.db"))).await.unwrap()
}

#[test]
fn both_engines_have_migrations_of_the_same_numbers_and_each_can_be_undone() {
    let all = |migrator: &Migrator| -> Vec<_> {
        migrator.iter().map(|one| (one.version, one.migration_type, one.description.to_string())).collect()
    };
    assert_eq!(all(&SQLITE), all(&POSTGRES));
    let downs = SQLITE.iter().filter(|one| one.migration_type.is_down_migration()).count();
    assert_eq!(downs, versions(&SQLITE).len());
}

#[tokio::test]
async fn both_engines_have_the_same_tables_columns_keys_and_indexes_at_every_step() {
    let folder = tempfile::tempdir().unwrap();
    let mut sqlite = sqlite_connection(folder.path()).await;
    let Some((_, mut postgres)) = postgres_connection(folder.path()).await else { return };
    up(&mut sqlite, &SQLITE).await.unwrap();
    up(&mut postgres, &POSTGRES).await.unwrap();
    let newest = sqlite_shape(&mut sqlite).await;
    assert!(newest.len() > 150, "{}", newest.len());
    for version in versions(&SQLITE) {
        let (of_sqlite, of_postgres) = (sqlite_shape(&mut sqlite).await, postgres_shape(&mut postgres).await);
        let differences: Vec<_> = of_sqlite.symmetric_difference(&of_postgres).collect();
        assert!(differences.is_empty(), "at {version:04}: {differences:#?}");
        assert_eq!(down(&mut sqlite, &SQLITE, version - 1, true).await.unwrap(), 1);
        assert_eq!(down(&mut postgres, &POSTGRES, version - 1, true).await.unwrap(), 1);
    }
    assert_eq!(sqlite_shape(&mut sqlite).await, Shape::new());
    assert_eq!(postgres_shape(&mut postgres).await, Shape::new());
    up(&mut sqlite, &SQLITE).await.unwrap();
    up(&mut postgres, &POSTGRES).await.unwrap();
    assert_eq!(sqlite_shape(&mut sqlite).await, newest);
    assert_eq!(postgres_shape(&mut postgres).await, newest);
}

const KEY: &str =
    "insert into keys (id, role, label, secret_sha256, created_at_ms) values ('a', 'admin', '', '', 0)";

#[tokio::test]
async fn a_migration_that_would_lose_data_is_undone_only_where_that_is_meant() {
    async fn check<C: Migrating>(mut connection: C, migrator: &Migrator) {
        up(&mut connection, migrator).await.unwrap();
        connection.execute(KEY.to_owned()).await.unwrap();
        let refused = down(&mut connection, migrator, 0, false).await.unwrap_err();
        assert_eq!(refused.to_string(), "to undo migration 0002 would lose keys and the audit trail");
        assert_eq!(status(&mut connection, migrator).await.unwrap().version(), 2);
        assert_eq!(down(&mut connection, migrator, 0, true).await.unwrap(), 2);
        assert_eq!(status(&mut connection, migrator).await.unwrap().version(), 0);
    }
    let folder = tempfile::tempdir().unwrap();
    check(sqlite_connection(folder.path()).await, &SQLITE).await;
    let Some((_, postgres)) = postgres_connection(folder.path()).await else { return };
    check(postgres, &POSTGRES).await;
}

#[tokio::test]
async fn an_older_program_runs_on_a_newer_schema_that_it_fits_and_on_no_other() {
    async fn check<C: Migrating>(mut connection: C, migrator: &Migrator) {
        up(&mut connection, migrator).await.unwrap();
        let known = newest(migrator);
        let newer = format!(
            "insert into _sqlx_migrations (version, description, success, checksum, execution_time)
             select {known} + 1, 'newer', success, checksum, 0 from _sqlx_migrations where version = {known};
             insert into schema_programs (schema_version, program, at_ms, oldest_schema)
             values ({known} + 1, '9.9.9', 0, {known})"
        );
        connection.execute(newer).await.unwrap();
        up(&mut connection, migrator).await.unwrap();
        connection
            .execute("update schema_programs set oldest_schema = schema_version".to_owned())
            .await
            .unwrap();
        let refused = up(&mut connection, migrator).await.unwrap_err();
        let said = refused.to_string();
        assert!(matches!(refused, DbError::Newer { .. }) && said.contains("girasol 9.9.9"), "{said}");
    }
    let folder = tempfile::tempdir().unwrap();
    check(sqlite_connection(folder.path()).await, &SQLITE).await;
    let Some((_, postgres)) = postgres_connection(folder.path()).await else { return };
    check(postgres, &POSTGRES).await;
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_once() {
    let folder = tempfile::tempdir().unwrap();
    let Some(address) = testing::server(folder.path()).await else { return };
    let opened = futures_util::future::join_all((0..8).map(|_| Pools::open_postgres(&address))).await;
    assert!(opened.iter().all(Result::is_ok), "{opened:?}");
    let schema = crate::db::Db::schema(&Place::Server(address)).await.unwrap();
    assert_eq!((schema.version(), schema.pending()), (newest(&POSTGRES), 0));
}
