//! Authorization as types: a handler that takes an [`Artist`], an [`Admin`] or an [`Observer`] runs only for requests that carry a key or a
//! session of that role.

use actix_web::{
    FromRequest, HttpRequest,
    dev::Payload,
    http::{
        Method, Uri,
        header::{AUTHORIZATION, HOST, ORIGIN},
    },
    web::Data,
};
use futures_util::future::LocalBoxFuture;

use crate::{
    db::{Db, keys::StoredKey},
    domain::{
        audit::Actor,
        keys::{ApiKey, Role},
    },
};

use super::{
    catalog::Catalog,
    forwarded,
    limiting::{self, Attempt},
    problem::{Error, Failure},
};

/// The session's cookie where the client has no TLS, as on a laptop.
const COOKIE: &str = "girasol_session";
/// Over TLS browsers take a cookie of this name only from this very host and for all of its paths (RFC 6265bis, section
/// 4.1.3.2): no other host of the same domain can set one.
const SECURE_COOKIE: &str = "__Host-girasol_session";

/// The name of the session's cookie for the client's way here.
pub(super) fn cookie_name(request: &HttpRequest) -> &'static str {
    if forwarded::is_https(request) { SECURE_COOKIE } else { COOKIE }
}

/// A client with a valid key or session, of any role. Extracting it fails with 401, or with 403 where a session writes
/// from another origin.
#[derive(Debug)]
pub(super) struct Caller {
    /// The key, or the key that the session was made from.
    pub(super) key: StoredKey,
    /// The name and address for the audit trail.
    pub(super) actor: Actor,
    /// The session's token, if the request carried a session and not the key itself.
    pub(super) session: Option<String>,
}

/// A caller whose role includes `artist`. Extracting it fails like [`Caller`], or with 403 for a lesser role.
#[derive(Debug)]
pub(super) struct Artist(pub(super) Caller);

/// A caller whose role is `admin`. Extracting it fails like [`Caller`], or with 403 for a lesser role.
#[derive(Debug)]
pub(super) struct Admin(pub(super) Caller);

/// A caller whose role includes `metrics`. Extracting it fails like [`Caller`], or with 403 for another role.
#[derive(Debug)]
pub(super) struct Observer;

/// A caller that is being identified.
type Identifying<T> = LocalBoxFuture<'static, Result<T, Failure>>;

impl FromRequest for Caller {
    type Error = Failure;
    type Future = Identifying<Self>;

    fn from_request(request: &HttpRequest, _body: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(identify(&request).await?) })
    }
}

impl FromRequest for Artist {
    type Error = Failure;
    type Future = Identifying<Self>;

    fn from_request(request: &HttpRequest, _body: &mut Payload) -> Self::Future {
        with_role(Role::Artist, request, Self)
    }
}

impl FromRequest for Admin {
    type Error = Failure;
    type Future = Identifying<Self>;

    fn from_request(request: &HttpRequest, _body: &mut Payload) -> Self::Future {
        with_role(Role::Admin, request, Self)
    }
}

impl FromRequest for Observer {
    type Error = Failure;
    type Future = Identifying<Self>;

    fn from_request(request: &HttpRequest, _body: &mut Payload) -> Self::Future {
        with_role(Role::Metrics, request, |_caller| Self)
    }
}

fn with_role<T: 'static>(role: Role, request: &HttpRequest, of: fn(Caller) -> T) -> Identifying<T> {
    let request = request.clone();
    Box::pin(async move {
        let caller = identify(&request).await?;
        if caller.key.role.includes(role) {
            Ok(of(caller))
        } else {
            Err(Error::InsufficientRole(role).into())
        }
    })
}

async fn identify(request: &HttpRequest) -> Result<Caller, Error> {
    let catalog = request.app_data::<Data<Catalog>>().expect("every route has the catalog as app data");
    let (key, session) = if let Some(key) = bearer(request)? {
        (verify(request, &catalog.db, &key).await?, None)
    } else {
        let token = request.cookie(cookie_name(request)).ok_or(Error::KeyMissing)?.value().to_owned();
        if !is_safe(request.method()) {
            require_same_origin(request)?;
        }
        let attempt = Attempt::begin(request, token.clone()).await?;
        let Some(key) = catalog.db.session_key(&token).await? else {
            return Err(attempt.failed(Error::SessionExpired).await);
        };
        attempt.succeeded().await?;
        (key, Some(token))
    };
    limiting::by_key(request, &key.id).await?;
    let actor = Actor::key(&key.id, address(request));
    Ok(Caller { key, actor, session })
}

/// What a client has shown that sees a live stream or an export.
pub(super) struct Standing {
    db: Db,
    shown: Shown,
}

enum Shown {
    Key(ApiKey),
    Session(String),
}

impl Standing {
    /// Of a client that was identified.
    pub(super) fn of(request: &HttpRequest) -> Result<Self, Error> {
        let catalog = request.app_data::<Data<Catalog>>().expect("every route has the catalog as app data");
        let shown = if let Some(key) = bearer(request)? {
            Shown::Key(key)
        } else {
            let cookie = request.cookie(cookie_name(request)).ok_or(Error::KeyMissing)?;
            Shown::Session(cookie.value().to_owned())
        };
        Ok(Self { db: catalog.db.clone(), shown })
    }

    /// Whether the key was revoked meanwhile, or the session has ended. While the database is away, neither is known.
    pub(super) async fn is_over(&self) -> bool {
        let key = match &self.shown {
            Shown::Key(key) => self.db.verify_key(key).await,
            Shown::Session(token) => self.db.session_key(token).await,
        };
        matches!(key, Ok(None))
    }
}

/// The stored key of a key that a client has sent.
pub(super) async fn verify(request: &HttpRequest, db: &Db, key: &ApiKey) -> Result<StoredKey, Error> {
    let attempt = Attempt::begin(request, key.to_string()).await?;
    match db.verify_key(key).await? {
        Some(stored) => {
            attempt.succeeded().await?;
            Ok(stored)
        }
        None => Err(attempt.failed(Error::KeyRefused).await),
    }
}

/// The client's address for the audit trail.
pub(super) fn address(request: &HttpRequest) -> Option<String> {
    forwarded::client(request).map(|address| address.to_string())
}

/// RFC 6750, section 2.1.
fn bearer(request: &HttpRequest) -> Result<Option<ApiKey>, Error> {
    let Some(value) = request.headers().get(AUTHORIZATION) else { return Ok(None) };
    let text = value.to_str().map_err(|_not_text| Error::KeyRefused)?;
    match text.split_once(' ') {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case("bearer") => {
            key.trim().parse().map(Some).map_err(|_not_a_key| Error::KeyRefused)
        }
        _ => Err(Error::KeyMissing),
    }
}

fn is_safe(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS)
}

/// Refuses a write that a page of another origin makes. Browsers send cookies along with requests that other pages start,
/// and name the page's origin in every write. `SameSite=Strict` blocks other sites; this check also blocks other hosts and
/// ports of the same site.
pub(super) fn require_same_origin(request: &HttpRequest) -> Result<(), Error> {
    let text = |name| request.headers().get(name).and_then(|value| value.to_str().ok());
    let page = text(ORIGIN).and_then(|origin| origin.parse::<Uri>().ok());
    let page = page.as_ref().and_then(Uri::authority).map(ToString::to_string);
    let here = text(HOST).map(str::to_owned).or_else(|| request.uri().authority().map(ToString::to_string));
    if page.is_some() && page == here { Ok(()) } else { Err(Error::CrossOrigin) }
}
