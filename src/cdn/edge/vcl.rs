//! What Varnish and Fastly share: the two subroutines that decide, in the VCL that both understand.

use std::fmt::Write as _;

use super::{
    Setup,
    classes::{Class, Evidence, classes, patterns},
    fill,
};

/// `girasol_class` and `girasol_query`.
pub(super) fn subroutines(setup: &Setup<'_>) -> String {
    let classes = classes(setup.policy);
    let mut chain = String::new();
    for (at, Class { query, evidence, .. }) in classes.iter().enumerate() {
        let set = format!("        set req.http.X-Girasol-Frames = \"{query}\";\n");
        let conditions: Vec<_> = evidence.iter().map(condition).collect();
        let conditions = conditions.join("\n        || ");
        let _ = match (at, evidence.is_empty()) {
            (0, true) => writeln!(chain, "    {}", set.trim()),
            (_, true) => write!(chain, " else {{\n{set}    }}\n"),
            (0, false) => write!(chain, "    if ({conditions}) {{\n{set}    }}"),
            (_, false) => write!(chain, " else if ({conditions}) {{\n{set}    }}"),
        };
    }
    let accepts_avif = format!("req.http.Accept ~ \"(?i){}\"", patterns::accepts_avif());
    fill(
        include_str!("templates/class.vcl"),
        &[
            ("classes", chain.trim_end()),
            ("ect", patterns::ECT),
            ("rtt", &patterns::rtt()),
            ("downlink", &patterns::downlink()),
            ("memory", &patterns::memory()),
            ("accepts-avif", if setup.avif { &accepts_avif } else { "false" }),
        ],
    )
}

fn condition(evidence: &Evidence) -> String {
    let matches = |header: &str, pattern: &str| format!("req.http.{header} ~ \"{pattern}\"");
    match *evidence {
        Evidence::Ect(ect) => matches("Sec-CH-ECT", &format!("(?i){}", patterns::ect_to(ect))),
        Evidence::RttMsFrom(ms) => matches("Sec-CH-RTT", &patterns::rtt_from(ms)),
        Evidence::DownlinkMbpsUnder(mbps) => matches("Sec-CH-Downlink", &patterns::downlink_under(mbps)),
        Evidence::SaveData => {
            let on = format!("(?i){}", patterns::ON);
            format!("{} || {}", matches("Sec-CH-Save-Data", &on), matches("Save-Data", &on))
        }
        Evidence::MemoryGibTo(gib) => matches("Sec-CH-Device-Memory", &patterns::memory_to(gib)),
        Evidence::MemoryGibUnder(gib) => matches("Sec-CH-Device-Memory", &patterns::memory_under(gib)),
        Evidence::Mobile => format!(
            "(req.http.Sec-CH-UA-Mobile == \"?1\" && req.http.Sec-CH-Device-Memory !~ \"{}\")",
            patterns::memory()
        ),
    }
}
