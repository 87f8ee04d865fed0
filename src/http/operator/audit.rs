//! The audit trail: pages in JSON, and exports.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Bytes, Data},
};
use futures_util::stream;

use crate::{
    db::Db,
    http::{
        auth::Admin,
        catalog::Catalog,
        export::ExportFormat,
        private_scope::secret_json,
        problem::{Error, Failure},
        query, spreadsheet,
        wire::{
            audit::{self, AuditEntry},
            parameters as param, problems, to_json,
        },
    },
};

/// The entries of one page, and of one query of an export.
const PAGE: u32 = 500;

/// The audit trail: every change, by whom and from where
///
/// For admins.
#[utoipa::path(
    get,
    path = "/api/audit",
    operation_id = "showAudit",
    tag = "Operation",
    params(param::After, param::AuditFormat),
    responses(
        (
            status = 200,
            description = "A page as JSON, or all entries as CSV or NDJSON.",
            content(
                (audit::AuditPage = "application/json"),
                (String = "application/x-ndjson"),
                (String = "text/csv"),
            ),
        ),
        problems::Read,
    ),
)]
pub(super) async fn show(
    _: Admin,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let (mut after, mut format) = (0, ExportFormat::Json);
    for (key, value) in query::pairs(request.query_string())? {
        let unknown = |allowed: &str| query::no_such_value(key, value, allowed);
        match key {
            "after" => after = value.parse().map_err(|_no_number| unknown("the number of an entry"))?,
            "format" => format = ExportFormat::parse(key, value)?,
            _ => return Err(query::no_such_key(key, &["after", "format"]).into()),
        }
    }
    if format == ExportFormat::Json {
        return page(&catalog.db, after).await;
    }
    format.stream(&request, "audit", export(catalog.db.clone(), after, format)).await
}

async fn page(db: &Db, after: i64) -> Result<HttpResponse, Failure> {
    let entries: Vec<AuditEntry> =
        db.for_reports().audit(after, PAGE).await?.into_iter().map(Into::into).collect();
    let next = entries.last().filter(|_| entries.len() == PAGE as usize).map(|line| line.id);
    Ok(secret_json(StatusCode::OK, &audit::AuditPage { entries, next }))
}

/// Streams all entries after this one, a page at a time.
fn export(
    db: Db,
    after: i64,
    format: ExportFormat,
) -> impl futures_util::Stream<Item = Result<Bytes, Error>> {
    let head = (format == ExportFormat::Csv).then_some("id,at,actor,address,action,subject,detail\n");
    stream::try_unfold((Some(after), head), move |(after, head)| {
        let db = db.clone();
        async move {
            let Some(after) = after else { return Ok(None) };
            let entries = db.for_reports().audit(after, PAGE).await?;
            let next = entries.last().filter(|_| entries.len() == PAGE as usize).map(|entry| entry.id);
            let lines = entries.into_iter().map(AuditEntry::from);
            let mut text = head.unwrap_or_default().to_owned().into_bytes();
            match format {
                ExportFormat::Csv => csv_lines(&mut text, lines)?,
                ExportFormat::Json | ExportFormat::Ndjson => {
                    for line in lines {
                        text.extend(to_json(&line));
                        text.push(b'\n');
                    }
                }
            }
            Ok(Some((Bytes::from(text), (next, None))))
        }
    })
}

fn csv_lines(text: &mut Vec<u8>, lines: impl Iterator<Item = AuditEntry>) -> Result<(), Error> {
    let row = |AuditEntry { id, at, actor, address, action, subject, detail }: AuditEntry| {
        let address = address.unwrap_or_default();
        [id.to_string(), at.to_string(), actor, address, action, subject, detail.to_string()]
    };
    spreadsheet::write(text, lines.map(row))
}
