//! The class function in JavaScript, for edges that run scripts: one for all of them, in the language of
//! 2011, since CloudFront Functions know little more.

use crate::domain::spelling;

use super::{Setup, fill};

/// What the storefront's own page has to say so that Chromium sends hints here; as comments of `#`.
pub(super) const DELEGATION: &str = "\
# Chromium sends its hints here only where the storefront's own page says so, with your name in the place of spins.example:
#   Accept-CH: Device-Memory, Sec-CH-Device-Memory, Sec-CH-UA-Mobile, ECT, RTT, Downlink, Save-Data
#   Permissions-Policy: ch-device-memory=(self \"https://spins.example\"), ch-ua-mobile=(self \"https://spins.example\"),
#     ch-ect=(self \"https://spins.example\"), ch-rtt=(self \"https://spins.example\"),
#     ch-downlink=(self \"https://spins.example\"), ch-save-data=(self \"https://spins.example\")
# Without them nothing breaks: every visitor counts as one without hints.";

/// The same, as comments of `//`.
pub(super) fn delegation() -> String {
    let lines: Vec<_> = DELEGATION.lines().map(|line| line.replacen('#', "//", 1)).collect();
    lines.join("\n")
}

/// `girasolQuery(query, line)` and what it calls.
pub(super) fn functions(setup: &Setup<'_>) -> String {
    // A policy is numbers and words: it cannot fail to be written.
    let policy = serde_json::to_string(setup.policy).unwrap_or_default();
    let avif = if setup.avif { "true" } else { "false" };
    let plain = [("path", spelling::PATH), ("query", spelling::QUERY)];
    fill(include_str!("templates/class.js"), &[("policy", &policy), ("avif", avif), plain[0], plain[1]])
}

/// A script around them.
pub(super) fn around(template: &str, setup: &Setup<'_>) -> String {
    let values = [
        ("delegation", delegation()),
        ("functions", functions(setup)),
        ("origin", setup.origin.to_string()),
        ("host", setup.origin.host.clone()),
    ];
    fill(template, &values.each_ref().map(|(name, value)| (*name, value.trim_end())))
}
