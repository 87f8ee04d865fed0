//! What there is of the loupe of a configuration's live version.

use actix_web::{HttpRequest, HttpResponse, http::StatusCode, web::Data};

use crate::{
    domain::loupe::Rules,
    http::{
        auth::Artist,
        catalog::Catalog,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{loupe::LoupeStanding, parameters as param, problems},
    },
    library::loupe::standing,
};

use super::sequences;

/// The loupe of the live version: its bytes, or why there is none
///
/// While nothing waits in the queue, frames at the raw frames' own size are made of the most looked-at spins, for visitors who
/// zoom further than hd goes. They belong to the version and are deleted with it.
#[utoipa::path(
    get,
    path = "/api/sequences/{configuration}/loupe",
    operation_id = "showLoupe",
    tag = "Versions",
    params(param::Configuration),
    responses(
        (status = 200, description = "What there is of it.", body = LoupeStanding),
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
    let live = db.pointer(&id).await?.map(|pointer| pointer.version);
    let standing = standing(db, &rules, &id, live).await?;
    Ok(secret_json(StatusCode::OK, &LoupeStanding::new(id, live, standing)))
}
