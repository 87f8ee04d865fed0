//! Answers in front of the routes, from memory.
//!
//! Nearly all that a server is asked for is immutable and in memory, or was answered a moment ago. Such a request is answered
//! by a look-up or two, without the search for its route, without a span, and without a line in the log but for one in many.
//! Whatever is out of the ordinary about a request goes to the routes, which answer the same: what is not in memory, another
//! spelling of the address, a body, an error.

mod object;
mod sequence;

use std::{
    cell::Cell,
    convert::Infallible,
    future::{Ready, ready},
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
    time::Instant,
};

use actix_http::{Request, Response};
use actix_service::{Service, ServiceFactory};
use actix_web::{
    HttpMessage as _,
    body::{BodySize, EitherBody, MessageBody},
    dev::ServiceResponse,
    http::{
        Method,
        header::{CONTENT_LENGTH, EXPECT, TRANSFER_ENCODING},
    },
    web::{Bytes, Data},
};
use futures_util::{
    TryFutureExt as _,
    future::{Either, LocalBoxFuture, MapOk},
};

use crate::{
    domain::{limit::Class, proxies::TrustedProxies},
    limits::Limits,
    performance::Recorder,
    traces::{self, Sampler},
};

use self::sequence::{Answers, Asked};
use super::{
    catalog::Catalog,
    draining::Draining,
    forwarded::{Sender, sender_of},
    measure::{Route, Served},
    negotiated::Negotiated,
    outgoing::{self, Outgoing},
    public,
    trace::{self, Decided},
};

/// What answers in front of the routes need; cheap to clone.
#[derive(Debug, Clone)]
pub struct Direct {
    /// What is in memory.
    pub catalog: Data<Catalog>,
    /// Connections that are about to end are left to the routes.
    pub draining: Data<Draining>,
    /// Where answers are counted.
    pub recorder: Data<Recorder>,
    /// How often a client may ask.
    pub limits: Data<Limits>,
    /// Who may name clients.
    pub proxies: Data<TrustedProxies>,
    /// Of so many answers one is written into the log; none at 0.
    pub log_one_in: u32,
}

impl Direct {
    /// These routes, with the answers in front of them.
    pub fn before<F>(self, routes: F) -> InFront<F> {
        InFront { direct: self, routes }
    }
}

/// Makes the service of each thread.
#[derive(Debug)]
pub struct InFront<F> {
    direct: Direct,
    routes: F,
}

impl<F, B> ServiceFactory<Request> for InFront<F>
where
    F: ServiceFactory<Request, Response = ServiceResponse<B>>,
    F::Future: 'static,
    F::Service: 'static,
    <F::Service as Service<Request>>::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<EitherBody<B, Body>>;
    type Error = F::Error;
    type Config = F::Config;
    type Service = OfThread<F::Service>;
    type InitError = F::InitError;
    type Future = LocalBoxFuture<'static, Result<Self::Service, Self::InitError>>;

    fn new_service(&self, config: F::Config) -> Self::Future {
        let (direct, routes) = (self.direct.clone(), self.routes.new_service(config));
        Box::pin(routes.map_ok(|routes| OfThread {
            direct,
            routes,
            answers: Rc::default(),
            frames: Route::of(public::FRAME),
            packs: Route::of(public::PACK),
            sequences: Route::of(public::SEQUENCE),
            until_logged: Cell::new(0),
            sampler: traces::sampler(),
        }))
    }
}

/// The answers of one thread.
#[derive(Debug)]
pub struct OfThread<S> {
    direct: Direct,
    routes: S,
    answers: Rc<Answers>,
    frames: Route,
    packs: Route,
    sequences: Route,
    until_logged: Cell<u32>,
    /// `None` where this process exports no traces.
    sampler: Option<&'static Sampler>,
}

impl<S, B> Service<Request> for OfThread<S>
where
    S: Service<Request, Response = ServiceResponse<B>>,
    S::Future: 'static,
    B: MessageBody + 'static,
{
    type Response = Response<EitherBody<B, Body>>;
    type Error = S::Error;
    type Future = Either<
        Ready<Result<Self::Response, S::Error>>,
        Either<
            MapOk<S::Future, fn(S::Response) -> Self::Response>,
            LocalBoxFuture<'static, Result<Self::Response, S::Error>>,
        >,
    >;

    fn poll_ready(&self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.routes.poll_ready(cx)
    }

    fn call(&self, request: Request) -> Self::Future {
        let decided = self.decided(&request);
        if decided.is_none_or(|decided| !decided.is_recorded)
            && let Some(response) = self.answer(&request)
        {
            return Either::Left(ready(Ok(response.map_body(|_, body| EitherBody::right(body)))));
        }
        if let Some(decided) = decided {
            request.extensions_mut().insert(decided);
        }
        let asked = self.to_remember(&request);
        let routed = self.routes.call(request);
        Either::Right(match asked {
            None => Either::Left(routed.map_ok(of_routes)),
            Some(asked) => {
                let answers = self.answers.clone();
                Either::Right(Box::pin(routed.map_ok(move |response| {
                    let negotiated = response.request().extensions_mut().remove::<Negotiated>();
                    if let Some(negotiated) = negotiated {
                        answers.remember(asked, negotiated, response.response().head());
                    }
                    of_routes(response)
                })))
            }
        })
    }
}

fn of_routes<B: MessageBody>(response: ServiceResponse<B>) -> Response<EitherBody<B, Body>> {
    Response::from(response).map_body(|_, body| EitherBody::left(body))
}

impl<S> OfThread<S> {
    /// Whether a request is recorded, where this process exports traces. One that is goes to the routes, which say where its time
    /// went.
    fn decided(&self, request: &Request) -> Option<Decided> {
        let peer = || request.peer_addr().map(|peer| peer.ip());
        let proxies = &self.direct.proxies;
        self.sampler.map(|sampler| Decided::of(sampler, peer(), request.headers(), Some(proxies)))
    }

    /// The answer to a request for what is in memory; `None` where the routes have to answer.
    fn answer(&self, request: &Request) -> Option<Response<Body>> {
        let began = Instant::now();
        if !is_ordinary(request) || self.direct.draining.has_begun() {
            return None;
        }
        let (route, head) = match object::key(request.path()) {
            Some(key) => {
                let route = if key.format().is_some() { &self.frames } else { &self.packs };
                (route, object::answer(&self.direct.catalog, key, request)?)
            }
            None if sequence::is_sequence(request.path()) => {
                let known = self.answers.find(request)?;
                let head = sequence::answer(&self.direct.catalog, &known, request)?;
                if !self.admits(request) {
                    return None;
                }
                known.count(&self.direct.catalog);
                (&self.sequences, head)
            }
            None => return None,
        };
        self.note(request, route, &head, began);
        Some(head.with_body(request))
    }

    /// Whether the client may ask once more. The routes say so to one that may not, or whose address is in doubt.
    fn admits(&self, request: &Request) -> bool {
        let Direct { limits, proxies, .. } = &self.direct;
        let Some(peer) = request.peer_addr() else { return false };
        match sender_of(peer.ip(), request.headers(), Some(proxies)) {
            Sender::Client(address) => {
                limits.subject(address).is_none_or(|subject| limits.admits(Class::Reads, subject))
            }
            Sender::Proxy => true,
            Sender::Stranger(_) => false,
        }
    }

    /// What decides of a request whose answer may be given again.
    fn to_remember(&self, request: &Request) -> Option<Asked> {
        let may_be = is_ordinary(request) && sequence::is_sequence(request.path());
        may_be.then(|| self.answers.asked(request)).flatten()
    }

    /// Counts an answer, and writes a line about one in many.
    fn note(&self, request: &Request, route: &Route, head: &Head, began: Instant) {
        let took = began.elapsed();
        let Direct { draining, recorder, log_one_in, .. } = &self.direct;
        let (method, status) = (request.method(), head.response.status());
        let bytes = head.body.as_ref().filter(|_| *method != Method::HEAD).map_or(0, Bytes::len);
        draining.count();
        route.answered_from_memory(method, status, head.served, bytes as u64, took, recorder);
        let Some(rest) = log_one_in.checked_sub(1) else { return };
        let left = self.until_logged.get();
        self.until_logged.set(left.checked_sub(1).unwrap_or(rest));
        if left == 0 {
            let (path, duration_ms) = (request.path(), took.as_secs_f64() * 1000.0);
            let (status, trace) =
                (status.as_u16(), trace::context(request.headers()).map(|named| named.id()));
            tracing::info!(%method, path, status, duration_ms, one_in = log_one_in, trace.id = trace, "answered");
        }
    }
}

/// Whether a request is one that memory may answer: no body follows, and the client does not wait before it sends one.
fn is_ordinary(request: &Request) -> bool {
    let headers = request.headers();
    matches!(*request.method(), Method::GET | Method::HEAD)
        && [CONTENT_LENGTH, TRANSFER_ENCODING, EXPECT].iter().all(|name| !headers.contains_key(name))
}

/// An answer from memory.
#[derive(Debug)]
struct Head {
    response: Response<()>,
    /// What follows it, if anything does.
    body: Option<Bytes>,
    served: Served,
}

impl Head {
    fn with_body(self, request: &Request) -> Response<Body> {
        let Self { mut response, body, .. } = self;
        let body = match (body, request.conn_data::<Outgoing>()) {
            (Some(body), Some(outgoing))
                if body.len() >= outgoing::LEAST_BYTES && *request.method() == Method::GET =>
            {
                response.headers_mut().insert(CONTENT_LENGTH, body.len().into());
                response.head_mut().no_chunking(true);
                Body::Sent(outgoing.body(body))
            }
            (body, _) => Body::Copied(body),
        };
        response.set_body(body)
    }
}

/// The body of an answer in front of the routes.
#[derive(Debug)]
pub enum Body {
    /// Which actix-http copies into its buffer, if there is one.
    Copied(Option<Bytes>),
    /// Which the connection sends itself.
    Sent(outgoing::Body),
}

impl MessageBody for Body {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        match self {
            Self::Copied(Some(bytes)) => bytes.size(),
            Self::Copied(None) => BodySize::None,
            Self::Sent(body) => body.size(),
        }
    }

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Infallible>>> {
        match self.get_mut() {
            Self::Copied(bytes) => Poll::Ready(bytes.take().filter(|bytes| !bytes.is_empty()).map(Ok)),
            Self::Sent(body) => Pin::new(body).poll_next(cx),
        }
    }
}
