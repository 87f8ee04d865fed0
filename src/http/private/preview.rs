//! Preview links: each shows one version, live or not, to everyone who has it, until it expires.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        StatusCode,
        header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY},
    },
    web::{Data, Payload},
};
use maud::{DOCTYPE, html};
use serde_json::json;

use crate::{
    db::versions::StoredVersion,
    domain::{
        audit::Action,
        signed::{Grant, Shown},
    },
    http::{
        auth::Artist,
        body,
        catalog::Catalog,
        forwarded::base,
        private_scope::{secret, secret_json},
        problem::{Error, Failure},
        query::NoQuery,
        redirect::with_objects,
        segment, sequence,
        wire::{
            parameters as param, problems,
            sequence::NegotiatedManifest,
            sequences::{CreatePreviewLink, PreviewLink},
            timestamp::Timestamp,
        },
    },
};

use super::{grants::expiry_s, sequences};

/// How long links can be valid, in hours.
const HOURS: std::ops::RangeInclusive<i64> = 1..=24 * 90;
const EXAMPLE: &str = r#"{"hours": 72}"#;

/// The page loads nothing but the viewer and the files of this server.
const CONTENT_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
     img-src 'self' blob: data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Make a link that shows a version, live or not
#[utoipa::path(
    post,
    path = "/api/sequences/{configuration}/versions/{version}/preview-link",
    operation_id = "createPreviewLink",
    tag = "Versions",
    params(param::Configuration, param::Version),
    request_body = CreatePreviewLink,
    responses(
        (status = 201, description = "The link.", body = PreviewLink),
        problems::WriteJson,
        problems::NoSuchVersion,
        problems::BadField,
    ),
)]
pub(super) async fn create(
    _: NoQuery,
    Artist(caller): Artist,
    request: HttpRequest,
    body: Payload,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let configuration = sequences::id(&request)?;
    let version = sequences::version(&request)?;
    let CreatePreviewLink { hours } = body::read_json(&request, body, EXAMPLE).await?;
    if !HOURS.contains(&hours) {
        let (low, high) = HOURS.into_inner();
        return Err(Error::BadField(format!("hours: from {low} to {high}")).into());
    }
    sequences::stored(&catalog.db, &configuration, version).await?;
    let detail = json!({ "version": version, "hours": hours });
    let noted = catalog.db.note(&caller.actor, Action::PreviewLink, configuration.as_str(), &detail).await;
    noted?;
    let grant = Grant { configuration, shown: Shown::Version(version), until_s: expiry_s(&catalog, hours) };
    let token = grant.sign(&catalog.signing_key().await?);
    let link = format!("{}/preview/{token}", base(&request));
    let answer =
        PreviewLink { sequence: format!("{link}/sequence"), link, expires: Timestamp(grant.until_s * 1000) };
    Ok(secret_json(StatusCode::CREATED, &answer))
}

/// The page of a preview link
#[utoipa::path(
    get,
    path = "/preview/{token}",
    operation_id = "showPreview",
    tag = "Versions",
    security(()),
    params(param::Token),
    responses(
        (status = 200, description = "The page.", body = String, content_type = "text/html"),
        problems::BadQuery,
        problems::NoSuchLink,
        problems::LinkExpired,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(super) async fn page(
    _: NoQuery,
    request: HttpRequest,
    catalog: Data<Catalog>,
) -> Result<HttpResponse, Failure> {
    let (Grant { configuration, until_s, .. }, StoredVersion { version, .. }) =
        read(&request, &catalog).await?;
    let product = catalog.db.load_product(&configuration.product()).await?;
    let live = catalog.db.pointer(&configuration).await?;
    let is_live = live.is_some_and(|live| live.version == version);
    let label = product.map_or_else(|| configuration.to_string(), |product| product.label);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                title { (label) " \u{b7} version " (version) }
                link rel="icon" href="data:,";
                link rel="stylesheet" href="/preview.css";
                script type="module" src="/girasol-spin.js" {}
            }
            body {
                main {
                    girasol-spin src=(format!("{}/sequence", request.path())) tier="hd"
                        alt=(format!("{label}, turned by dragging or with the arrow keys")) width="1" height="1" {}
                    h1 { (label) }
                    p { "Version " (version) (if is_live { ", live." } else { ", not published." }) " Drag to turn it." }
                    p.quiet { (configuration) " \u{b7} this link ends " (Timestamp(until_s * 1000).readable()) }
                }
            }
        }
    };
    Ok(secret(StatusCode::OK)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CONTENT_SECURITY_POLICY, with_objects(&catalog, CONTENT_POLICY).await?))
        .insert_header((REFERRER_POLICY, "no-referrer"))
        .body(page.into_string()))
}

/// The manifest of a preview link, negotiated as if it were live
#[utoipa::path(
    get,
    path = "/preview/{token}/sequence",
    operation_id = "showPreviewSequence",
    tag = "Versions",
    security(()),
    params(param::Token, param::Forced, param::Explain),
    responses(
        (status = 200, description = "The manifest.", body = NegotiatedManifest, headers(("Cache-Control"))),
        problems::BadChoice,
        problems::NoSuchLink,
        problems::LinkExpired,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(super) async fn manifest(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let (grant, version) = read(&request, &catalog).await?;
    let token = segment(&request, "token");
    sequence::unpublished(&request, &catalog, grant.configuration, &version, token).await
}

async fn read(request: &HttpRequest, catalog: &Catalog) -> Result<(Grant, StoredVersion), Error> {
    let grant = catalog.grant(segment(request, "token")).await?.ok_or(Error::NoSuchLink)?;
    // A token for the live version belongs to a signed address.
    let Shown::Version(version) = grant.shown else { return Err(Error::NoSuchLink) };
    if grant.is_expired(catalog.db.now_ms()) {
        return Err(Error::LinkExpired);
    }
    let version =
        catalog.db.stored_version(&grant.configuration, version).await?.ok_or(Error::LinkExpired)?;
    Ok((grant, version))
}
