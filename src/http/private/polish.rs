//! What polishing has done for the live version of a configuration, or will.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

use crate::{
    domain::polish::Rules,
    http::{
        auth::Artist,
        catalog::Catalog,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{parameters as param, polish as wire, problems},
    },
};

use super::sequences;

/// What polishing has done for the live version, or will
///
/// While nothing waits in the queue, the most looked-at spins are encoded again with more effort. What is better in every tier
/// goes live in the place of the version that it was made from.
#[utoipa::path(
    get,
    path = "/api/sequences/{configuration}/polish",
    operation_id = "showPolish",
    tag = "Versions",
    params(param::Configuration),
    responses(
        (status = 200, description = "What it has done, or why it does nothing.", body = wire::Polish),
        problems::Read,
        problems::NoSuchSequence,
    ),
)]
pub(super) async fn show(
    _: NoQuery,
    _: Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    rules: Data<Rules>,
) -> Result<HttpResponse, Failure> {
    let (id, db) = (sequences::id(&request)?, &catalog.db);
    if db.namespace(&id).await?.is_none() {
        return Err(Error::NoSuchSequence.into());
    }
    let answer = if let Some(tried) = db.polish_of(&id).await? {
        wire::Polish::tried(tried)
    } else {
        let standing = rules.standing(&db.polish_facts(&id).await?);
        wire::Polish::not_tried(id, standing)
    };
    Ok(secret_json(StatusCode::OK, &answer))
}
