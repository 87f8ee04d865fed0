//! Manifests: the negotiated one of a configuration, and the immutable one of a version.

mod json;

use std::sync::Arc;

use actix_web::{
    HttpMessage as _, HttpRequest, HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::Data,
};
use assets_pipeline::digest::Digest;

use crate::{
    db::versions::{Pointer, StoredVersion},
    domain::{
        hints::Hints,
        manifest::{Manifest, Rendition, Urls},
        names::ConfigId,
        namespace::Namespace,
        negotiate::{DeliveryClass, negotiate, word},
    },
};

use self::json::{negotiated_json, raw_hints};
use crate::http::{
    caching::{Caching, answer, preload},
    catalog::{AnswerKey, Catalog, Live, LoadedManifest},
    measure::Served,
    negotiated::Negotiated,
    problem::{At as _, Error, Failure},
    query::{self, SequenceQuery},
    representation::{JSON, accepted, serve_coded},
    scope::Scope,
    segment, sequence_url,
    wire::{files, parameters as param, problems, sequence::NegotiatedManifest, to_json},
};

/// The pattern of a negotiated manifest's address.
pub(in crate::http) const SEQUENCE: &str = "/api/products/customizable/{configuration}/sequence";

/// The negotiated manifest
///
/// Client hints and `Accept` decide; the query takes precedence over both.
#[utoipa::path(
    get,
    path = "/api/products/customizable/{configuration}/sequence",
    operation_id = "showSequence",
    tag = "Storefront",
    params(param::Configuration, param::Forced, param::Explain, param::Conditions),
    responses(
        (status = 200, description = "The live version's manifest, and the decision for this request.",
            body = NegotiatedManifest,
            headers(("ETag", description = "Without `explain=1`."), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::BadChoice,
        problems::Protected,
        problems::NoSpin,
        problems::TakenDown,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn sequence(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let decided = Decided::for_request(&request, &catalog).await?;
    if let Some(rendition) = decided.rendition() {
        Catalog::read_ahead(&catalog, rendition).await;
    }
    negotiated(&request, &catalog, &decided).await
}

/// The negotiated manifest of a version that the caller has found, in the caller's scope.
pub(in crate::http) async fn of_version(
    request: &HttpRequest,
    catalog: &Catalog,
    configuration: ConfigId,
    scope: Scope,
    pointer: Pointer,
) -> Result<HttpResponse, Failure> {
    let query = SequenceQuery::parse(request.query_string()).at(&scope)?;
    let decided = Decided::at(request, catalog, configuration, query, scope, pointer).await?;
    negotiated(request, catalog, &decided).await
}

async fn negotiated(
    request: &HttpRequest,
    catalog: &Catalog,
    decided: &Decided,
) -> Result<HttpResponse, Failure> {
    let Decided { configuration, query, scope, pointer, manifest, class } = decided;
    let stored = &manifest.json;
    if query.explain {
        let json = negotiated_json(catalog, decided, stored, Some(raw_hints(request))).await.at(scope)?;
        return Ok(answer(StatusCode::OK, Caching::Private, scope).content_type(JSON).body(json));
    }
    let live = Live::sequence(configuration, *pointer, class, accepted(request));
    let json = negotiated_json(catalog, decided, stored, None);
    let answer = catalog.answer(live.key().clone(), accepted(request), json).await.at(scope)?;
    let mut response = serve_coded(request, Caching::Manifest, scope, JSON, &answer.coded).at(scope)?;
    // No cache may store the files of a secret scope, so none may fetch them ahead.
    let first = (!scope.is_secret).then(|| first_pack(catalog, decided)).flatten();
    if let Some((name, value)) = first.and_then(|path| preload(&path)) {
        response.headers_mut().insert(name, value);
    }
    if !scope.is_secret {
        request.extensions_mut().insert(Negotiated { live, scope: scope.clone() });
    }
    Ok(response)
}

/// The address of the first pack of the chosen tier, where all clients load the same one. Of two, it would be a waste for some.
fn first_pack(catalog: &Catalog, decided: &Decided) -> Option<String> {
    let rendition = decided.rendition().filter(|rendition| rendition.bare.is_none())?;
    let pack = rendition.packs.first()?.pack;
    let urls = &decided.manifest.manifest.urls;
    Some(catalog.delivery.urls(urls).pack.replace("{pack}", &pack.to_string()))
}

/// A version as clients see it once it is live. In a private namespace, its files are at addresses with the token.
pub(crate) async fn unpublished(
    request: &HttpRequest,
    catalog: &Catalog,
    configuration: ConfigId,
    version: &StoredVersion,
    token: &str,
) -> Result<HttpResponse, Failure> {
    let query = SequenceQuery::parse(request.query_string())?;
    let revision = catalog.db.product_revision(&configuration.product()).await.map_err(Error::from)?;
    let StoredVersion { version, digest, jpeg, namespace } = *version;
    let pointer = Pointer { version, digest, jpeg, revision: revision.unwrap_or(0), namespace };
    let decided = Decided::at(request, catalog, configuration, query, Scope::default(), pointer).await?;
    let hints = decided.query.explain.then(|| raw_hints(request));
    let stored = if namespace.is_private() {
        let manifest = Manifest { urls: Urls::signed(token), ..decided.manifest.manifest.clone() };
        to_json(&manifest)
    } else {
        decided.manifest.json.clone()
    };
    let json = negotiated_json(catalog, &decided, &stored, hints).await?;
    Ok(answer(StatusCode::OK, Caching::Private, &Scope::default()).content_type(JSON).body(json))
}

/// A redirect to the manifest with the decision spelled out
#[utoipa::path(
    get,
    path = "/m/{configuration}/auto",
    operation_id = "redirectToSequence",
    tag = "Storefront",
    params(param::Configuration, param::Forced),
    responses(
        (status = 302, description = "The manifest's address.", headers(("Location"), ("Vary"))),
        problems::BadChoice,
        problems::Protected,
        problems::NoSpin,
        problems::TakenDown,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn auto(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let Decided { configuration, query, scope, class, .. } = Decided::for_request(&request, &catalog).await?;
    if query.explain {
        return Err(Error::BadQuery("a redirect explains nothing".to_owned())).at(&scope);
    }
    let DeliveryClass { tier, frames, format, because: _ } = class;
    let location =
        format!("{}?tier={}&frames={frames}&format={format}", sequence_url(&configuration), word(tier));
    Ok(answer(StatusCode::FOUND, Caching::Private, &scope).insert_header((LOCATION, location)).finish())
}

/// A version's manifest
#[utoipa::path(
    get,
    path = "/m/{digest}.json",
    operation_id = "showManifest",
    tag = "Files",
    params(param::Digest, param::Conditions),
    responses(
        (status = 200, description = "Immutable for a year.", body = Manifest,
            headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::BadQuery,
        problems::NoSuchFile,
        problems::TooManyRequests,
        problems::Internal,
    ),
)]
pub(crate) async fn manifest(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let digest = segment(&request, "file").strip_suffix(".json").and_then(|digest| digest.parse().ok());
    let digest: Digest = digest.ok_or(Error::NoSuchPath)?;
    let unknown = Scope::default().encoded();
    query::none(&request).at(&unknown)?;
    let loaded = catalog.manifest(Namespace::Public, digest).await.at(&unknown)?;
    let scope = Scope::configuration(&loaded.manifest.configuration).encoded();
    immutable(&request, &catalog, Namespace::Public, digest, scope).await
}

/// The manifest of a version as it is stored.
pub(in crate::http) async fn immutable(
    request: &HttpRequest,
    catalog: &Catalog,
    namespace: Namespace,
    digest: Digest,
    scope: Scope,
) -> Result<HttpResponse, Failure> {
    let loaded = catalog.manifest(namespace, digest).await.at(&scope)?;
    let json = async { Ok(loaded.json.clone()) };
    let key = AnswerKey::Manifest(namespace, digest);
    let answer = catalog.answer(key, accepted(request), json).await.at(&scope)?;
    serve_coded(request, Caching::Immutable, &scope, JSON, &answer.coded).at(&scope)
}

/// A request for a configuration's spin, and the decision for it.
struct Decided {
    configuration: ConfigId,
    query: SequenceQuery,
    scope: Scope,
    pointer: Pointer,
    manifest: Arc<LoadedManifest>,
    class: DeliveryClass,
}

impl Decided {
    /// The rendition that was chosen.
    fn rendition(&self) -> Option<&Rendition> {
        let DeliveryClass { tier, format, .. } = &self.class;
        self.manifest.manifest.tiers.get(tier)?.formats.get(format)
    }

    async fn for_request(request: &HttpRequest, catalog: &Catalog) -> Result<Self, Failure> {
        let configuration: ConfigId =
            segment(request, "configuration").parse().map_err(|_bad| Error::NoSuchPath)?;
        let scope = Scope::configuration(&configuration);
        let query = SequenceQuery::parse(request.query_string()).at(&scope.clone().negotiated())?;
        let scope = if query.decides() { scope.encoded() } else { scope.negotiated() };
        let found = catalog.of_live(&configuration, async |pointer| {
            Ok((pointer, catalog.shared_manifest(pointer.digest, pointer.revision).await?))
        });
        let (pointer, manifest) = found.await.at(&scope)?;
        Self::of_manifest(request, catalog, configuration, query, scope, pointer, manifest)
    }

    async fn at(
        request: &HttpRequest,
        catalog: &Catalog,
        configuration: ConfigId,
        query: SequenceQuery,
        scope: Scope,
        pointer: Pointer,
    ) -> Result<Self, Failure> {
        let manifest = catalog.live_manifest(pointer.namespace, pointer.digest).await.at(&scope)?;
        Self::of_manifest(request, catalog, configuration, query, scope, pointer, manifest)
    }

    fn of_manifest(
        request: &HttpRequest,
        catalog: &Catalog,
        configuration: ConfigId,
        query: SequenceQuery,
        scope: Scope,
        pointer: Pointer,
        manifest: Arc<LoadedManifest>,
    ) -> Result<Self, Failure> {
        let hints = Hints::parse(|name| {
            request.headers().get_all(name).map(|value| value.to_str().unwrap_or_default()).collect()
        });
        let class = negotiate(&hints, query.overrides, &manifest.available, &catalog.policy).at(&scope)?;
        catalog.negotiations.count(&class);
        Served { tier: Some(class.tier), format: Some(class.format) }.note(request);
        Ok(Self { configuration, query, scope, pointer, manifest, class })
    }
}
