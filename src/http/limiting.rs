//! Rate limits of requests: which class a request is of, which client it counts for, and what the client hears.
//!
//! Visitors are counted by their address before anything else is done, clients with a key by their key once it is known.
//! Frames, packs and the files of the viewer are never counted: they come from memory, and a cache in front has them. Only those
//! are that were looked for and are not there.

use std::net::IpAddr;

use actix_web::{
    Error as ActixError, HttpMessage as _, HttpRequest, ResponseError as _,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};

use crate::{
    domain::{
        keys::KeyId,
        limit::{Class, Subject, whole_seconds},
    },
    limits::{Limits, Standing},
    notices::Notices,
};

use super::{
    admission,
    forwarded::{self, Sender},
    gate::Turn,
    problem::{Error, Failure},
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");
/// The window of every policy, in seconds.
const WINDOW_SECONDS: u32 = 60;

/// Refuses a visitor's request beyond the limit of its address, and says in the headers how the client stands.
pub async fn limit<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, ActixError> {
    if let Some(class) = class_of(request.method(), request.path())
        && let Some(standing) = by_address(request.request(), class).await
    {
        if let Some(wait) = standing.refused_for {
            let refusal = Failure::from(Error::TooManyRequests(wait)).error_response();
            let mut response = request.into_response(refusal.map_into_right_body());
            show(&standing, response.headers_mut());
            return Ok(response);
        }
        request.extensions_mut().insert(standing);
    }
    let mut response = next.call(request).await?.map_into_left_body();
    let standing = response.request().extensions().get::<Standing>().copied();
    if let Some(standing) = standing
        && is_for_one_client(response.headers())
    {
        show(&standing, response.headers_mut());
    }
    Ok(response)
}

/// The class of a visitor's request; `None` for what is never limited, or by its key.
fn class_of(method: &Method, path: &str) -> Option<Class> {
    if *method == Method::OPTIONS {
        return None;
    }
    if path == "/api/vitals" {
        return Some(Class::Vitals);
    }
    if let Some(signed) = path.strip_prefix("/signed/") {
        let file = signed.split_once('/').map_or("", |(_token, file)| file);
        return (!file.starts_with("s/") && !file.starts_with("p/")).then_some(Class::Reads);
    }
    let is_read = ["/api/products/customizable/", "/m/", "/still/", "/preview/"];
    is_read.iter().any(|prefix| path.starts_with(prefix)).then_some(Class::Reads)
}

/// Counts a request for its client's address.
async fn by_address(request: &HttpRequest, class: Class) -> Option<Standing> {
    limits(request)?.take(class, &visitor(request)?).await
}

/// Looks for an object that is not in memory, and counts it for the client's address if it is not there. A client that has asked
/// for too many of those is refused before the store is asked, unless the object is known to be there.
pub(super) async fn look_for<T>(
    request: &HttpRequest,
    is_known: impl Future<Output = bool>,
    look: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Some((limits, visitor)) = limits(request).zip(visitor(request)) else { return look.await };
    if limits.is_refused(Class::Absent, &visitor)
        && !is_known.await
        && let Some(standing) = limits.refused(Class::Absent, &visitor)
    {
        admit(request, standing)?;
    }
    let looked = look.await;
    if matches!(looked, Err(Error::NoSuchFile))
        && let Some(standing) = limits.take(Class::Absent, &visitor).await
    {
        admit(request, standing)?;
    }
    looked
}

/// The client that a visitor's request counts for; `None` where it is not limited by address.
fn visitor(request: &HttpRequest) -> Option<Subject> {
    let limits = limits(request)?;
    let address = match forwarded::sender(request)? {
        Sender::Client(address) => address,
        Sender::Stranger(peer) => {
            if !limits.counts_behind_strangers() {
                notice_stranger(request, peer);
                return None;
            }
            peer
        }
        // It has named no client: what it sends may come from any number of them.
        Sender::Proxy => return None,
    };
    limits.subject(address)
}

fn notice_stranger(request: &HttpRequest, peer: IpAddr) {
    const TEXT: &str = "requests name a client in X-Forwarded-For, X-Real-IP or Forwarded, and no proxy in \
                        server.trusted_proxies has sent them: such clients are not limited by address";
    let Some(notices) = request.app_data::<Data<Notices>>() else { return };
    if notices.raise("unknown-proxy", TEXT) {
        tracing::warn!(
            %peer,
            "a proxy seems to be in front that server.trusted_proxies does not name: its clients are not limited by address. \
             Name it there, or set limits.unknown_proxies to \"limited\" where clients reach the server directly"
        );
    }
}

/// Counts a request for its key.
pub(super) async fn by_key(request: &HttpRequest, key: &KeyId) -> Result<(), Error> {
    let Some(limits) = limits(request) else { return Ok(()) };
    let class = if request.method().is_safe() { Class::KeyReads } else { Class::KeyWrites };
    match limits.take(class, &Subject::Key(key.clone())).await {
        Some(standing) => admit(request, standing),
        None => Ok(()),
    }
}

/// A key or session that a client tries.
pub(super) struct Attempt<'a> {
    request: &'a HttpRequest,
    credential: String,
    /// Which client failures are counted for.
    subject: Option<Subject>,
    /// The turn to try it, where it was not good a while ago.
    turn: Option<Turn>,
}

impl<'a> Attempt<'a> {
    /// Refuses one from an address of which too many have failed, before the database is asked. One that was good a while
    /// ago is let through: an artist is not locked out by others of the same address. It waits for the turn of its request,
    /// and any other one for a turn to be tried.
    pub(super) async fn begin(request: &'a HttpRequest, credential: String) -> Result<Self, Error> {
        let limits = limits(request);
        let subject = limits.and_then(|limits| {
            // A header that is not believed opens no way around this limit.
            let address = match forwarded::sender(request)? {
                Sender::Client(address) | Sender::Stranger(address) => address,
                Sender::Proxy => return None,
            };
            limits.subject(address)
        });
        if limits.is_some_and(|limits| limits.is_proven(&credential)) {
            admission::enter(request).await?;
            return Ok(Self { request, credential, subject, turn: None });
        }
        if let Some((limits, subject)) = limits.zip(subject.as_ref())
            && let Some(standing) = limits.refused(Class::Failures, subject)
        {
            admit(request, standing)?;
        }
        let turn = admission::to_be_tried(request).await?;
        Ok(Self { request, credential, subject, turn })
    }

    /// The credential is good.
    pub(super) async fn succeeded(self) -> Result<(), Error> {
        if let Some(limits) = limits(self.request) {
            limits.prove(&self.credential, true);
        }
        match self.turn {
            Some(turn) => {
                drop(turn);
                admission::enter(self.request).await
            }
            None => Ok(()),
        }
    }

    /// It is not: what the client hears is this error, or that it has tried too often.
    pub(super) async fn failed(self, error: Error) -> Error {
        let Some(limits) = limits(self.request) else { return error };
        limits.prove(&self.credential, false);
        let Some(subject) = &self.subject else { return error };
        match limits.take(Class::Failures, subject).await {
            Some(standing) => admit(self.request, standing).err().unwrap_or(error),
            None => error,
        }
    }
}

/// Notes how the client stands, for the headers of the answer, and refuses it where it has to wait.
fn admit(request: &HttpRequest, standing: Standing) -> Result<(), Error> {
    request.extensions_mut().insert(standing);
    standing.refused_for.map_or(Ok(()), |wait| Err(Error::TooManyRequests(wait)))
}

fn limits(request: &HttpRequest) -> Option<&Data<Limits>> {
    request.app_data::<Data<Limits>>()
}

/// A cache would show one client how another one stands.
fn is_for_one_client(headers: &HeaderMap) -> bool {
    headers.get(CACHE_CONTROL).is_some_and(|value| value.as_bytes().ends_with(b"no-store"))
}

/// `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-10, sections 3 and 4).
fn show(standing: &Standing, headers: &mut HeaderMap) {
    let Standing { class, per_minute, remaining, .. } = standing;
    let (name, reset) = (class.as_str(), whole_seconds(standing.reset()));
    let values = [
        (POLICY, format!("\"{name}\";q={per_minute};w={WINDOW_SECONDS}")),
        (LIMIT, format!("\"{name}\";r={remaining};t={reset}")),
    ];
    for (header, value) in values {
        if let Ok(value) = HeaderValue::try_from(value) {
            headers.insert(header, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_costs_is_limited_and_frames_are_not() {
        let class = |path| class_of(&Method::GET, path);
        for path in [
            "/api/products/customizable/ring.solitaire/sequence",
            "/api/products/customizable/ring/solitaire",
            "/m/0123.json",
            "/still/ring.solitaire.jpg",
            "/signed/token/sequence",
            "/signed/token/still.jpg",
            "/preview/token",
        ] {
            assert_eq!(class(path), Some(Class::Reads), "{path}");
        }
        assert_eq!(class_of(&Method::POST, "/api/vitals"), Some(Class::Vitals));
        for path in [
            "/s/0123/000.avif",
            "/p/0123.pack",
            "/signed/token/s/0123/000.avif",
            "/signed/token/p/0123.pack",
            "/girasol-spin.js",
            "/api/health/ready",
            "/api/openapi.json",
            "/api/framesets",
            "/",
        ] {
            assert_eq!(class(path), None, "{path}");
        }
        assert_eq!(class_of(&Method::OPTIONS, "/api/vitals"), None);
    }

    #[test]
    fn headers_are_of_the_draft() {
        let mut headers = HeaderMap::new();
        let standing =
            Standing { class: Class::KeyWrites, per_minute: 600, remaining: 597, refused_for: None };
        show(&standing, &mut headers);
        assert_eq!(headers.get("ratelimit-policy").unwrap(), "\"key-writes\";q=600;w=60");
        assert_eq!(headers.get("ratelimit").unwrap(), "\"key-writes\";r=597;t=1");
        let refused = Standing { remaining: 0, refused_for: Some(Duration::from_millis(2_001)), ..standing };
        show(&refused, &mut headers);
        assert_eq!(headers.get("ratelimit").unwrap(), "\"key-writes\";r=0;t=3");
    }
}
