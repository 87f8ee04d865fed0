//! Set-ups for what stands in front of Girasol, made from the policy: policy in, text out.
//!
//! Each decides the delivery class before its cache and asks the origin by `?tier=&frames=&format=`, so
//! that a handful of answers serves all visitors.

mod classes;
mod decimals;
mod script;
mod vcl;

mod akamai;
mod cloudflare;
mod cloudfront;
mod fastly;
mod nginx;
mod varnish;

use std::{fmt, str::FromStr};

use crate::domain::{names::ConfigId, policy::Policy};

/// Something that stands between visitors and Girasol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "lowercase")]
pub enum Edge {
    /// Varnish 7, as VCL.
    Varnish,
    /// nginx 1.22 and newer, as a file for `conf.d`.
    Nginx,
    /// Amazon CloudFront, as a CloudFront Function.
    Cloudfront,
    /// Fastly, as custom VCL.
    Fastly,
    /// Cloudflare, as a Worker.
    Cloudflare,
    /// Akamai, as an EdgeWorker.
    Akamai,
}

/// What a set-up is made from.
#[derive(Debug, Clone, Copy)]
pub struct Setup<'a> {
    /// Who is given which tier.
    pub policy: &'a Policy,
    /// Whether spins are published as AVIF too.
    pub avif: bool,
    /// Where Girasol listens.
    pub origin: &'a Address,
    /// The address that the edge listens on, if the set-up names it.
    pub listen: &'a str,
    /// The folder of the edge's cache, likewise.
    pub cache: &'a str,
}

/// A host and a port, as `10.0.0.5:8360`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// A name or an address; IPv6 in brackets.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// What is no host and port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("write a host and a port, as 10.0.0.5:8360")]
pub struct BadAddress;

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (host, port) = text.rsplit_once(':').ok_or(BadAddress)?;
        // It is printed into configurations, so nothing may end a string there.
        let plain =
            host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_'));
        let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).is_some_and(|host| {
            !host.is_empty() && host.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':')
        });
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(BadAddress)?;
        if host.is_empty() || !(plain || bracketed) {
            return Err(BadAddress);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

impl Edge {
    /// All that are known.
    pub const ALL: [Self; 6] =
        [Self::Varnish, Self::Nginx, Self::Cloudfront, Self::Fastly, Self::Cloudflare, Self::Akamai];

    /// The word at the command line.
    pub fn as_str(self) -> &'static str {
        self.into()
    }

    /// What is printed, in a few words.
    pub const fn what(self) -> &'static str {
        match self {
            Self::Varnish => "VCL for Varnish 7 with vmod xkey",
            Self::Nginx => "a file for conf.d of nginx, with libnginx-mod-http-cache-purge",
            Self::Cloudfront => "a CloudFront Function, and what to set beside it",
            Self::Fastly => "custom VCL",
            Self::Cloudflare => "a Worker",
            Self::Akamai => "an EdgeWorker, and what to set beside it",
        }
    }

    /// The whole set-up, explained by comments of its own.
    pub fn print(self, setup: &Setup<'_>) -> String {
        match self {
            Self::Varnish => varnish::print(setup),
            Self::Nginx => nginx::print(setup),
            Self::Cloudfront => cloudfront::print(setup),
            Self::Fastly => fastly::print(setup),
            Self::Cloudflare => cloudflare::print(setup),
            Self::Akamai => akamai::print(setup),
        }
    }
}

/// Where a cache with such a set-up has a configuration's manifests and stills: each class in each format.
pub fn addresses(id: &ConfigId, policy: &Policy, avif: bool) -> Vec<String> {
    let formats = formats(avif);
    let manifests = classes::queries(policy).into_iter().flat_map(|query| {
        formats
            .iter()
            .map(move |format| format!("/api/products/customizable/{id}/sequence?{query}&format={format}"))
    });
    let stills = formats.iter().chain(&["jpg"]).map(|format| format!("/still/{id}.{format}"));
    manifests.chain(stills).collect()
}

const fn formats(avif: bool) -> &'static [&'static str] {
    if avif { &["avif", "webp"] } else { &["webp"] }
}

/// Puts values in the place of their names, `@origin@`. A template that names anything else is broken,
/// which the tests find.
fn fill(template: &str, values: &[(&str, &str)]) -> String {
    values.iter().fold(template.to_owned(), |text, (name, value)| text.replace(&format!("@{name}@"), value))
}

#[cfg(test)]
mod tests;
