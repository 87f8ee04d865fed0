//! Queries of addresses.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use assets_pipeline::plan::tiers::{Format, TierKey};

use crate::domain::negotiate::Overrides;

use super::problem::{Error, Failure};

/// `?tier=&frames=&format=&explain=1`
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct SequenceQuery {
    /// The tier, count and format that the client forces.
    pub(crate) overrides: Overrides,
    /// Whether the answer includes the hints.
    pub(crate) explain: bool,
}

impl SequenceQuery {
    /// Parses a query string. Unknown keys are refused: if a typing error were ignored, a cache would store one more copy
    /// of the wrong answer.
    pub(crate) fn parse(query: &str) -> Result<Self, Error> {
        let mut read = Self::default();
        for (key, value) in pairs(query)? {
            let unknown = |allowed: &str| no_such_value(key, value, allowed);
            match key {
                "tier" => {
                    let tier = value.parse::<TierKey>();
                    let tiers = || one_of(&TierKey::ALL.map(TierKey::as_str));
                    read.overrides.tier = Some(tier.map_err(|_bad| unknown(&tiers()))?);
                }
                "frames" => {
                    read.overrides.frames =
                        Some(count(value).ok_or_else(|| unknown("a whole number from 1 on"))?);
                }
                "format" => {
                    let format = value.parse::<Format>();
                    let formats = || one_of(&Format::ALL.map(Format::as_str));
                    read.overrides.format = Some(format.map_err(|_bad| unknown(&formats()))?);
                }
                "explain" => {
                    read.explain = match value {
                        "1" => true,
                        "0" => false,
                        _ => return Err(unknown("1 or 0")),
                    }
                }
                _ => return Err(no_such_key(key, &["tier", "frames", "format", "explain"])),
            }
        }
        Ok(read)
    }

    /// Whether the answer depends on no hint.
    pub(crate) fn decides(&self) -> bool {
        self.overrides.tier.is_some() && self.overrides.format.is_some()
    }
}

/// The keys and values of a query, each key once.
pub(crate) fn pairs(query: &str) -> Result<Vec<(&str, &str)>, Error> {
    let mut pairs: Vec<(&str, &str)> = Vec::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        if pairs.iter().any(|(seen, _)| *seen == key) {
            return Err(Error::BadQuery(format!("the query has {} more than once: give it once", clip(key))));
        }
        pairs.push((key, value));
    }
    Ok(pairs)
}

/// The error for a key that the address does not know, with those that it knows.
pub(crate) fn no_such_key(key: &str, known: &[&str]) -> Error {
    let known = if known.is_empty() {
        "there are none".to_owned()
    } else {
        format!("the keys are {}", known.join(", "))
    };
    Error::BadQuery(format!("the query has the unknown key \"{}\": {known}", clip(key)))
}

/// The error for a value that the key does not have, with what it may be.
pub(crate) fn no_such_value(key: &str, value: &str, allowed: &str) -> Error {
    Error::BadQuery(format!("{key} cannot be \"{}\" in the query: it is {allowed}", clip(value)))
}

/// Words of which one is allowed.
pub(crate) fn one_of(words: &[&str]) -> String {
    format!("one of {}", words.join(", "))
}

/// Plain digits, so that a count has one spelling.
pub(crate) fn count(value: &str) -> Option<u32> {
    let plain = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    value.parse().ok().filter(|_| plain)
}

/// A request without a query. Extracting it fails with 400 `bad-query` otherwise.
#[derive(Debug)]
pub(crate) struct NoQuery;

impl FromRequest for NoQuery {
    type Error = Failure;
    type Future = Ready<Result<Self, Failure>>;

    fn from_request(request: &HttpRequest, _body: &mut Payload) -> Self::Future {
        ready(none(request).map(|()| Self).map_err(Failure::from))
    }
}

/// Refuses a query at an address that takes none.
pub(crate) fn none(request: &HttpRequest) -> Result<(), Error> {
    let query = request.query_string();
    if query.is_empty() {
        return Ok(());
    }
    Err(Error::BadQuery(format!("this address takes no query, as {}", clip(query))))
}

/// What a client sent, cut to a readable length.
pub(crate) fn clip(text: &str) -> String {
    text.chars().take(60).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_is_read() {
        let read = SequenceQuery::parse("tier=standard&frames=24&format=avif&explain=1").unwrap();
        let overrides =
            Overrides { tier: Some(TierKey::Standard), frames: Some(24), format: Some(Format::Avif) };
        assert_eq!(read, SequenceQuery { overrides, explain: true });
        assert!(read.decides());
        for open in ["", "tier=hd", "format=webp", "frames=36&format=webp"] {
            assert!(!SequenceQuery::parse(open).unwrap().decides(), "{open}");
        }
    }

    #[test]
    fn what_is_not_known_is_refused() {
        for bad in [
            "tier=ultra",
            "tier=",
            "tier",
            "tier=HD",
            "frames=x",
            "frames=-1",
            "frames=+1",
            "frames=0",
            "frames=024",
            "frames=99999999999",
            "format=jpg",
            "format=png",
            "explain=yes",
            "utm_source=mail",
            "tier=hd&tier=still",
            "=",
            "%74ier=hd",
        ] {
            assert!(SequenceQuery::parse(bad).is_err(), "{bad}");
        }
    }
}
