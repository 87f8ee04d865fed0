//! The OpenAPI document: put together from the wire types and the attributes of handlers.

use actix_web::{HttpRequest, HttpResponse};
use utoipa::{
    Modify, OpenApi,
    openapi::{
        self, Components, PathItem, Ref, RefOr,
        extensions::Extensions,
        path::Operation,
        security::{ApiKey, ApiKeyValue, HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
    },
};

use crate::domain::{keys::Role, names::OptionName};

use super::{
    embedded::Embedded,
    operator, private,
    problem::Failure,
    public::{self, page::send},
    wire::{files, headers, parameters as param, problems},
};

static DOCUMENT: Embedded = Embedded::new("application/json", || openapi_json().into());

/// What is the same for all parts of the API.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Girasol",
        description = "The storefront's addresses are public. Those of artists and operators take a key: `Authorization: \
                       Bearer KEY`, or the session that `POST /api/session` gives for it.\n\nErrors are problem+json \
                       (RFC 9457); the slug at the end of `type` does not change. Every address that answers GET answers \
                       HEAD too, without the body. OPTIONS lists the methods of an address; other methods are 405 \
                       (`wrong-method`) with `Allow`. Addresses are written without percent-encoding, except names of \
                       files.\n\nAnswers may get more fields. The server refuses an unknown query key (400), except for \
                       health, the viewer and this document, and an unknown field (400 `bad-json` or 422 `bad-field`).",
        license(name = "MIT OR Apache-2.0", identifier = "MIT OR Apache-2.0"),
    ),
    servers((url = "/")),
    tags(
        (name = "Storefront", description = "For storefronts: products, configurations, and the manifest for a client."),
        (name = "Files", description = "Frames, packs, stills and manifests, which CDNs cache; and the viewer."),
        (name = "Frame sets",
            description = "The raw frames of one configuration: open a set, fill it, check it and commit it."),
        (name = "Uploads", description = "Large files and unreliable connections: tus 1.0. An upload resumes where it stopped."),
        (name = "Jobs", description = "From a committed frame set to a version."),
        (name = "Versions",
            description = "Immutable versions of a spin. One of them is live; preview links show a version before that."),
        (name = "Products", description = "Product files; and the configurations that clients asked for and that have no spin."),
        (name = "Protected", description = "Unreleased designs: signed addresses show them for a limited time."),
        (name = "Keys", description = "Who may do what. `girasol key create` makes the first key."),
        (name = "Operation", description = "For load balancers and operators."),
    ),
    paths(show),
    components(schemas(problems::Problem, OptionName)),
    modifiers(&Shared),
)]
struct Base;

/// Adds the parts that operations refer to.
struct Shared;

impl Modify for Shared {
    fn modify(&self, document: &mut openapi::OpenApi) {
        let summary = ("summary", "360-degree jewelry spins, delivered progressively.");
        document.info.extensions = Some(Extensions::from_iter([summary]));
        let components = document.components.get_or_insert_with(Components::new);
        let responses = problems::all().into_iter().chain(files::all());
        components.responses.extend(responses.map(|(name, response)| (name.to_owned(), RefOr::T(response))));
        let headers = headers::all().into_iter();
        components.headers.extend(headers.map(|(name, header)| (name.to_owned(), RefOr::T(header))));
        components.security_schemes.extend(security_schemes());
    }
}

fn security_schemes() -> [(String, RefOr<SecurityScheme>); 2] {
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("girasol_ID_SECRET")
        .description(Some("A key."))
        .build();
    let about = "The session that `POST /api/session` gives for a key. Only a page of the same origin may write with it. Without \
                 TLS the cookie's name is `girasol_session`.";
    let session = ApiKey::Cookie(ApiKeyValue::with_description("__Host-girasol_session", about));
    [
        ("bearer".to_owned(), RefOr::T(SecurityScheme::Http(bearer))),
        ("session".to_owned(), RefOr::T(SecurityScheme::ApiKey(session))),
    ]
}

/// This document
#[utoipa::path(
    get,
    path = "/api/openapi.json",
    operation_id = "showOpenapi",
    tag = "Operation",
    params(param::Conditions),
    responses(
        (status = 200, description = "OpenAPI 3.1. `/docs` shows it to people.", body = serde_json::Value,
            headers(("ETag"), ("Cache-Control"), ("Vary"))),
        files::Conditional,
        problems::Internal,
    ),
)]
pub(super) async fn show(request: HttpRequest) -> Result<HttpResponse, Failure> {
    send(&request, &DOCUMENT).await
}

/// The document as JSON.
///
/// # Panics
///
/// Only if the routes describe something that is no JSON, which every test of the document would show.
#[must_use]
pub fn openapi_json() -> Vec<u8> {
    let mut document = Base::openapi();
    document.merge(public::Operations::openapi());
    for (mut keyed, role) in
        [(private::Operations::openapi(), Role::Artist), (operator::Operations::openapi(), Role::Admin)]
    {
        for operation in operations(&mut keyed) {
            operation.security.get_or_insert_with(|| with_key(role));
        }
        document.merge(keyed);
    }
    for operation in operations(&mut document) {
        tidy(operation);
    }
    serde_json::to_vec(&document).expect("an OpenAPI document is JSON")
}

/// A key of the role in a header, or a session of such a key.
fn with_key(role: Role) -> Vec<SecurityRequirement> {
    ["bearer", "session"].map(|scheme| SecurityRequirement::new(scheme, [role.as_str()])).to_vec()
}

fn operations(document: &mut openapi::OpenApi) -> impl Iterator<Item = &mut Operation> {
    document.paths.paths.values_mut().flat_map(|item| {
        let PathItem { get, put, post, delete, options, head, patch, .. } = item;
        [get, put, post, delete, options, head, patch].into_iter().flatten()
    })
}

/// Writes down what the attributes leave out: that no key is needed, that a busy database is no internal error, that requests
/// with a key are counted, and headers that are described once.
fn tidy(operation: &mut Operation) {
    if operation.responses.responses.contains_key("500") {
        let busy = RefOr::Ref(Ref::from_response_name("NotReady"));
        operation.responses.responses.entry("503".to_owned()).or_insert(busy);
    }
    if operation.responses.responses.contains_key("401") {
        let limited = RefOr::Ref(Ref::from_response_name("TooManyRequests"));
        operation.responses.responses.entry("429".to_owned()).or_insert(limited);
    }
    let security = operation.security.get_or_insert_default();
    security.retain(|requirement| *requirement != SecurityRequirement::default());
    for response in operation.responses.responses.values_mut() {
        let RefOr::T(response) = response else { continue };
        for (name, header) in &mut response.headers {
            if matches!(header, RefOr::T(header) if header.description.is_none()) {
                *header = headers::reference(name);
            }
        }
    }
}
