//! What is read at the moment of a scrape, as text.

use std::{collections::BTreeMap, fmt::Write as _};

use super::families::{Kind, family};

/// Values of some families, in the exposition format of Prometheus.
#[derive(Debug, Default)]
pub struct Page(BTreeMap<&'static str, String>);

impl Page {
    /// Adds the value of a series. The family has to be in the list, and its labels are named in the list's order.
    ///
    /// # Panics
    ///
    /// If the list has no such family, which every scrape in a test would show.
    pub fn add(&mut self, name: &'static str, labels: &[(&'static str, &str)], value: f64) {
        let family = family(name).expect("the list has every family");
        debug_assert!(!matches!(family.kind, Kind::Histogram(_)), "{name} is measured, not read");
        debug_assert!(labels.iter().map(|(label, _)| *label).eq(family.labels.iter().copied()), "{name}");
        let lines = self.0.entry(name).or_insert_with(|| {
            format!("# HELP {name} {}\n# TYPE {name} {}\n", family.help, family.kind.as_str())
        });
        lines.push_str(name);
        for (at, (label, value)) in labels.iter().enumerate() {
            let before = if at == 0 { '{' } else { ',' };
            // Writing to a string cannot fail.
            let _ = write!(lines, "{before}{label}=\"{}\"", escaped(value));
        }
        let end = if labels.is_empty() { "" } else { "}" };
        let _ = writeln!(lines, "{end} {value}");
    }

    pub(super) fn text(&self) -> String {
        self.0.values().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn escaped(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_of_one_family_stand_together() {
        let mut page = Page::default();
        page.add("girasol_service_up", &[], 1.0);
        page.add("girasol_service_jobs", &[("state", "queued")], 2.0);
        page.add("girasol_service_oldest_purge_age_seconds", &[("cache", "a\"b\\c\nd")], 0.5);
        page.add("girasol_service_jobs", &[("state", "running")], 1.0);
        let lines: Vec<String> =
            page.text().lines().filter(|line| !line.starts_with("# HELP")).map(str::to_owned).collect();
        assert_eq!(
            lines,
            [
                "# TYPE girasol_service_jobs gauge",
                "girasol_service_jobs{state=\"queued\"} 2",
                "girasol_service_jobs{state=\"running\"} 1",
                "",
                "# TYPE girasol_service_oldest_purge_age_seconds gauge",
                "girasol_service_oldest_purge_age_seconds{cache=\"a\\\"b\\\\c\\nd\"} 0.5",
                "",
                "# TYPE girasol_service_up gauge",
                "girasol_service_up 1",
            ]
        );
    }
}
