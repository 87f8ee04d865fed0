//! A report of performance as text.

use crate::domain::performance::{report::Report, users::UserReport};

use super::sections::{Section, sections, summary};

/// The whole report.
pub(super) fn of(report: &Report, users: &UserReport) -> String {
    let parts = sections(report, users).into_iter().map(|section| section_text(&section));
    [summary(report).join("\n")].into_iter().chain(parts).collect::<Vec<_>>().join("\n\n")
}

fn section_text(Section { head, columns, rows, notes }: &Section) -> String {
    let heads: Vec<String> = columns.iter().map(|column| (*column).to_owned()).collect();
    let lines: Vec<&Vec<String>> = [&heads].into_iter().chain(rows).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |cells: &&Vec<String>| {
        let padded = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}"));
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    let mut text = vec![(*head).to_owned()];
    if !rows.is_empty() {
        text.extend(lines.iter().map(line));
    }
    text.extend(notes.iter().cloned());
    text.join("\n")
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::{
        alerts::Targets,
        performance::{
            report::Gathering,
            series::{HOUR_MS, Sample, Series, Sum, Tally},
            users::{Group, Looks, UserGathering, UserTally},
        },
    };

    /// A day of requests and views.
    pub(in crate::cli::performance) fn day() -> (Report, UserReport) {
        let now_ms = 1_764_273_600_000;
        let mut gathering = Gathering::of(24, now_ms, Targets::default());
        let mut tally = Tally::default();
        (0..100).for_each(|_| tally.record(false, 1000, 5_000));
        let series = Series { route: "/s/{set}/{file}".to_owned(), class: "avif".to_owned() };
        for hour in 1..=48 {
            gathering.add(now_ms - hour * HOUR_MS, "", &series, &tally);
        }
        let sample = |hour: i64, name: &str, value| {
            let (at_ms, name) = (now_ms - hour * HOUR_MS, name.to_owned());
            Sample { at_ms, instance: String::new(), name, sum: Sum::of(value) }
        };
        let mut samples: Vec<Sample> =
            (1..24).map(|hour| sample(hour, "disk", 0.5 - 0.001 * hour as f64)).collect();
        samples.push(sample(1, "cache memory objects hit", 9.0));
        samples.push(sample(1, "cache memory objects miss", 1.0));
        samples.push(sample(1, "sql-calls jobs.list", 2.0));
        samples.push(sample(1, "sql-seconds jobs.list", 0.5));
        let plans: BTreeMap<_, _> = [("jobs.list".to_owned(), "SCAN jobs".to_owned())].into();
        let mut views = UserGathering::default();
        let mut tally = UserTally { views: 4, turned: 10, wanted: 9, ..UserTally::default() };
        tally.frame.record(180);
        let group = Group { product: "ring.solitaire".to_owned(), ..Group::default() };
        views.add(&group, &tally);
        let mut looks = Looks::default();
        looks.add([0, 3_000, 1_000]);
        let looks = [("ring.solitaire".parse().unwrap(), looks)].into();
        (gathering.report(&samples, &plans), views.report(24, now_ms - 24 * HOUR_MS, looks))
    }

    #[test]
    fn a_report_is_readable() {
        let (report, users) = day();
        let text = of(&report, &users);
        for line in [
            "2025-11-26T20:00:00Z to 2025-11-27T20:00:00Z, 24 hours",
            "Trend: stable.",
            "/s/{set}/{file}",
            "memory  objects  9     1       90.00 %",
            "  SCAN jobs",
            "It reads all of jobs",
            "disk  49.9 %  50.1 %  2.4 %  21 days",
            "product  ring.solitaire  4      179",
            "ring.solitaire  4        15                 75.00 %",
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }
}
