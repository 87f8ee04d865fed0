//! The way of a request to this server: the client's address, and the server's address as the client knows it.
//!
//! Behind a proxy both stand in headers, which are believed only from `server.trusted_proxies`. `Forwarded` (RFC 7239) is
//! not read at all: most proxies pass on what a client wrote there.

use std::net::IpAddr;

use actix_web::{
    HttpRequest,
    http::{header::HeaderMap, uri::Authority},
    web::Data,
};

use crate::domain::proxies::TrustedProxies;

const FOR: &str = "x-forwarded-for";
const HOST: &str = "x-forwarded-host";
const HOST_OF_SERVER: &str = "host";
const PROTO: &str = "x-forwarded-proto";
/// The longest name that DNS allows, and a port.
const HOST_MAX_BYTES: usize = 253 + 6;

/// The client's address; `None` if the connection is already closed.
pub(super) fn client(request: &HttpRequest) -> Option<IpAddr> {
    Some(client_of(request.peer_addr()?.ip(), request.headers(), proxies(request)))
}

fn client_of(peer: IpAddr, headers: &HeaderMap, proxies: Option<&TrustedProxies>) -> IpAddr {
    proxies.map_or(peer.to_canonical(), |proxies| proxies.client(peer, lines(headers, FOR)))
}

/// Who has sent a request, as far as it can be known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Sender {
    /// The client at this address.
    Client(IpAddr),
    /// A peer that names a client in a header that is not believed: perhaps a proxy that the operator has not named.
    Stranger(IpAddr),
    /// A trusted proxy, which names no client.
    Proxy,
}

/// Headers in which proxies name the client.
const NAMING: [&str; 3] = [FOR, "x-real-ip", "forwarded"];

/// Who has sent a request; `None` if the connection is already closed.
pub(super) fn sender(request: &HttpRequest) -> Option<Sender> {
    Some(sender_of(request.peer_addr()?.ip(), request.headers(), proxies(request)))
}

/// Who has sent a request with these headers by this peer.
pub(super) fn sender_of(peer: IpAddr, headers: &HeaderMap, proxies: Option<&TrustedProxies>) -> Sender {
    let client = client_of(peer, headers, proxies);
    let is_trusted = |address| proxies.is_some_and(|proxies| proxies.trusted(address));
    let names_client = || NAMING.iter().any(|name| headers.contains_key(*name));
    if is_trusted(client) {
        Sender::Proxy
    } else if !is_trusted(peer.to_canonical()) && names_client() {
        Sender::Stranger(peer.to_canonical())
    } else {
        Sender::Client(client)
    }
}

/// The address of this server as the client knows it, without a slash at its end.
pub(super) fn base(request: &HttpRequest) -> String {
    let scheme = if is_https(request) { "https" } else { "http" };
    format!("{scheme}://{}", host(request))
}

/// Whether the client came by TLS, which ends in the proxy.
pub(super) fn is_https(request: &HttpRequest) -> bool {
    of_proxy(request, PROTO).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// The host and port that the client asked for. What is no host counts as absent.
fn host(request: &HttpRequest) -> String {
    let is_host = |host: &&str| {
        host.len() <= HOST_MAX_BYTES && !host.contains('@') && host.parse::<Authority>().is_ok()
    };
    let named = lines(request.headers(), HOST_OF_SERVER).next();
    let host = of_proxy(request, HOST).filter(is_host).or_else(|| named.filter(is_host));
    let host = host.or_else(|| request.uri().authority().map(Authority::as_str).filter(is_host));
    host.unwrap_or_else(|| request.app_config().host()).to_owned()
}

/// What the nearest proxy wrote: the end of the list, since it stands after all that came with the request.
fn of_proxy<'a>(request: &'a HttpRequest, name: &'a str) -> Option<&'a str> {
    let peer = request.peer_addr()?.ip();
    let proxies = proxies(request).filter(|proxies| proxies.trusted(peer));
    let last = proxies.and_then(|_trusted| lines(request.headers(), name).next_back())?;
    Some(last.rsplit(',').next().unwrap_or(last).trim()).filter(|value| !value.is_empty())
}

/// What the CDN in front says in a header of its own. It is believed like all that a proxy says.
pub(super) fn of_cdn<'a>(request: &'a HttpRequest, name: &'a str) -> Option<&'a str> {
    of_proxy(request, name)
}

/// Every server has them; without them no proxy is trusted.
pub(super) fn proxies(request: &HttpRequest) -> Option<&TrustedProxies> {
    request.app_data::<Data<TrustedProxies>>().map(|proxies| &***proxies)
}

fn lines<'a>(headers: &'a HeaderMap, name: &str) -> impl DoubleEndedIterator<Item = &'a str> + use<'a> {
    let values: Vec<_> = headers.get_all(name).collect();
    values.into_iter().map(|value| value.to_str().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// A request from a peer, with these headers, to a server that trusts 10.0.0.0/8.
    fn request(peer: &str, headers: &[(&'static str, &str)]) -> HttpRequest {
        let proxies: TrustedProxies = [TrustedProxies::network("10.0.0.0/8").unwrap()].into_iter().collect();
        let request = TestRequest::get().app_data(Data::new(proxies));
        let request = request.peer_addr(format!("{peer}:4711").parse().unwrap());
        let request = headers.iter().fold(request, |request, header| request.append_header(*header));
        request.to_http_request()
    }

    const HEADERS: [(&str, &str); 5] = [
        ("host", "origin.internal:8360"),
        ("x-forwarded-for", "1.2.3.4, 203.0.113.9"),
        ("x-forwarded-host", "evil.example, spins.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "for=9.9.9.9;host=evil.example;proto=gopher"),
    ];

    #[test]
    fn a_proxy_is_believed_and_a_client_is_not() {
        let by_proxy = request("10.0.0.1", &HEADERS);
        assert_eq!(client(&by_proxy).unwrap().to_string(), "203.0.113.9");
        assert_eq!(base(&by_proxy), "https://spins.example");
        assert!(is_https(&by_proxy));
        let by_client = request("192.0.2.1", &HEADERS);
        assert_eq!(client(&by_client).unwrap().to_string(), "192.0.2.1");
        assert_eq!(base(&by_client), "http://origin.internal:8360");
        assert!(!is_https(&by_client));
    }

    #[test]
    fn a_client_is_told_from_a_proxy_that_is_not_trusted() {
        let address = |text: &str| text.parse().unwrap();
        let sender = |peer, headers: &[_]| sender(&request(peer, headers)).unwrap();
        assert_eq!(sender("192.0.2.1", &[]), Sender::Client(address("192.0.2.1")));
        assert_eq!(sender("10.0.0.1", &HEADERS), Sender::Client(address("203.0.113.9")));
        // Another header that the trusted proxy passes on changes nothing.
        assert_eq!(sender("10.0.0.1", &[("x-real-ip", "1.2.3.4")]), Sender::Proxy);
        assert_eq!(sender("10.0.0.1", &[("x-forwarded-for", "unknown")]), Sender::Proxy);
        for name in ["x-forwarded-for", "x-real-ip", "forwarded"] {
            let stranger = Sender::Stranger(address("192.0.2.1"));
            assert_eq!(sender("192.0.2.1", &[(name, "203.0.113.9")]), stranger, "{name}");
        }
    }

    #[test]
    fn what_is_no_host_is_not_the_server() {
        for bad in ["", "a b", "user@evil.example", "evil.example/path", "<script>", "evil.example\""] {
            let request = request("10.0.0.1", &[("host", "spins.example"), ("x-forwarded-host", bad)]);
            assert_eq!(base(&request), "http://spins.example", "{bad}");
            let request = self::request("192.0.2.1", &[("host", bad)]);
            assert_eq!(base(&request), "http://localhost:8080", "{bad}");
        }
    }

    #[test]
    fn without_the_setting_no_peer_is_a_proxy() {
        let request = TestRequest::get().peer_addr("127.0.0.1:1".parse().unwrap());
        let request = HEADERS.iter().fold(request, |request, header| request.append_header(*header));
        let request = request.to_http_request();
        assert_eq!(client(&request).unwrap().to_string(), "127.0.0.1");
        assert_eq!(base(&request), "http://origin.internal:8360");
    }
}
