//! `[database]`

use super::{
    problem::{Problem, check},
    secret::SecretText,
    setting::{Kind, section, whole},
};

section! {
    /// Where products, versions and jobs are recorded. Without a URL it is `girasol.db` in the data folder; with one it is a
    /// Postgres server, which any number of servers and workers share.
    #[derive(Eq)]
    "database" DatabaseConfig {
        /// The database of a Postgres server. A password may stand in it, or in `PGPASSWORD` or the file that `PGPASSFILE`
        /// names; `?sslmode=verify-full&sslrootcert=FILE` asks for TLS.
        url: Option<SecretText> = None, Kind::Text, "\"postgres://girasol@db.example/girasol\"";
        /// The same database without a pooler between, where `url` goes through one: signals between processes need a
        /// connection of their own.
        listen_url: Option<SecretText> = None, Kind::Text, "\"postgres://girasol@db.example:5432/girasol\"";
        /// Connections of each process that visitors' requests read with.
        serving_connections: u32 = 8, whole(1, 1_000);
        /// Connections of each process for artists and workers, and for everything that writes.
        jobs_connections: u32 = 6, whole(1, 1_000);
        /// Connections of each process for lists and figures.
        reports_connections: u32 = 2, whole(1, 1_000);
        /// Milliseconds that a statement may take which a visitor waits for. The server ends it then.
        serving_timeout_ms: u64 = 2_000, whole(100, 600_000);
        /// The same for statements of artists and workers, and for those that write.
        statement_timeout_ms: u64 = 10_000, whole(100, 600_000);
        /// The same for statements of lists and figures.
        report_timeout_ms: u64 = 60_000, whole(100, 3_600_000);
    }
}

impl DatabaseConfig {
    pub(crate) fn validate(&self) -> Result<(), Problem> {
        const ADDRESS: &str = "must be an address as postgres://user@host/database";
        let is_postgres = |url: &Option<SecretText>| {
            url.as_ref().is_none_or(|url| {
                let url = url.expose();
                let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
                rest.is_some_and(|rest| !rest.is_empty())
            })
        };
        check(is_postgres(&self.url), "database.url", ADDRESS)?;
        check(is_postgres(&self.listen_url), "database.listen_url", ADDRESS)?;
        check(
            self.url.is_some() || self.listen_url.is_none(),
            "database.listen_url",
            "is for a database that database.url names",
        )
    }
}
