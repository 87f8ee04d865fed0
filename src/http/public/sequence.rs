//! Manifests: the negotiated one of a configuration, and the immutable one of a version.

use std::{collections::BTreeMap, sync::Arc, time::Instant};

use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header::LOCATION},
    web::Data,
};
use assets_pipeline::{
    digest::Digest,
    tiers::{Format, TierKey},
};

use crate::{
    db::versions::{Pointer, StoredVersion},
    domain::{
        hints::{self, Hints},
        manifest::{Manifest, Urls},
        names::ConfigId,
        namespace::Namespace,
        negotiate::{DeliveryClass, negotiate, word},
    },
    store::ObjectKey,
};

use crate::http::{
    caching::{Caching, answer, preload, server_timing},
    catalog::{AnswerKey, Catalog, LoadedManifest},
    problem::{At as _, Error, Failure},
    query::{self, SequenceQuery},
    representation::{JSON, serve_precompressed},
    scope::Scope,
    segment, sequence_url,
    wire::{
        files, parameters as param, problems,
        sequence::{Decision, NegotiatedManifest, Policy, Selected, Sibling},
    },
};

/// Siblings in one manifest. Compressed with br, that of a turn of 360 frames has 1.8 KB without any
/// and 2.4 KB with these.
const MAX_SIBLINGS: usize = 24;

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
        problems::Internal,
    ),
)]
pub(crate) async fn sequence(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let began = Instant::now();
    let decided = Decided::for_request(&request, &catalog).await?;
    negotiated(&request, &catalog, &decided, began).await
}

/// The same for a version that the caller has found, as it is shown in this scope.
pub(in crate::http) async fn of_version(
    request: &HttpRequest,
    catalog: &Catalog,
    configuration: ConfigId,
    scope: Scope,
    pointer: Pointer,
    began: Instant,
) -> Result<HttpResponse, Failure> {
    let query = SequenceQuery::parse(request.query_string()).at(&scope)?;
    let decided = Decided::at(request, catalog, configuration, query, scope, pointer).await?;
    negotiated(request, catalog, &decided, began).await
}

async fn negotiated(
    request: &HttpRequest,
    catalog: &Catalog,
    decided: &Decided,
    began: Instant,
) -> Result<HttpResponse, Failure> {
    let Decided { configuration, query, scope, pointer, manifest, class } = decided;
    let stored = &manifest.json;
    if query.explain {
        let json = negotiated_json(catalog, decided, stored, Some(raw_hints(request))).await.at(scope)?;
        return Ok(answer(StatusCode::OK, Caching::Private, scope).content_type(JSON).body(json));
    }
    let key = AnswerKey::Sequence {
        configuration: configuration.clone(),
        digest: pointer.digest,
        revision: pointer.revision,
        class: class.clone(),
    };
    let body = catalog.answer(key, negotiated_json(catalog, decided, stored, None)).await.at(scope)?;
    let mut response = serve_precompressed(request, Caching::Manifest, scope, JSON, &body).at(scope)?;
    // What nobody may keep, no cache can be told to fetch ahead.
    let first = (!scope.is_secret).then(|| first_pack(catalog, decided)).flatten();
    for (name, value) in
        [first.and_then(|path| preload(&path)), server_timing(began.elapsed())].into_iter().flatten()
    {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Where what is loaded first for the chosen tier lies.
fn first_pack(catalog: &Catalog, decided: &Decided) -> Option<String> {
    let Manifest { urls, tiers, .. } = &decided.manifest.manifest;
    let DeliveryClass { tier, format, .. } = &decided.class;
    let pack = tiers.get(tier)?.formats.get(format)?.packs.first()?.pack;
    Some(catalog.delivery.urls(urls).pack.replace("{pack}", &pack.to_string()))
}

/// A version as visitors would see it if it were live, for whoever may look at it before. Where it lies in a private
/// namespace, its files are behind the token.
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
        serde_json::to_vec(&manifest).map_err(|error| unreadable(&pointer, error))?
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
        problems::Internal,
    ),
)]
pub(crate) async fn manifest(request: HttpRequest, catalog: Data<Catalog>) -> Result<HttpResponse, Failure> {
    let digest = segment(&request, "file").strip_suffix(".json").and_then(|digest| digest.parse().ok());
    let digest: Digest = digest.ok_or(Error::NoSuchFile)?;
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
    let body = catalog.answer(AnswerKey::Manifest(namespace, digest), json).await.at(&scope)?;
    serve_precompressed(request, Caching::Immutable, &scope, JSON, &body).at(&scope)
}

/// A request for a configuration's spin, and what was decided for it.
struct Decided {
    configuration: ConfigId,
    query: SequenceQuery,
    scope: Scope,
    pointer: Pointer,
    manifest: Arc<LoadedManifest>,
    class: DeliveryClass,
}

impl Decided {
    async fn for_request(request: &HttpRequest, catalog: &Catalog) -> Result<Self, Failure> {
        let configuration: ConfigId =
            segment(request, "configuration").parse().map_err(|_bad| Error::NoSuchPath)?;
        let scope = Scope::configuration(&configuration);
        let query = SequenceQuery::parse(request.query_string()).at(&scope.clone().negotiated())?;
        let scope = if query.decides() { scope.encoded() } else { scope.negotiated() };
        let pointer = catalog.pointer(&configuration).await.at(&scope)?;
        Self::at(request, catalog, configuration, query, scope, pointer).await
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
        let hints = Hints::parse(|name| {
            request.headers().get_all(name).map(|value| value.to_str().unwrap_or_default()).collect()
        });
        let class = negotiate(&hints, query.overrides, &manifest.available, &catalog.policy).at(&scope)?;
        Ok(Self { configuration, query, scope, pointer, manifest, class })
    }
}

/// The stored manifest with the fields that can change without a new version after its own.
async fn negotiated_json(
    catalog: &Catalog,
    decided: &Decided,
    stored: &[u8],
    hints: Option<BTreeMap<&'static str, String>>,
) -> Result<Vec<u8>, Error> {
    let Decided { pointer, class, .. } = decided;
    let DeliveryClass { tier, frames, format, because } = class;
    let more = Decision {
        digest: pointer.digest,
        policy: Policy::from(&catalog.policy),
        // Boxed: it is needed once in a thousand answers, and large.
        siblings: Box::pin(siblings(catalog, decided)).await?,
        selected: Selected { tier: word(*tier), frames: *frames, format: *format, because: because.clone() },
        hints,
    };
    let more = serde_json::to_vec(&more).map_err(|error| unreadable(pointer, error))?;
    // Both are JSON objects with fields: the stored one less its last brace, the other less its first.
    let redirected = redirected_json(catalog, decided)?;
    let mut json = redirected.unwrap_or_else(|| stored.trim_ascii_end().to_vec());
    json.pop();
    json.push(b',');
    json.extend_from_slice(&more[1..]);
    Ok(json)
}

/// The manifest with the addresses of today, if these are others than it was stored with: where public objects are had
/// from can change without a new version.
fn redirected_json(catalog: &Catalog, decided: &Decided) -> Result<Option<Vec<u8>>, Error> {
    let Decided { pointer, manifest, .. } = decided;
    let manifest = &manifest.manifest;
    let urls = catalog.delivery.urls(&manifest.urls);
    if pointer.namespace != Namespace::Public || urls == manifest.urls {
        return Ok(None);
    }
    let json = serde_json::to_vec(&Manifest { urls, ..manifest.clone() });
    json.map(Some).map_err(|error| unreadable(pointer, error))
}

fn unreadable(pointer: &Pointer, error: serde_json::Error) -> Error {
    Error::ManifestUnreadable(ObjectKey::Manifest(pointer.digest).within(pointer.namespace), Arc::new(error))
}

async fn siblings(catalog: &Catalog, decided: &Decided) -> Result<Vec<Sibling>, Error> {
    let Decided { configuration, pointer, .. } = decided;
    let product = catalog.product_at(&configuration.product(), pointer.revision).await?;
    let Some(product) = product.as_ref() else { return Ok(Vec::new()) };
    let Some(own) = product.spins.iter().find(|spin| spin.configuration == *configuration) else {
        return Ok(Vec::new());
    };
    let own = product.fill(&own.choices);
    let mut siblings = Vec::new();
    for spin in product.siblings(&own).take(MAX_SIBLINGS) {
        let loaded = catalog.live_manifest(Namespace::Public, spin.digest).await?;
        let mut choices = product.fill(&spin.choices);
        choices.retain(|option, choice| own.get(option) != Some(choice));
        siblings.push(Sibling {
            configuration: spin.configuration.clone(),
            choices,
            digest: spin.digest,
            sets: spin_sets(&loaded.manifest),
        });
    }
    Ok(siblings)
}

/// The sets that standard draws on; an early version has only a preview.
fn spin_sets(manifest: &Manifest) -> BTreeMap<Format, Digest> {
    let tier = manifest.tiers.get(&TierKey::Standard).or_else(|| manifest.tiers.get(&TierKey::Preview));
    tier.into_iter()
        .flat_map(|tier| &tier.formats)
        .map(|(format, rendition)| (*format, rendition.set))
        .collect()
}

/// Every hint header as it came, for people who ask why.
fn raw_hints(request: &HttpRequest) -> BTreeMap<&'static str, String> {
    let seen = hints::HEADERS.iter().filter_map(|name| {
        let mut values = request.headers().get_all(*name).peekable();
        values.peek()?;
        let values: Vec<_> = values.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        Some((*name, values.join(", ")))
    });
    seen.collect()
}
