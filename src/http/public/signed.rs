//! Signed addresses: the manifest, frames, packs and stills of a protected configuration.
//!
//! The token stands in the path before the manifest's relative templates, so that the manifest's address leads to all
//! of its files. It opens one configuration's namespace of the store, which holds nothing of any other configuration.

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::Data,
};

use crate::{
    db::versions::{Pointer, StoredVersion},
    domain::{
        manifest::Manifest,
        names::ConfigId,
        namespace::Namespace,
        signed::{Grant, Shown},
    },
    store::ObjectKey,
};

use super::{objects, sequence};
use crate::http::{
    caching::{Caching, answer},
    catalog::Catalog,
    problem::{At as _, Error, Failure},
    query,
    scope::Scope,
    segment, sequence_url,
    wire::{files, parameters as param, problems, sequence::NegotiatedManifest},
};

/// The negotiated manifest of a protected configuration
///
/// Its templates are relative and lead to the addresses below. If the configuration is public by now, the server
/// redirects to the public manifest.
#[utoipa::path(
    get,
    path = "/signed/{token}/sequence",
    operation_id = "showSignedSequence",
    tag = "Protected",
    params(param::Signed, param::Forced, param::Explain, param::Conditions),
    responses(
        (status = 200, description = "For this caller alone.", body = NegotiatedManifest,
            headers(("ETag", description = "Without `explain=1`."), ("Cache-Control"))),
        (status = 307, description = "The public address: the configuration is public now.", headers(("Location"))),
        files::Conditional,
        problems::BadChoice,
        problems::NotSigned,
        problems::NoSpinOrFile,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn sequence(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let scope = Scope::secret();
    let opened = open(&request, &catalog).await.at(&scope)?;
    let configuration = opened.configuration().clone();
    match manifest(&request, &catalog, opened).await {
        // The configuration may have been released, or protected anew, since it was opened.
        Err(failure) if failure.is_absence() => {
            catalog.evict_pointer(&configuration).await;
            manifest(&request, &catalog, open(&request, &catalog).await.at(&scope)?).await
        }
        answered => answered,
    }
}

async fn manifest(request: &HttpRequest, catalog: &Catalog, opened: Opened) -> Result<HttpResponse, Failure> {
    let scope = Scope::secret();
    match opened {
        Opened::Private { configuration, shown, .. } => {
            let pointer = shown.ok_or_else(|| Error::NoSpin(configuration.clone())).at(&scope)?;
            sequence::of_version(request, catalog, configuration, scope, pointer).await
        }
        Opened::Released(id) => Ok(redirect(request, &sequence_url(&id), &scope)),
    }
}

/// A frame of a protected configuration
#[utoipa::path(
    get,
    path = "/signed/{token}/s/{set}/{degree}.{format}",
    operation_id = "showSignedFrame",
    tag = "Protected",
    params(param::Signed, param::Set, param::Degree, param::FrameFormat, param::Ranged),
    responses(
        files::SignedFrame,
        problems::BadQuery,
        problems::NotSigned,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    )
)]
pub(crate) async fn frame(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    file(&request, &catalog, objects::frame_key(&request)).await
}

/// A pack of a protected configuration
#[utoipa::path(
    get,
    path = "/signed/{token}/p/{digest}.pack",
    operation_id = "showSignedPack",
    tag = "Protected",
    params(param::Signed, param::Digest, param::Ranged),
    responses(
        files::SignedPack,
        problems::BadQuery,
        problems::NotSigned,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    )
)]
pub(crate) async fn pack(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    file(&request, &catalog, objects::pack_key(&request)).await
}

async fn file(
    request: &HttpRequest,
    catalog: &Data<Catalog>,
    key: Result<ObjectKey, Error>,
) -> Result<HttpResponse, Failure> {
    let scope = Scope::secret();
    let namespace = match open(request, catalog).await.at(&scope)? {
        Opened::Private { namespace, .. } => namespace,
        Opened::Released(_) => return Err(Error::NoSuchFile).at(&scope),
    };
    query::none(request).at(&scope)?;
    objects::send(request, catalog, Caching::Private, &scope, key.at(&scope)?.within(namespace)).await
}

/// The hero frame of a protected configuration
#[utoipa::path(
    get,
    path = "/signed/{token}/still.{format}",
    operation_id = "showSignedStill",
    tag = "Protected",
    params(param::Signed, param::StillFormat, param::Ranged),
    responses(
        files::SignedStill,
        (status = 307, description = "The public address: the configuration is public now.", headers(("Location"))),
        problems::BadQuery,
        problems::NotSigned,
        problems::NoSpinOrFile,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
#[expect(dead_code, reason = "`other` answers the address; this describes it")]
fn still() {}

/// A version's manifest of a protected configuration
#[utoipa::path(
    get,
    path = "/signed/{token}/{digest}.json",
    operation_id = "showSignedManifest",
    tag = "Protected",
    params(param::Signed, param::Digest, param::Conditions),
    responses(
        (status = 200, description = "For this caller alone.", body = Manifest,
            headers(("ETag"), ("Cache-Control"))),
        files::Conditional,
        problems::BadQuery,
        problems::NotSigned,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn other(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let scope = Scope::secret();
    let opened = open(&request, &catalog).await.at(&scope)?;
    query::none(&request).at(&scope)?;
    let (name, extension) = segment(&request, "file").rsplit_once('.').ok_or(Error::NoSuchPath).at(&scope)?;
    match opened {
        Opened::Private { namespace, .. } if extension == "json" => {
            let digest = name.parse().map_err(|_bad| Error::NoSuchPath).at(&scope)?;
            sequence::immutable(&request, &catalog, namespace, digest, scope).await
        }
        Opened::Private { configuration, namespace, shown } if name == "still" => {
            let format = objects::still_format(extension).at(&scope)?;
            let pointer = shown.ok_or(Error::NoSpin(configuration)).at(&scope)?;
            let key = objects::still_key(&catalog, &pointer, format).await.at(&scope)?;
            objects::send(&request, &catalog, Caching::Private, &scope, key.within(namespace)).await
        }
        Opened::Released(id) if name == "still" => {
            objects::still_format(extension).at(&scope)?;
            Ok(redirect(&request, &format!("/still/{id}.{extension}"), &scope))
        }
        _ => Err(Error::NoSuchFile).at(&scope),
    }
}

/// A request for the loupe of a protected configuration's live version
///
/// As that for a public one.
#[utoipa::path(
    post,
    path = "/signed/{token}/loupe",
    operation_id = "requestSignedLoupe",
    tag = "Protected",
    params(param::Signed),
    responses(
        (status = 202, description = "It is queued."),
        (status = 204, description = "Nothing is queued: it is there or waits already, cannot be made, or enough were asked for today."),
        problems::BadQuery,
        problems::NotSigned,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn loupe(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let scope = Scope::secret();
    let opened = open(&request, &catalog).await.at(&scope)?;
    query::none(&request).at(&scope)?;
    super::loupe::of(&catalog, opened.configuration(), scope).await
}

/// The configuration that a token opens.
enum Opened {
    /// A protected configuration.
    Private { configuration: ConfigId, namespace: Namespace, shown: Option<Pointer> },
    /// The live version of a configuration that is public by now: its signed addresses redirect.
    Released(ConfigId),
}

impl Opened {
    const fn configuration(&self) -> &ConfigId {
        match self {
            Self::Private { configuration, .. } | Self::Released(configuration) => configuration,
        }
    }
}

async fn open(request: &HttpRequest, catalog: &Catalog) -> Result<Opened, Error> {
    let grant = catalog.grant(segment(request, "token")).await?.ok_or(Error::SignatureRefused)?;
    if grant.is_expired(catalog.db.now_ms()) {
        return Err(Error::SignatureExpired);
    }
    let Grant { configuration, shown, .. } = grant;
    let Some(protected) = catalog.protected(&configuration).await? else {
        return match shown {
            Shown::Live => Ok(Opened::Released(configuration)),
            Shown::Version(_) => Err(Error::NoSuchFile),
        };
    };
    let (namespace, shown) = match shown {
        Shown::Live => (protected.namespace, protected.live),
        // It opens the namespace of the version, and no namespace that the configuration got later.
        Shown::Version(version) => {
            let stored = catalog.db.stored_version(&configuration, version).await?;
            let StoredVersion { version, digest, jpeg, namespace } =
                stored.filter(|stored| stored.namespace == protected.namespace).ok_or(Error::NoSuchFile)?;
            (namespace, Some(Pointer { version, digest, jpeg, revision: 0, namespace }))
        }
    };
    Ok(Opened::Private { configuration, namespace, shown })
}

/// A temporary redirect: the configuration may be protected again.
fn redirect(request: &HttpRequest, path: &str, scope: &Scope) -> HttpResponse {
    let query = request.query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    answer(StatusCode::TEMPORARY_REDIRECT, Caching::Private, scope)
        .insert_header((LOCATION, format!("{path}{mark}{query}")))
        .finish()
}
