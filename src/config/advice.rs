//! Settings that can be used, and that an operator should look at again.

use std::net::IpAddr;

use super::{Config, SecretText, StoreKind, UnknownProxies, problem::Problem};

/// Everything that is unwise.
pub(super) fn advice(config: &Config) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut warn = |key: &str, text: &str| found.push(Problem::of(key, text));
    let Config { server, database, store, cache, limits, traces, .. } = config;
    let is_public = !is_here(host_of(&server.listen));

    if is_public && server.trusted_proxies.is_empty() && limits.unknown_proxies == UnknownProxies::Unlimited {
        warn(
            "server.listen",
            "can be reached from other machines, and server.trusted_proxies names no proxy: name the one in front, whose visitors \
             have one address otherwise; or set limits.unknown_proxies to \"limited\" where clients reach the server directly",
        );
    }
    let all = |network: &&String| network.ends_with("/0");
    if server.trusted_proxies.iter().any(|network| all(&network)) {
        warn(
            "server.trusted_proxies",
            "trusts every address: any client can write the address that it is taken for",
        );
    }
    if limits.exempt.iter().any(|network| all(&network)) {
        warn(
            "limits.exempt",
            "names every address: set limits.enabled to false if no client is to be limited",
        );
    }
    if is_public && !limits.enabled {
        warn(
            "limits.enabled",
            "is false on a server that other machines reach: one client can take all of it",
        );
    }
    if is_public && server.operator_listen.is_none() {
        warn(
            "server.listen",
            "can be reached from other machines, and answers at operators' addresses too: server.operator_listen gives them a \
             listener of their own",
        );
    }
    if let Some(listen) = &server.operator_listen
        && host_of(listen).parse::<IpAddr>().is_ok_and(|address| address.is_unspecified())
    {
        warn(
            "server.operator_listen",
            "is open on every network of this machine: name the address of the operators' network",
        );
    }
    let urls = [
        ("database.url", &database.url),
        ("database.listen_url", &database.listen_url),
        ("database.replica_url", &database.replica_url),
    ];
    for (key, url) in urls {
        let Some(url) = url.as_ref().map(SecretText::expose) else { continue };
        let is_far = !is_here(host_of_url(url));
        match parameter(url, "sslmode") {
            Some("verify-full" | "verify-ca") => {}
            Some("require") if is_far => warn(
                key,
                "encrypts, and does not check which server answers: sslmode=verify-full and sslrootcert=FILE do",
            ),
            _ if is_far => warn(
                key,
                "may send everything unencrypted to another machine: ?sslmode=verify-full&sslrootcert=FILE asks for TLS",
            ),
            _ => {}
        }
    }
    if let Some(url) = cache.redis.as_ref().map(SecretText::expose) {
        let is_far = !is_here(host_of_url(url));
        if is_far && url.starts_with("redis://") {
            warn("cache.redis", "is not encrypted on its way to another machine: rediss:// is");
        }
        if is_far && !url.contains('@') {
            warn("cache.redis", "has no password: any client that reaches the server can read and empty it");
        }
    }
    if store.kind == StoreKind::S3
        && let Some(endpoint) = &store.endpoint
        && endpoint.starts_with("http://")
        && !is_here(host_of_url(endpoint))
    {
        warn("store.endpoint", "is not encrypted on its way to another machine: https:// is");
    }
    if let Some(endpoint) = &traces.endpoint
        && traces.authorization.is_some()
        && endpoint.starts_with("http://")
        && !is_here(host_of_url(endpoint))
    {
        warn(
            "traces.endpoint",
            "gets traces.authorization unencrypted on another machine: https:// encrypts",
        );
    }
    found
}

/// The host of `host:port`.
fn host_of(address: &str) -> &str {
    let host = address.rsplit_once(':').map_or(address, |(host, _port)| host);
    host.trim_start_matches('[').trim_end_matches(']')
}

/// The host of a URL; empty for a socket of this machine.
fn host_of_url(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_scheme, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let is_bare = host.ends_with(']') || !host.contains(':');
    if is_bare { host.trim_start_matches('[').trim_end_matches(']') } else { host_of(host) }
}

fn parameter<'a>(url: &'a str, name: &str) -> Option<&'a str> {
    let (_, query) = url.split_once('?')?;
    query
        .split('&')
        .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
        .map(|(_, value)| value)
}

/// Whether a host is this machine.
fn is_here(host: &str) -> bool {
    let is_socket = host.is_empty() || host.starts_with('/') || host.to_ascii_lowercase().starts_with("%2f");
    is_socket || host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Flags;

    /// The keys that are warned about with these variables.
    fn keys(variables: &[(&str, &str)]) -> Vec<String> {
        let variables =
            variables.iter().map(|(name, value)| (format!("GIRASOL_{name}"), (*value).to_owned()));
        let config = Config::load(&Flags::default(), variables).unwrap();
        advice(&config).into_iter().map(|problem| problem.key).collect()
    }

    #[test]
    fn the_defaults_are_wise() {
        assert_eq!(keys(&[]), [""; 0]);
    }

    #[test]
    fn a_public_server_names_its_proxies_and_keeps_its_limits() {
        let public = ("SERVER__LISTEN", "0.0.0.0:8360");
        assert_eq!(keys(&[public]), ["server.listen", "server.listen"]);
        let operators = ("SERVER__OPERATOR_LISTEN", "127.0.0.1:8361");
        assert_eq!(keys(&[public, operators]), ["server.listen"]);
        assert_eq!(keys(&[public, operators, ("SERVER__TRUSTED_PROXIES", "[\"10.0.0.0/8\"]")]), [""; 0]);
        assert_eq!(keys(&[public, operators, ("LIMITS__UNKNOWN_PROXIES", "limited")]), [""; 0]);
        let careless = [
            public,
            ("SERVER__OPERATOR_LISTEN", "[::]:8361"),
            ("SERVER__TRUSTED_PROXIES", "[\"0.0.0.0/0\"]"),
            ("LIMITS__ENABLED", "false"),
        ];
        assert_eq!(keys(&careless), ["server.trusted_proxies", "limits.enabled", "server.operator_listen"]);
    }

    #[test]
    fn what_goes_to_other_machines_is_encrypted() {
        let database = |url| keys(&[("DATABASE__URL", url)]);
        for near in [
            "postgres://g@localhost/g",
            "postgres://g@127.0.0.1:5432/g",
            "postgres://g@[::1]/g",
            "postgres://g@%2Frun/g",
        ] {
            assert_eq!(database(near), [""; 0], "{near}");
        }
        assert_eq!(database("postgres://g@db.example/g?sslmode=verify-full"), [""; 0]);
        for far in ["postgres://g@db.example/g", "postgres://g@db.example:5432/g?sslmode=require"] {
            assert_eq!(database(far), ["database.url"], "{far}");
        }
        if cfg!(feature = "cloud") {
            assert_eq!(keys(&[("CACHE__REDIS", "redis://cache.example")]), ["cache.redis", "cache.redis"]);
            assert_eq!(keys(&[("CACHE__REDIS", "rediss://:word@cache.example")]), [""; 0]);
            assert_eq!(keys(&[("CACHE__REDIS", "redis://127.0.0.1:6379")]), [""; 0]);
        }
        let traces = |url| keys(&[("TRACES__ENDPOINT", url), ("TRACES__AUTHORIZATION", "Bearer x")]);
        assert_eq!(traces("http://collector.example:4318"), ["traces.endpoint"]);
        assert_eq!(traces("http://127.0.0.1:4318"), [""; 0]);
    }
}
