//! Protecting configurations, making them public again, and signing addresses for protected ones.

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload},
};

use crate::{
    cdn::purge::Purger,
    domain::{
        names::ConfigId,
        signed::{Grant, Shown},
    },
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        forwarded::base,
        private_scope::secret_json,
        problem::{Error, Failure},
        query::NoQuery,
        wire::{
            parameters as param, problems,
            sequences::{Sequence, Sign, SignedAddress},
            timestamp::Timestamp,
        },
    },
    library::protect::{self, Moved},
};

use super::{grants::expiry_s, sequences};

/// How long signed addresses can be valid, in hours.
const HOURS: std::ops::RangeInclusive<i64> = 1..=24 * 366;
const EXAMPLE: &str = r#"{"hours": 24}"#;

/// Make all of a configuration private
///
/// The live version becomes a new version that only signed addresses show, and so does a newer version that is not
/// published. The public versions are deleted with their files, except files that other configurations use. Copies in
/// CDNs and browsers cannot be recalled.
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/protect",
    operation_id = "protect",
    tag = "Protected",
    params(param::Configuration),
    responses(
        (status = 200, description = "The versions.", body = Sequence),
        problems::Write,
        problems::NoSuchSequence,
        problems::Overtaken,
    ),
)]
pub(super) async fn protect(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = sequences::id(&request)?;
    let moved = protect::protect(&catalog.db, &catalog.store, &id, &caller.actor).await?;
    answer(&catalog, &purger, &id, moved).await
}

/// Make a protected configuration public
///
/// The live version becomes a new public version; the private versions are deleted.
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/unprotect",
    operation_id = "unprotect",
    tag = "Protected",
    params(param::Configuration),
    responses(
        (status = 200, description = "The versions.", body = Sequence),
        problems::Write,
        problems::NoSuchSequence,
        problems::Overtaken,
    ),
)]
pub(super) async fn unprotect(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    catalog: Data<Catalog>,
    purger: Data<Purger>,
) -> Result<HttpResponse, Failure> {
    let id = sequences::id(&request)?;
    let moved = protect::unprotect(&catalog.db, &catalog.store, &id, &caller.actor).await?;
    answer(&catalog, &purger, &id, moved).await
}

/// The configuration as it is now, with no purges if it was in that state before.
async fn answer(
    catalog: &Data<Catalog>,
    purger: &Data<Purger>,
    id: &ConfigId,
    moved: Option<Moved>,
) -> Result<HttpResponse, Failure> {
    let purges = moved.map(|moved| moved.purges).unwrap_or_default();
    sequences::deleted(catalog, purger, id, &purges).await
}

/// Sign an address that shows a protected configuration for a limited time
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/sign",
    operation_id = "sign",
    tag = "Protected",
    params(param::Configuration),
    request_body = Sign,
    responses(
        (status = 201, description = "The address.", body = SignedAddress),
        problems::WriteJson,
        problems::NoSuchSequence,
        problems::NotProtected,
        problems::BadField,
    ),
)]
pub(super) async fn sign(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let id = sequences::id(&request)?;
    let Sign { hours } = body::read_json(&request, body, EXAMPLE).await?;
    if !HOURS.contains(&hours) {
        let (low, high) = HOURS.into_inner();
        return Err(Error::BadField(format!("hours: from {low} to {high}")).into());
    }
    let namespace = catalog.db.namespace(&id).await?.ok_or(Error::NoSuchSequence)?;
    if !namespace.is_private() {
        return Err(Error::NotProtected.into());
    }
    let grant = Grant { configuration: id, shown: Shown::Live, until_s: expiry_s(&catalog, hours) };
    let key = catalog.signing_key().await?;
    let expires = Timestamp(grant.until_s * 1000);
    let (id, until) = (&grant.configuration, expires.to_string());
    catalog.db.note_signed(id, key.id.as_str(), &until, &caller.actor).await?;
    let sequence = format!("{}/signed/{}/sequence", base(&request), grant.sign(&key));
    Ok(secret_json(StatusCode::CREATED, &SignedAddress { sequence, expires }))
}
