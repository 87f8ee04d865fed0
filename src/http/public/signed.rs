//! Signed addresses: the manifest, frames, packs and stills of a protected configuration.
//!
//! The token stands in the path, before all that the manifest's relative templates name, so that whoever has the
//! manifest's address has the rest. What it opens is one configuration's namespace of the store, in which nothing of another
//! one is.

use std::time::Instant;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::Data,
};

use crate::{
    db::{
        now_ms,
        versions::{Pointer, StoredVersion},
    },
    domain::{
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
};

/// `GET /signed/{token}/sequence`
pub(crate) async fn sequence(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let (began, scope) = (Instant::now(), Scope::secret());
    match open(&request, &catalog).await.at(&scope)? {
        Opened::Private { configuration, shown, .. } => {
            let pointer = shown.ok_or_else(|| Error::NoSpin(configuration.clone())).at(&scope)?;
            sequence::of_version(&request, &catalog, configuration, scope, pointer, began).await
        }
        Opened::Released(id) => Ok(redirect(&request, &sequence_url(&id), &scope)),
    }
}

/// `GET /signed/{token}/s/{set}/{degree}.{avif,webp}`
pub(crate) async fn frame(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    file(&request, &catalog, objects::frame_key(&request)).await
}

/// `GET /signed/{token}/p/{digest}.pack`
pub(crate) async fn pack(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    file(&request, &catalog, objects::pack_key(&request)).await
}

async fn file(
    request: &HttpRequest,
    catalog: &Catalog,
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

/// `GET /signed/{token}/still.{avif,webp,jpg}` and `GET /signed/{token}/{digest}.json`
pub(crate) async fn other(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let scope = Scope::secret();
    let opened = open(&request, &catalog).await.at(&scope)?;
    query::none(&request).at(&scope)?;
    let (name, extension) = segment(&request, "file").rsplit_once('.').ok_or(Error::NoSuchFile).at(&scope)?;
    match opened {
        Opened::Private { namespace, .. } if extension == "json" => {
            let digest = name.parse().map_err(|_bad| Error::NoSuchFile).at(&scope)?;
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

/// What a token opens.
enum Opened {
    /// A protected configuration.
    Private { configuration: ConfigId, namespace: Namespace, shown: Option<Pointer> },
    /// The live version of one that is public by now: what was shown by signed addresses is still to be seen.
    Released(ConfigId),
}

async fn open(request: &HttpRequest, catalog: &Catalog) -> Result<Opened, Error> {
    let grant = catalog.grant(segment(request, "token")).await?.ok_or(Error::SignatureRefused)?;
    if grant.is_expired(now_ms()) {
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
        // It opens the namespace that the version is in, and none that the configuration came to later.
        Shown::Version(version) => {
            let stored = catalog.db.stored_version(&configuration, version).await?;
            let StoredVersion { version, digest, jpeg, namespace } =
                stored.filter(|stored| stored.namespace == protected.namespace).ok_or(Error::NoSuchFile)?;
            (namespace, Some(Pointer { version, digest, jpeg, revision: 0, namespace }))
        }
    };
    Ok(Opened::Private { configuration, namespace, shown })
}

/// For now: it may be protected again.
fn redirect(request: &HttpRequest, path: &str, scope: &Scope) -> HttpResponse {
    let query = request.query_string();
    let mark = if query.is_empty() { "" } else { "?" };
    answer(StatusCode::TEMPORARY_REDIRECT, Caching::Private, scope)
        .insert_header((LOCATION, format!("{path}{mark}{query}")))
        .finish()
}
