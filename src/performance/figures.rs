//! The figures that this process counts for Prometheus, as samples of a minute: one count serves both.

use std::collections::BTreeMap;

/// The counters that are kept, with the labels that make a name of them and the word that it begins with.
const COUNTERS: [(&str, &str, &[&str]); 8] = [
    ("girasol_cache_requests_total", "cache", &["level", "kind", "outcome"]),
    ("girasol_cache_evictions_total", "evictions", &["level", "kind"]),
    ("girasol_cache_early_evictions_total", "early-evictions", &["level", "kind"]),
    ("girasol_db_statement_duration_seconds_sum", "sql-seconds", &["statement"]),
    ("girasol_db_statement_duration_seconds_count", "sql-calls", &["statement"]),
    ("process_cpu_seconds_total", "cpu-seconds", &[]),
    ("girasol_negotiations_total", "classes", &["tier", "format"]),
    ("girasol_encodes_total", "encodes", &["outcome"]),
];

/// What counters had when they were read last.
#[derive(Debug, Default)]
pub(super) struct Counters(BTreeMap<String, f64>);

impl Counters {
    /// How much each counter has grown since it was read last, by a name such as `cache memory objects hit`; those that
    /// have not grown are left out. `text` is in Prometheus' exposition format.
    pub(super) fn grown(&mut self, text: &str) -> BTreeMap<String, f64> {
        let mut grown = BTreeMap::new();
        for (name, value) in text.lines().filter_map(counter) {
            let before = self.0.insert(name.clone(), value).unwrap_or(0.0);
            // A counter that begins anew has grown by what it has.
            let growth = if value < before { value } else { value - before };
            if growth > 0.0 {
                *grown.entry(name).or_default() += growth;
            }
        }
        grown
    }
}

/// The name and value of a line, if it is of a counter that is kept.
fn counter(line: &str) -> Option<(String, f64)> {
    let (series, value) = line.rsplit_once(' ')?;
    let (family, labels) = series.split_once('{').unwrap_or((series, ""));
    let (_, word, wanted) = COUNTERS.iter().find(|(known, ..)| *known == family)?;
    let mut name = (*word).to_owned();
    for label in *wanted {
        let (_, rest) = labels.split_once(&format!("{label}=\""))?;
        name.push(' ');
        name.push_str(&rest.split_once('"')?.0.replace(' ', "-"));
    }
    Some((name, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counters_are_kept_by_their_growth() {
        let page = |hits: u32, cpu: f64| {
            format!(
                "# TYPE girasol_cache_requests_total counter\n\
                 girasol_cache_requests_total{{level=\"memory\",kind=\"set lists\",outcome=\"hit\"}} {hits}\n\
                 girasol_other_total{{level=\"memory\"}} 7\n\
                 girasol_db_statement_duration_seconds_bucket{{statement=\"jobs.list\",le=\"0.1\"}} 3\n\
                 girasol_db_statement_duration_seconds_count{{statement=\"jobs.list\"}} 3\n\
                 process_cpu_seconds_total {cpu}\n"
            )
        };
        let mut counters = Counters::default();
        let grown = counters.grown(&page(5, 1.5));
        let expected =
            [("cache memory set-lists hit", 5.0), ("cpu-seconds", 1.5), ("sql-calls jobs.list", 3.0)];
        assert_eq!(grown, expected.map(|(name, value)| (name.to_owned(), value)).into());
        let grown = counters.grown(&page(9, 1.75));
        let expected = [("cache memory set-lists hit", 4.0), ("cpu-seconds", 0.25)];
        assert_eq!(grown, expected.map(|(name, value)| (name.to_owned(), value)).into());
        assert_eq!(counters.grown(&page(2, 1.75)).get("cache memory set-lists hit"), Some(&2.0));
    }

    #[test]
    fn lines_of_other_shapes_are_left_out() {
        for line in ["", "x", "girasol_cache_requests_total 5", "process_cpu_seconds_total x", "# HELP a b"] {
            assert_eq!(counter(line), None, "{line}");
        }
    }
}
