//! The trace that a request belongs to: what the client says of it (W3C Trace Context, section 3.2), and whether this server
//! records it.

use std::net::IpAddr;

use actix_web::{
    Error, HttpMessage as _,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{CACHE_CONTROL, HeaderMap},
    },
    middleware::Next,
};

use crate::{
    domain::{proxies::TrustedProxies, trace::TraceContext},
    traces::{self, Kind, Sampler, Span, Work},
};

use super::{
    caching::{SERVER_TIMING, server_timing},
    forwarded,
};

/// What is decided of a request before anything else is done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decided {
    /// Where the client says that it stands in a trace.
    named: Option<TraceContext>,
    pub(super) is_recorded: bool,
}

impl Decided {
    /// Of a request by this peer.
    pub(super) fn of(
        sampler: &Sampler,
        peer: Option<IpAddr>,
        headers: &HeaderMap,
        proxies: Option<&TrustedProxies>,
    ) -> Self {
        let named = context(headers);
        let is_trusted = || peer.zip(proxies).is_some_and(|(peer, proxies)| proxies.trusted(peer));
        let proxied = named.filter(|_| is_trusted());
        Self { named, is_recorded: sampler.takes(proxied) }
    }

    fn of_request(request: &ServiceRequest) -> Self {
        let headers = request.headers();
        let Some(sampler) = traces::sampler() else {
            return Self { named: context(headers), is_recorded: false };
        };
        let peer = request.peer_addr().map(|peer| peer.ip());
        Self::of(sampler, peer, headers, forwarded::proxies(request.request()))
    }
}

/// A request on its way through the routes.
#[derive(Debug)]
pub(super) struct Traced {
    pub(super) span: Span,
    pub(super) work: Work,
}

impl Traced {
    pub(super) fn begin(request: &ServiceRequest) -> Self {
        let decided = request.extensions_mut().remove::<Decided>();
        let Decided { named, is_recorded } = decided.unwrap_or_else(|| Decided::of_request(request));
        let span = if is_recorded { Span::root("request", Kind::Server, named) } else { Span::default() };
        let work = span.work().unwrap_or_else(|| Work::new(named.map(TraceContext::unsampled)));
        Self { span, work }
    }
}

/// What is done for a request is noted as its work, and the answer says how long the parts took.
pub async fn note_work<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let work = request.extensions().get::<Traced>().map(|traced| traced.work.clone());
    let Some(work) = work else { return next.call(request).await };
    let began = std::time::Instant::now();
    let mut response = work.clone().run(next.call(request)).await?;
    if says_times(&response)
        && let Some((name, value)) = server_timing(began.elapsed(), work.took())
    {
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// Whether an answer says how long it took. Caches keep an immutable one for a year, and of a refusal the times could say what
/// it was found by.
fn says_times<B>(response: &ServiceResponse<B>) -> bool {
    let is_immutable = || {
        let caching = response.headers().get(CACHE_CONTROL).and_then(|value| value.to_str().ok());
        caching.is_some_and(|caching| caching.ends_with("immutable"))
    };
    let status = response.status();
    (status.is_success() || status == StatusCode::NOT_MODIFIED)
        && !response.headers().contains_key(SERVER_TIMING)
        && !is_immutable()
}

/// What `traceparent` says, if there is a sound one.
pub(super) fn context(headers: &HeaderMap) -> Option<TraceContext> {
    let mut values = headers.get_all("traceparent");
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    TraceContext::parse(value.to_str().ok()?)
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    const NAME: HeaderName = HeaderName::from_static("traceparent");

    fn headers(lines: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(NAME, HeaderValue::from_static(line));
        }
        headers
    }

    const SAMPLED: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_request_with_two_traces_has_none() {
        assert!(context(&headers(&[SAMPLED])).is_some());
        assert_eq!(context(&headers(&[SAMPLED, SAMPLED])), None);
        assert_eq!(context(&headers(&[])), None);
    }

    #[test]
    fn only_a_trusted_proxy_decides_what_is_recorded() {
        let proxies: TrustedProxies = [TrustedProxies::network("10.0.0.0/8").unwrap()].into_iter().collect();
        let never = Sampler::new(0.0, NonZeroU32::MAX);
        let decided = |peer: &str, lines: &[&'static str]| {
            Decided::of(&never, Some(peer.parse().unwrap()), &headers(lines), Some(&proxies))
        };
        assert!(decided("10.1.2.3", &[SAMPLED]).is_recorded);
        let stranger = decided("192.0.2.1", &[SAMPLED]);
        assert!(!stranger.is_recorded && stranger.named.is_some());
        assert!(
            !decided("10.1.2.3", &["00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"]).is_recorded
        );
        assert!(!decided("10.1.2.3", &["00-4bf92f"]).is_recorded);
    }
}
