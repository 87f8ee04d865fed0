//! What a request says about its visitor's network, device and formats, parsed once.
//!
//! Hints are evidence to give less, never proof of anything: whatever is repeated, malformed or
//! absurd is ignored, and so is what Chromium sends when it does not know (`RTT: 0`).

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

/// Every header that is read as a hint, in the spelling of the `Sec-CH-` convention and the older one.
pub const HEADERS: &[&str] = &[
    "Accept",
    "DPR",
    "Device-Memory",
    "Downlink",
    "ECT",
    "RTT",
    "Save-Data",
    "Sec-CH-DPR",
    "Sec-CH-Device-Memory",
    "Sec-CH-Downlink",
    "Sec-CH-ECT",
    "Sec-CH-RTT",
    "Sec-CH-Save-Data",
    "Sec-CH-UA-Mobile",
    "Sec-CH-Viewport-Width",
    "Sec-CH-Width",
    "Viewport-Width",
    "Width",
];

/// Effective connection type, as browsers estimate it; slowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Ect {
    /// Round trips of about 2 s and more.
    #[serde(rename = "slow-2g")]
    Slow2g,
    /// Round trips of about 1.4 s and more.
    #[serde(rename = "2g")]
    G2,
    /// Round trips of about 270 ms and more.
    #[serde(rename = "3g")]
    G3,
    /// Anything faster, and what Chromium says when it does not know.
    #[serde(rename = "4g")]
    G4,
}

/// The usable hints of one request.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Hints {
    /// `Save-Data: on`.
    pub save_data: bool,
    /// `ECT`.
    pub ect: Option<Ect>,
    /// `RTT`: round trip in milliseconds.
    pub rtt_ms: Option<f64>,
    /// `Downlink`: bandwidth in Mbit/s.
    pub downlink_mbps: Option<f64>,
    /// `Device-Memory`: RAM in GiB, rounded by the browser.
    pub memory_gib: Option<f64>,
    /// `DPR`: device pixels per CSS pixel.
    pub dpr: Option<f64>,
    /// `Viewport-Width` in CSS pixels.
    pub viewport_width_px: Option<f64>,
    /// `Width` of the requested image in device pixels.
    pub width_px: Option<f64>,
    /// `Sec-CH-UA-Mobile: ?1`.
    pub mobile: bool,
    /// `Accept` names `image/avif` with q above 0. A wildcard proves nothing: `fetch()` sends one.
    pub accepts_avif: bool,
}

impl Hints {
    /// Reads all hints through `lines`, which gives every field line of a header.
    pub fn parse<'a>(lines: impl Fn(&str) -> Vec<&'a str>) -> Self {
        let first = |spellings: [&str; 2]| spellings.map(|name| single(&lines(name)));
        let number = |spellings, range: RangeInclusive<f64>| {
            first(spellings).into_iter().flatten().find_map(|text| parse_number(text, &range))
        };
        Self {
            save_data: first(["sec-ch-save-data", "save-data"])
                .into_iter()
                .flatten()
                .any(|text| text.eq_ignore_ascii_case("on")),
            ect: first(["sec-ch-ect", "ect"]).into_iter().flatten().find_map(parse_ect),
            rtt_ms: number(["sec-ch-rtt", "rtt"], 1.0..=60_000.0),
            downlink_mbps: number(["sec-ch-downlink", "downlink"], 0.0..=10_000.0),
            memory_gib: number(["sec-ch-device-memory", "device-memory"], 0.01..=1024.0),
            dpr: number(["sec-ch-dpr", "dpr"], 0.1..=10.0),
            viewport_width_px: number(["sec-ch-viewport-width", "viewport-width"], 1.0..=100_000.0),
            width_px: number(["sec-ch-width", "width"], 1.0..=100_000.0),
            mobile: single(&lines("sec-ch-ua-mobile")) == Some("?1"),
            accepts_avif: lines("accept").into_iter().any(names_avif),
        }
    }
}

/// The value of a header that stands once; a repeated one is malformed (RFC 9651, section 4.2).
fn single<'a>(lines: &[&'a str]) -> Option<&'a str> {
    match lines {
        [one] => Some(one.trim()),
        _ => None,
    }
}

fn parse_ect(text: &str) -> Option<Ect> {
    match text.to_ascii_lowercase().as_str() {
        "slow-2g" => Some(Ect::Slow2g),
        "2g" => Some(Ect::G2),
        "3g" => Some(Ect::G3),
        "4g" => Some(Ect::G4),
        _ => None,
    }
}

/// Plain decimals only, `[0-9]+(\.[0-9]+)?`: what the viewer and the edge can check alike. Up to 15
/// digits, it makes no difference whether digits or binary fractions are compared, and an edge that has
/// regular expressions alone compares digits.
fn parse_number(text: &str, range: &RangeInclusive<f64>) -> Option<f64> {
    let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let plain = match text.split_once('.') {
        Some((whole, fraction)) => digits(whole) && digits(fraction),
        None => digits(text),
    };
    let value = text.parse().ok().filter(|_| plain && text.len() <= 16)?;
    range.contains(&value).then_some(value)
}

/// Whether one `Accept` line (RFC 9110, section 12.5.1) names AVIF with a weight above 0.
fn names_avif(line: &str) -> bool {
    line.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case("image/avif"))
            && parts
                .filter_map(|parameter| parameter.split_once('='))
                .filter(|(name, _)| name.trim().eq_ignore_ascii_case("q"))
                .all(|(_, weight)| parse_number(weight.trim(), &(0.0..=1.0)).is_some_and(|q| q > 0.0))
    })
}

/// The hints of a request with these headers.
#[cfg(test)]
pub(super) fn of_headers(headers: &[(&str, &str)]) -> Hints {
    Hints::parse(|wanted| {
        headers
            .iter()
            .filter(|(name, _)| name.eq_ignore_ascii_case(wanted))
            .map(|(_, value)| *value)
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::{of_headers as hints, *};

    #[test]
    fn both_spellings_are_read() {
        let old = hints(&[
            ("Device-Memory", "4"),
            ("RTT", "300"),
            ("ECT", "3g"),
            ("Save-Data", "on"),
            ("Downlink", "0.5"),
        ]);
        let new = hints(&[
            ("Sec-CH-Device-Memory", "4"),
            ("Sec-CH-RTT", "300"),
            ("Sec-CH-ECT", "3g"),
            ("Sec-CH-Save-Data", "on"),
            ("Sec-CH-Downlink", "0.5"),
        ]);
        assert_eq!(old, new);
        assert_eq!(old.memory_gib, Some(4.0));
    }

    #[test]
    fn the_newer_spelling_wins_unless_it_is_garbage() {
        assert_eq!(hints(&[("DPR", "1"), ("Sec-CH-DPR", "2")]).dpr, Some(2.0));
        assert_eq!(hints(&[("DPR", "1"), ("Sec-CH-DPR", "many")]).dpr, Some(1.0));
    }

    #[test]
    fn absurd_values_are_ignored() {
        for absurd in [
            "NaN",
            "inf",
            "-1",
            "+5",
            "1e3",
            "",
            " ",
            ".",
            "5.",
            ".5",
            "0x10",
            "1,2",
            "1;a",
            "99999999999999999999",
            "9".repeat(400).leak(),
        ] {
            let all = hints(&[
                ("RTT", absurd),
                ("Downlink", absurd),
                ("Device-Memory", absurd),
                ("DPR", absurd),
                ("Width", absurd),
                ("ECT", absurd),
            ]);
            assert_eq!(all, Hints::default(), "{absurd}");
        }
    }

    #[test]
    fn a_round_trip_of_nothing_proves_nothing() {
        assert_eq!(hints(&[("RTT", "0")]).rtt_ms, None);
    }

    #[test]
    fn a_repeated_hint_is_ignored() {
        assert_eq!(hints(&[("ECT", "2g"), ("ECT", "4g")]).ect, None);
        assert_eq!(hints(&[("RTT", "2000, 10")]).rtt_ms, None);
    }

    #[test]
    fn avif_counts_where_it_is_named_with_a_weight() {
        for yes in
            ["image/avif", "image/webp, image/avif;q=0.1", "text/html,IMAGE/AVIF ; Q=1.000", "image/avif;v=1"]
        {
            assert!(hints(&[("Accept", yes)]).accepts_avif, "{yes}");
        }
        for no in [
            "*/*",
            "image/*",
            "image/avif;q=0",
            "image/avif; q=0.000",
            "image/avif;q=-1",
            "image/avif;q=x",
            "image/avifs",
            "",
        ] {
            assert!(!hints(&[("Accept", no)]).accepts_avif, "{no}");
        }
        assert!(hints(&[("Accept", "*/*"), ("Accept", "image/avif")]).accepts_avif);
    }

    proptest::proptest! {
        #[test]
        fn any_header_value_is_read_without_a_panic(value in ".*") {
            let lines = [value.as_str()];
            let _ = Hints::parse(|_| lines.to_vec());
        }
    }
}
