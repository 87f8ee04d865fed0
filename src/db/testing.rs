//! The stack that tests run on: embedded, or with a server where `GIRASOL_STACK` is `scaled`.

use std::{path::Path, time::Duration};

use sqlx::{Connection as _, PgConnection};

use super::{Address, Connections};

#[path = "../../tests/postgres/mod.rs"]
mod postgres;

pub(super) const CONNECTIONS: Connections = Connections {
    serving: 4,
    jobs: 4,
    reports: 2,
    serve: Duration::from_secs(2),
    statement: Duration::from_secs(10),
    report: Duration::from_secs(10),
};

/// Whether databases of tests are a server's.
pub(crate) fn is_scaled() -> bool {
    std::env::var("GIRASOL_STACK").is_ok_and(|stack| stack == "scaled")
}

/// Where the database of this data folder is, if it is not in the folder.
pub(super) async fn place(data: &Path) -> Option<Address> {
    if is_scaled() { server(data).await } else { None }
}

/// A database of a server that belongs to this data folder, made at the first request; none on a laptop without a server.
pub(super) async fn server(data: &Path) -> Option<Address> {
    let name = format!("d{}", &blake3::hash(data.as_os_str().as_encoded_bytes()).to_hex()[..24]);
    let server = postgres::address()?;
    let mut connection = PgConnection::connect(&format!("{server}/postgres")).await.unwrap();
    // No database is made of a template while another one is.
    sqlx::raw_sql("select pg_advisory_lock(1)").execute(&mut connection).await.unwrap();
    let there: bool = sqlx::query_scalar("select exists (select 1 from pg_database where datname = $1)")
        .bind(&name)
        .fetch_one(&mut connection)
        .await
        .unwrap();
    if !there {
        let create = sqlx::AssertSqlSafe(format!("create database {name}"));
        sqlx::raw_sql(create).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    Some(Address {
        url: format!("{server}/{name}").into(),
        listen_url: None,
        replica_url: None,
        connections: CONNECTIONS,
    })
}
