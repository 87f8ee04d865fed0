//! Lists for people: a page of versions, of jobs or of the trail, and how many entries there are in all.

use sqlx::types::Json;

use crate::domain::{
    audit::Entry,
    job::JobState,
    names::{Choices, ConfigId, ProductId},
};

use super::{
    Db, DbError,
    audit::EntryRow,
    bytes,
    jobs::{JobRow, StoredJob},
    parse,
    versions::{ListedVersion, VersionKind},
};

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Page {
    /// The most entries.
    pub limit: u32,
    /// Entries before them.
    pub skip: u32,
}

/// A page of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Listed<T> {
    /// The entries of the page.
    pub entries: Vec<T>,
    /// Entries on all pages.
    pub total: u64,
}

/// Which versions are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct VersionFilter {
    /// Of this configuration.
    pub configuration: Option<ConfigId>,
    /// Of this product.
    pub product: Option<ProductId>,
    /// The live ones alone.
    pub only_live: bool,
}

/// Which jobs are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct JobFilter {
    /// In this state.
    pub state: Option<JobState>,
    /// Of this product.
    pub product: Option<ProductId>,
}

/// A job and what it encodes.
#[derive(Debug, Clone, PartialEq)]
pub struct ListedJob {
    /// The job.
    pub job: StoredJob,
    /// The product of its frame set.
    pub product: ProductId,
    /// The choices of its frame set.
    pub choices: Choices,
}

/// Which entries of the trail are listed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// Of this action, as `version.publish`.
    pub action: Option<String>,
    /// Of this key, or of the command line.
    pub actor: Option<String>,
    /// About this thing.
    pub subject: Option<String>,
    /// From this moment on, in milliseconds since 1970-01-01 UTC.
    pub since_ms: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct VersionRow {
    configuration_id: String,
    version: i64,
    kind: String,
    digest: String,
    created_at_ms: i64,
    published_at_ms: Option<i64>,
    is_live: bool,
    variant_of: Option<i64>,
}

#[derive(sqlx::FromRow)]
struct ListedJobRow {
    #[sqlx(flatten)]
    job: JobRow,
    product_id: String,
    choices: Json<Choices>,
}

/// Tables and conditions of the list of versions.
macro_rules! versions {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from versions v join configurations c on c.id = v.configuration_id
              where v.remove_at_ms is null
              and (cast($1 as text) is null or c.id = $1) and (cast($2 as text) is null or c.product_id = $2)
              and (not $3 or c.live_version = v.version) ",
            $rest
        )
    };
}

/// Tables and conditions of the list of jobs.
macro_rules! jobs {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from jobs j join framesets s on s.id = j.frameset_id
              where (cast($1 as text) is null or j.state = $1)
              and (cast($2 as text) is null or s.product_id = $2) ",
            $rest
        )
    };
}

/// Conditions of the list of the trail.
macro_rules! audit {
    ($columns:literal, $rest:literal) => {
        concat!(
            "select ",
            $columns,
            " from audit where (cast($1 as text) is null or action = $1)
              and (cast($2 as text) is null or actor = $2) and (cast($3 as text) is null or subject = $3)
              and (cast($4 as bigint) is null or at_ms >= $4) ",
            $rest
        )
    };
}

impl Db {
    /// Versions that are not retired, with their configurations; the newest first.
    pub async fn list_versions(
        &self,
        filter: &VersionFilter,
        page: Page,
    ) -> Result<Listed<(ConfigId, ListedVersion)>, DbError> {
        const ROWS: &str = versions!(
            "v.configuration_id, v.version, v.kind, v.digest, v.created_at_ms, v.published_at_ms,
             coalesce(c.live_version = v.version, false) as is_live, v.variant_of",
            "order by v.created_at_ms desc, v.configuration_id, v.version desc limit $4 offset $5"
        );
        let configuration = filter.configuration.as_ref().map(ConfigId::as_str);
        let product = filter.product.as_ref().map(ToString::to_string);
        let statements = [("versions.page", ROWS), ("versions.count_all", versions!("count(*)", ""))].map(
            |(name, sql)| {
                let statement = self.read(name, sql).bind(configuration).bind(product.clone());
                statement.bind(filter.only_live)
            },
        );
        let [rows, total] = statements;
        let rows: Vec<VersionRow> = rows.bind(page.limit).bind(page.skip).all().await?;
        let entries = rows.into_iter().map(|row| {
            let version = ListedVersion {
                version: row.version,
                kind: VersionKind::read(row.kind)?,
                digest: parse("digest", &row.digest)?,
                created_at_ms: row.created_at_ms,
                published_at_ms: row.published_at_ms,
                is_live: row.is_live,
                variant_of: row.variant_of,
            };
            Ok((parse("configuration", &row.configuration_id)?, version))
        });
        Ok(Listed { entries: entries.collect::<Result<_, DbError>>()?, total: bytes(total.scalar().await?) })
    }

    /// Jobs with what they encode; those that changed last come first.
    pub async fn list_jobs(&self, filter: &JobFilter, page: Page) -> Result<Listed<ListedJob>, DbError> {
        const ROWS: &str =
            jobs!("j.*, s.product_id, s.choices", "order by j.changed_at_ms desc, j.id limit $3 offset $4");
        let state = filter.state.map(JobState::as_str);
        let product = filter.product.as_ref().map(ToString::to_string);
        let statements = [("jobs.page", ROWS), ("jobs.count_all", jobs!("count(*)", ""))]
            .map(|(name, sql)| self.read(name, sql).bind(state).bind(product.clone()));
        let [rows, total] = statements;
        let rows: Vec<ListedJobRow> = rows.bind(page.limit).bind(page.skip).all().await?;
        let entries = rows.into_iter().map(|ListedJobRow { job, product_id, choices }| {
            Ok(ListedJob { job: job.job()?, product: parse("product", &product_id)?, choices: choices.0 })
        });
        Ok(Listed { entries: entries.collect::<Result<_, DbError>>()?, total: bytes(total.scalar().await?) })
    }

    /// Entries of the trail; the newest first.
    pub async fn list_audit(&self, filter: &AuditFilter, page: Page) -> Result<Listed<Entry>, DbError> {
        const ROWS: &str = audit!(
            "id, at_ms, actor, address, action, subject, detail",
            "order by id desc limit $5 offset $6"
        );
        let AuditFilter { action, actor, subject, since_ms } = filter;
        let statements =
            [("audit.page", ROWS), ("audit.count", audit!("count(*)", ""))].map(|(name, sql)| {
                let statement = self.read(name, sql).bind(action.as_deref()).bind(actor.as_deref());
                statement.bind(subject.as_deref()).bind(*since_ms)
            });
        let [rows, total] = statements;
        let rows: Vec<EntryRow> = rows.bind(page.limit).bind(page.skip).all().await?;
        let entries = rows.into_iter().map(EntryRow::entry).collect();
        Ok(Listed { entries, total: bytes(total.scalar().await?) })
    }
}
