//! Committing a frame set.

use actix_web::{HttpRequest, HttpResponse, web::Data};
use assets_pipeline::digest::Digest;

use crate::{
    checks::Checks,
    http::{
        auth::Artist,
        catalog::Catalog,
        problem::{Error, Failure},
        query,
        wire::{framesets as wire, parameters as param, problems},
    },
};

use super::{
    complete::PATIENCE,
    framesets::{answer, id},
};

/// Commit a frame set, which queues its job
///
/// The answer has the job; a second commit changes nothing. The job fetches files that wait in the bucket, also
/// before each retry. Where the frames were checked, and the check has findings that block or ask, the commit has to
/// acknowledge them. It waits up to 20 seconds for a check that runs, and answers `check-running` after that, with
/// `Retry-After`; a commit that acknowledges the revision waits for none.
#[utoipa::path(
    post,
    path = "/api/framesets/{frameset}/commit",
    operation_id = "commitFrameset",
    tag = "Frame sets",
    params(param::Frameset, param::Acknowledge),
    responses(
        (status = 200, description = "The set.", body = wire::Frameset),
        problems::Write,
        problems::NoSuchFrameset,
        problems::NotAcknowledged,
        problems::SetEmpty,
    ),
)]
pub(super) async fn commit(
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    checks: Data<Checks>,
) -> Result<HttpResponse, Failure> {
    let id = id(&request)?;
    let acknowledged = acknowledged(request.query_string())?;
    match acknowledged {
        Some(revision) => catalog.db.commit_revision(&id, revision, &caller.actor).await?,
        None => checks.commit(&id, PATIENCE, &caller.actor).await?,
    }
    answer(&catalog, &id).await
}

/// `?acknowledge=REVISION`
fn acknowledged(query: &str) -> Result<Option<Digest>, Error> {
    let mut acknowledged = None;
    for (key, value) in query::pairs(query)? {
        match key {
            "acknowledge" => {
                let revision: Result<Digest, _> = value.parse();
                let bad = |_no_digest| query::no_such_value(key, value, "the revision of a check");
                acknowledged = Some(revision.map_err(bad)?);
            }
            _ => return Err(query::no_such_key(key, &["acknowledge"])),
        }
    }
    Ok(acknowledged)
}
