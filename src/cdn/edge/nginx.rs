//! nginx. It compares by `map` alone: one for each hint, and one over what they say.

use std::fmt::Write as _;

use crate::domain::spelling;

use super::{
    Setup,
    classes::{Class, Evidence, classes, patterns, queries},
    fill, formats,
    script::DELEGATION,
};

/// The hints: what a map looks at, and the variable that it sets.
const HINTS: [(&str, &str); 6] = [
    ("$girasol_ect", "$girasol_by_ect"),
    ("$girasol_rtt", "$girasol_by_rtt"),
    ("$girasol_downlink", "$girasol_by_downlink"),
    ("$girasol_saving", "$girasol_by_saving"),
    ("$girasol_memory", "$girasol_by_memory"),
    ("$http_sec_ch_ua_mobile $girasol_memory_known", "$girasol_by_mobile"),
];

pub(super) fn print(setup: &Setup<'_>) -> String {
    let classes = classes(setup.policy);
    let formats = formats(setup.avif);
    let accepts_avif = format!("    \"~*{}\" format=avif;\n", patterns::accepts_avif());
    let purges: String = queries(setup.policy)
        .iter()
        .flat_map(|query| formats.iter().map(move |format| format!("#     '?{query}&format={format}' \\\n")))
        .collect();
    let origin = setup.origin.to_string();
    fill(
        include_str!("templates/nginx.conf"),
        &[
            ("origin", &origin),
            ("listen", &listen(setup.listen)),
            ("path", spelling::PATH),
            ("query", spelling::QUERY),
            ("cache", setup.cache),
            ("delegation", DELEGATION),
            ("purges", purges.trim_end()),
            ("ect", patterns::ECT),
            ("on", patterns::ON),
            ("rtt", &patterns::rtt()),
            ("downlink", &patterns::downlink()),
            ("memory", &patterns::memory()),
            ("evidence", evidence(&classes).trim_end()),
            ("classes", decisions(&classes).trim_end()),
            ("accepts-avif", if setup.avif { accepts_avif.trim_end() } else { "" }),
        ],
    )
}

/// The lines that make nginx listen, for every name: a port alone is one of both families.
fn listen(address: &str) -> String {
    let lines = if address.bytes().all(|byte| byte.is_ascii_digit()) {
        vec![address.to_owned(), format!("[::]:{address}")]
    } else {
        vec![address.to_owned()]
    };
    let lines: Vec<_> = lines.iter().map(|line| format!("    listen {line} default_server;")).collect();
    lines.join("\n")
}

/// A map for each hint, to the poorest tier that it speaks for. nginx takes the first that matches.
fn evidence(classes: &[Class]) -> String {
    let mut maps = String::new();
    for (at, (source, target)) in HINTS.iter().enumerate() {
        let _ = writeln!(maps, "map \"{source}\" {target} {{\n    default \"\";");
        for class in classes {
            for evidence in class.evidence.iter().filter(|evidence| hint(evidence) == at) {
                let _ = writeln!(maps, "    \"{}\" {};", pattern(evidence), class.tier);
            }
        }
        maps.push_str("}\n");
    }
    maps
}

/// The map over all of them.
fn decisions(classes: &[Class]) -> String {
    let sources: Vec<_> = HINTS.iter().map(|(_, target)| *target).collect();
    let mut map = format!("map \" {} \" $girasol_frames {{\n", sources.join(" "));
    for Class { tier, query, evidence } in classes {
        let _ = if evidence.is_empty() {
            writeln!(map, "    default \"{query}\";")
        } else {
            writeln!(map, "    \"~ {tier} \" \"{query}\";")
        };
    }
    map + "}\n"
}

const fn hint(evidence: &Evidence) -> usize {
    match evidence {
        Evidence::Ect(_) => 0,
        Evidence::RttMsFrom(_) => 1,
        Evidence::DownlinkMbpsUnder(_) => 2,
        Evidence::SaveData => 3,
        Evidence::MemoryGibTo(_) | Evidence::MemoryGibUnder(_) => 4,
        Evidence::Mobile => 5,
    }
}

fn pattern(evidence: &Evidence) -> String {
    match *evidence {
        Evidence::Ect(ect) => format!("~*{}", patterns::ect_to(ect)),
        Evidence::RttMsFrom(ms) => format!("~{}", patterns::rtt_from(ms)),
        Evidence::DownlinkMbpsUnder(mbps) => format!("~{}", patterns::downlink_under(mbps)),
        Evidence::SaveData => format!("~*{}", patterns::ON),
        Evidence::MemoryGibTo(gib) => format!("~{}", patterns::memory_to(gib)),
        Evidence::MemoryGibUnder(gib) => format!("~{}", patterns::memory_under(gib)),
        Evidence::Mobile => "?1 unknown".to_owned(),
    }
}
