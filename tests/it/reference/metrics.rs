//! The figures for Prometheus, from the list that the server describes them by.

use std::fmt::Write as _;

use girasol::telemetry::metrics::families::{FAMILIES, Family, Kind};

/// The whole page.
pub(super) fn page() -> String {
    let mut page = String::from(
        "# Metrics\n\n`GET /metrics` answers in the text format of Prometheus, for keys of the role `metrics` and for admins. \
         [Operate](../guides/operate.md#figures-for-prometheus) says how to scrape it.\n\nNo label has a value that a client \
         chooses: routes are patterns, statements and kinds are words of the code, and caches and rules have the names of the \
         settings. A label that does not apply is empty.\n\nA counter is there once it has been counted, or from the start \
         where its labels are known.\n",
    );
    let about = "Each process counts what it does itself.";
    section(&mut page, "Of a process", about, |family| !family.is_of_service());
    let about = "Every process that answers `/metrics` says the same, as the database has it, at most five seconds old. Take the \
                 maximum over the processes, not the sum.";
    section(&mut page, "Of the service", about, Family::is_of_service);
    page
}

fn section(page: &mut String, title: &str, about: &str, belongs: fn(&Family) -> bool) {
    let _ = writeln!(page, "\n## {title}\n\n{about}");
    for family in FAMILIES.iter().filter(|family| belongs(family)) {
        let Family { name, kind, labels, help } = family;
        let _ = writeln!(page, "\n### {name}\n\n{help}\n");
        let labels: Vec<String> = labels.iter().map(|label| format!("`{label}`")).collect();
        let labels = if labels.is_empty() { "none".to_owned() } else { labels.join(", ") };
        let _ = writeln!(page, "Kind: {}. Labels: {labels}.", kind.as_str());
        if let Kind::Histogram(buckets) = kind {
            let bounds: Vec<String> = buckets.iter().map(ToString::to_string).collect();
            let _ = writeln!(page, "Bounds: {}.", bounds.join(", "));
        }
    }
}
