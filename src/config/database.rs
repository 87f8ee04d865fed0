//! `[database]`

use super::{
    problem::{ConfigError, Origin, Problem, check},
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
        url: Option<SecretText> = None, Kind::Secret, "\"postgres://girasol@db.example/girasol\"";
        /// The same database without a pooler between, where `url` goes through one: signals between processes need a
        /// connection of their own.
        listen_url: Option<SecretText> = None, Kind::Secret, "\"postgres://girasol@db.example:5432/girasol\"";
        /// A streaming replica of the same database, which answers visitors while it has replayed all that the process knows
        /// of; otherwise `url` does. It names one server, without a pooler between.
        replica_url: Option<SecretText> = None, Kind::Secret, "\"postgres://girasol@replica.example/girasol\"";
        /// Connections of each process that visitors' requests read with; as many to the replica.
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

/// What is wrong with an address that another command takes.
const BUCKET: &str = "names a bucket, which can hold objects and no database: girasol store copy copies objects. A database is \
    named as postgres://user@host/database, or by a data folder";

impl DatabaseConfig {
    /// The same for the database of a server that a flag of the command line names.
    pub fn at(&self, flag: &'static str, url: String) -> Result<Self, ConfigError> {
        let is_bucket = url.starts_with("s3://");
        let there = Self { url: Some(url.into()), listen_url: None, replica_url: None, ..self.clone() };
        let valid = if is_bucket {
            Err(Problem::of("the URL", BUCKET))
        } else {
            there.validate().map_err(|problem| Problem { key: "the URL".to_owned(), ..problem })
        };
        let refused = |problem| Problem { at: Some(Origin::Flag(flag)), ..problem };
        valid.map_err(|problem| ConfigError::Problems(vec![refused(problem)]))?;
        Ok(there)
    }

    pub(crate) fn validate(&self) -> Result<(), Problem> {
        let urls = [
            ("database.url", &self.url),
            ("database.listen_url", &self.listen_url),
            ("database.replica_url", &self.replica_url),
        ];
        for (key, url) in urls {
            let url = url.as_ref().map(SecretText::expose);
            check(
                url.is_none_or(is_address),
                key,
                "must be an address as postgres://user@host/database; of a password, @ : / ? # and % are percent-encoded",
            )?;
            check(
                url.is_none_or(has_known_parameters),
                key,
                "has a parameter that is not known; known are sslmode, sslrootcert, sslcert, sslkey, application_name, options \
                 and statement-cache-capacity",
            )?;
        }
        check(
            self.url.is_some() || self.listen_url.is_none(),
            "database.listen_url",
            "is for a database that database.url names",
        )?;
        check(
            self.url.is_some() || self.replica_url.is_none(),
            "database.replica_url",
            "is for a Postgres database that database.url names: the embedded one, girasol.db, has no replica",
        )
    }
}

/// Whether user, password, host and database are where they belong. Otherwise a part of the password could be taken for one
/// of the others, and be shown.
fn is_address(url: &str) -> bool {
    let rest = url.strip_prefix("postgres://").or_else(|| url.strip_prefix("postgresql://"));
    let Some(rest) = rest else { return false };
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, _) = after.split_once('?').unwrap_or((after, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let port = host.rsplit_once(':').filter(|_| !host.ends_with(']')).map(|(_, port)| port);
    !authority.is_empty()
        && authority.matches('@').count() <= 1
        && !after.contains(['@', '#'])
        && path.matches('/').count() <= 1
        && port.is_none_or(|port| port.parse::<u16>().is_ok())
        && !url.contains(char::is_whitespace)
}

/// Others would be passed over, and logged with their values.
fn has_known_parameters(url: &str) -> bool {
    const KNOWN: [&str; 7] = [
        "sslmode",
        "sslrootcert",
        "sslcert",
        "sslkey",
        "application_name",
        "options",
        "statement-cache-capacity",
    ];
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    query.split('&').filter(|pair| !pair.is_empty()).all(|pair| {
        let (key, _) = pair.split_once('=').unwrap_or((pair, ""));
        KNOWN.contains(&key.split('[').next().unwrap_or_default())
    })
}
