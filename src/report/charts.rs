//! The plots of a report, each with the table that says the same.

use assets_pipeline::{
    measure::{
        MeasuredFamily, MeasuredFrame,
        curve::{Curve, CurvePoint},
        flicker::Step,
    },
    plan::Plan,
    plan::tiers::Family,
};
use maud::{Markup, html};

use super::{
    Report,
    plot::{At, Axis, Plot, Point, Rule, Series},
    wide::wide,
    words::{kilobytes, name, signed, tiers},
};

/// The largest jumps that are named, of each kind and format.
const JUMPS: usize = 3;

/// Bytes and quality of each frame round the turn.
pub(super) fn turns(report: &Report) -> Markup {
    html! {
        @for (title, families) in spins(report) {
            h3 { (title) }
            div.pair {
                figure {
                    figcaption { "Bytes by frame, in kB" (legend(&families, true)) }
                    (bytes_plot(report, &title, &families).svg())
                }
                figure {
                    figcaption { "SSIMULACRA2 by frame" (legend(&families, false)) }
                    (score_plot(report, &title, &families).svg())
                }
            }
            (frames_table(report, &families))
        }
    }
}

/// What more and fewer bytes would give.
pub(super) fn curves(report: &Report) -> Markup {
    html! {
        div.pair {
            @for (title, families) in spins(report) {
                figure {
                    figcaption { b { (title) } (legend(&families, true)) }
                    (curve_plot(&title, &families).svg())
                    (curve_table(report, &families))
                }
            }
        }
    }
}

/// What changes from frame to frame though the piece did not.
pub(super) fn flicker(report: &Report) -> Markup {
    html! {
        @for (title, families) in spins(report) {
            h3 { (title) }
            div.pair {
                figure {
                    figcaption { "Change of SSIMULACRA2 to the next frame" (legend(&families, false)) }
                    (steps_plot(report, "Change of SSIMULACRA2 to the next frame", &families, |step| step.score).svg())
                }
                figure {
                    figcaption { "Shimmer to the next frame, in 8-bit luma" (legend(&families, false)) }
                    (steps_plot(report, "Shimmer to the next frame", &families, |step| step.shimmer).svg())
                }
            }
            ul.jumps {
                @for family in &families {
                    li { b { (name(family.format)) } ": " (jumps(&report.plan, &family.steps)) }
                }
            }
            (steps_table(report, &families))
        }
    }
}

/// Families of more than one frame, with the title of each.
fn spins(report: &Report) -> Vec<(String, Vec<&MeasuredFamily>)> {
    let of = |family: Family| {
        let turns = |one: &&MeasuredFamily| one.family == family && one.curve.is_some();
        let families: Vec<&MeasuredFamily> = report.families.iter().filter(turns).collect();
        let title = tiers(families.first()?);
        Some((title, families))
    };
    Family::ALL.into_iter().filter_map(of).collect()
}

fn legend(families: &[&MeasuredFamily], with_budget: bool) -> Markup {
    html! {
        span.legend {
            @for family in families {
                span class=(family.format.as_str()) { (name(family.format)) }
            }
            @if with_budget { span.budget { "budget" } }
        }
    }
}

fn bytes_plot(report: &Report, title: &str, families: &[&MeasuredFamily]) -> Plot {
    let budgets: Vec<f64> = curves_of(families).map(|(_, curve)| curve.budget / 1000.0).collect();
    let of_frames = families.iter().flat_map(|family| &family.frames).map(|f| f.bytes.len() as f64 / 1000.0);
    Plot {
        label: format!("{title}: bytes by frame round the turn; the table below says the same"),
        x: Axis::turn(),
        y: Axis::around("kB", of_frames.chain(budgets.iter().copied())),
        series: frames_series(report, families, |frame| frame.bytes.len() as f64 / 1000.0),
        rules: budget_rule(families, At::Y),
    }
}

fn score_plot(report: &Report, title: &str, families: &[&MeasuredFamily]) -> Plot {
    let scores = families.iter().flat_map(|family| &family.frames).map(|frame| frame.score);
    Plot {
        label: format!("{title}: SSIMULACRA2 by frame round the turn; the table below says the same"),
        x: Axis::turn(),
        y: Axis::around("SSIMULACRA2", scores),
        series: frames_series(report, families, |frame| frame.score),
        rules: Vec::new(),
    }
}

fn frames_series(
    report: &Report,
    families: &[&MeasuredFamily],
    value: impl Fn(&MeasuredFrame) -> f64,
) -> Vec<Series> {
    let point = |family: &MeasuredFamily, index: usize| {
        let frame = &family.frames[index];
        let title = format!(
            "{}, {}: {}, SSIMULACRA2 {:.1}",
            angle(&report.plan, frame.position),
            name(family.format),
            kilobytes(frame.bytes.len() as f64),
            frame.score,
        );
        let (x, y) = (report.plan.angle(frame.position), value(frame));
        Point { x, y, title, is_marked: index == family.worst }
    };
    let series = |family: &&MeasuredFamily| Series {
        class: family.format.as_str(),
        points: (0..family.frames.len()).map(|index| point(family, index)).collect(),
    };
    families.iter().map(series).collect()
}

fn steps_plot(
    report: &Report,
    label: &str,
    families: &[&MeasuredFamily],
    value: impl Fn(&Step) -> f64,
) -> Plot {
    let values: Vec<f64> = families.iter().flat_map(|family| &family.steps).map(&value).collect();
    let largest = |family: &MeasuredFamily| family.steps.iter().map(|s| value(s).abs()).fold(0.0, f64::max);
    let point = |family: &MeasuredFamily, step: &Step| Point {
        x: report.plan.angle(step.from),
        y: value(step),
        title: format!("{}, {}: {}", pair(&report.plan, step), name(family.format), step_words(step)),
        is_marked: value(step).abs() >= largest(family),
    };
    let series = |family: &&MeasuredFamily| Series {
        class: family.format.as_str(),
        points: family.steps.iter().map(|step| point(family, step)).collect(),
    };
    let is_signed = values.iter().any(|value| *value < 0.0);
    let y = if is_signed {
        Axis::around("", values.into_iter())
    } else {
        Axis::from_zero("", values.into_iter())
    };
    let zero = Rule { at: At::Y(0.0), class: "zero", label: "no change".to_owned() };
    Plot {
        label: format!("{label}; the table below says the same"),
        x: Axis::turn(),
        y,
        series: families.iter().map(series).collect(),
        rules: if is_signed { vec![zero] } else { Vec::new() },
    }
}

fn curve_plot(title: &str, families: &[&MeasuredFamily]) -> Plot {
    // Decades of kB, but evenly for the eye.
    let log = |bytes: f64| (bytes.max(1.0) / 1000.0).ln();
    let points = || curves_of(families).flat_map(|(_, curve)| &curve.points);
    let budgets = curves_of(families).map(|(_, curve)| log(curve.budget));
    let working = curves_of(families).map(|(_, curve)| (log(curve.working_bytes), curve.working_score));
    let working: Vec<(f64, f64)> = working.collect();
    let xs = points().map(|point| log(point.bytes)).chain(budgets).chain(working.iter().map(|(x, _)| *x));
    let ys = points().map(|point| point.score).chain(working.iter().map(|(_, y)| *y));
    let series = curves_of(families).flat_map(|(family, curve)| {
        let point = |bytes: f64, score: f64, what: String, is_marked| Point {
            x: log(bytes),
            y: score,
            title: format!(
                "{}, {what}: {} a frame, SSIMULACRA2 {score:.1}",
                name(family.format),
                kilobytes(bytes)
            ),
            is_marked,
        };
        let at_level = |at: &CurvePoint| point(at.bytes, at.score, format!("level {}", at.level), false);
        let published = format!("all of {} as published", family.fullest);
        let working = point(curve.working_bytes, curve.working_score, published, true);
        // The working point is of more frames than the curve, and so lies beside it.
        [curve.points.iter().map(at_level).collect(), vec![working]]
            .map(|points| Series { class: family.format.as_str(), points })
    });
    Plot {
        label: format!("{title}: quality against bytes a frame; the table below says the same"),
        x: Axis::logarithmic("kB a frame", xs),
        y: Axis::around("SSIMULACRA2", ys),
        series: series.collect(),
        rules: budget_rule(families, |kilobytes| At::X(kilobytes.ln())),
    }
}

fn curves_of<'a>(families: &'a [&MeasuredFamily]) -> impl Iterator<Item = (&'a MeasuredFamily, &'a Curve)> {
    families.iter().filter_map(|family| Some((*family, family.curve.as_ref()?)))
}

/// Bytes that the ceiling leaves for each frame, the same in every format; `at` is given kB.
fn budget_rule(families: &[&MeasuredFamily], at: impl Fn(f64) -> At) -> Vec<Rule> {
    let budget = curves_of(families).next();
    let rule = |(family, curve): (&MeasuredFamily, &Curve)| Rule {
        at: at(curve.budget / 1000.0),
        class: "budget",
        label: format!("{}: the budget leaves {} for each frame", family.fullest, kilobytes(curve.budget)),
    };
    budget.map(rule).into_iter().collect()
}

/// The largest changes in words.
fn jumps(plan: &Plan, steps: &[Step]) -> String {
    let largest = |value: fn(&Step) -> f64, words: fn(&Step) -> String| {
        let mut order: Vec<&Step> = steps.iter().collect();
        order.sort_by(|a, b| value(b).total_cmp(&value(a)));
        let named: Vec<String> =
            order.iter().take(JUMPS).map(|step| format!("{} ({})", pair(plan, step), words(step))).collect();
        named.join(", ")
    };
    format!(
        "the quality jumps most at {}; the picture shimmers most at {}; it becomes lighter or darker most at {}.",
        largest(|step| step.score.abs(), |step| signed(step.score, 1)),
        largest(|step| step.shimmer, |step| format!("{:.2}", step.shimmer)),
        largest(|step| step.brightness.abs(), |step| signed(step.brightness, 3)),
    )
}

fn step_words(step: &Step) -> String {
    format!(
        "SSIMULACRA2 {}, shimmer {:.2}, brightness {}",
        signed(step.score, 1),
        step.shimmer,
        signed(step.brightness, 3)
    )
}

fn pair(plan: &Plan, step: &Step) -> String {
    format!("{} to {}", angle(plan, step.from), angle(plan, step.to))
}

/// The degree of a position, as `30°`.
pub(super) fn angle(plan: &Plan, position: usize) -> String {
    format!("{}\u{b0}", plan.degree(position))
}

/// A table that can be unfolded, with a row for each position that any of the families has.
fn table(
    caption: &str,
    families: &[&MeasuredFamily],
    columns: &[&str],
    rows: &[(String, Vec<Option<Vec<String>>>)],
    first: &str,
) -> Markup {
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" { (first) }
                    @for family in families {
                        @for column in columns { th scope="col" { (name(family.format)) " " (column) } }
                    }
                }
            }
            tbody {
                @for (head, cells) in rows {
                    tr {
                        th scope="row" { (head) }
                        @for cell in cells {
                            @match cell {
                                Some(values) => { @for value in values { td { (value) } } }
                                None => { @for _ in columns { td { "\u{2013}" } } }
                            }
                        }
                    }
                }
            }
        }
    };
    html! { details { summary { (caption) } (wide(caption, &table)) } }
}

fn frames_table(report: &Report, families: &[&MeasuredFamily]) -> Markup {
    let mut positions: Vec<usize> =
        families.iter().flat_map(|family| &family.frames).map(|frame| frame.position).collect();
    positions.sort_unstable();
    positions.dedup();
    let cell = |family: &MeasuredFamily, position: usize| {
        let frame = family.frames.iter().find(|frame| frame.position == position)?;
        Some(vec![frame.bytes.len().to_string(), format!("{:.1}", frame.score)])
    };
    let row = |position: usize| {
        let cells = families.iter().map(|family| cell(family, position)).collect();
        (format!("{} {}", angle(&report.plan, position), report.files[position]), cells)
    };
    let rows: Vec<_> = positions.into_iter().map(row).collect();
    table("Bytes and quality of every frame as a table", families, &["bytes", "SSIMULACRA2"], &rows, "frame")
}

fn steps_table(report: &Report, families: &[&MeasuredFamily]) -> Markup {
    let first = families.first().map_or(&[][..], |family| &family.steps);
    let cell = |step: Option<&Step>| {
        step.map(|step| {
            vec![signed(step.score, 1), format!("{:.2}", step.shimmer), signed(step.brightness, 3)]
        })
    };
    // All formats of a family have the same positions.
    let row = |(index, step): (usize, &Step)| {
        let cells = families.iter().map(|family| cell(family.steps.get(index))).collect();
        (pair(&report.plan, step), cells)
    };
    let rows: Vec<_> = first.iter().enumerate().map(row).collect();
    table("Every change as a table", families, &["SSIMULACRA2", "shimmer", "brightness"], &rows, "from, to")
}

fn curve_table(report: &Report, families: &[&MeasuredFamily]) -> Markup {
    let table = |family: &MeasuredFamily, curve: &Curve| {
        let frames: Vec<String> = curve.positions.iter().map(|p| angle(&report.plan, *p)).collect();
        html! {
            table {
                caption { (name(family.format)) ", frames at " (frames.join(", ")) }
                thead {
                    tr {
                        th scope="col" { "level" } th scope="col" { "bytes a frame" }
                        th scope="col" { "SSIMULACRA2" }
                    }
                }
                tbody {
                    @for point in &curve.points {
                        tr {
                            th scope="row" { (point.level) }
                            td { (format!("{:.0}", point.bytes)) }
                            td { (format!("{:.1}", point.score)) }
                        }
                    }
                    tr.chosen {
                        th scope="row" { "as published" }
                        td { (format!("{:.0} of {:.0}", curve.working_bytes, curve.budget)) }
                        td { (format!("{:.1}", curve.working_score)) }
                    }
                }
            }
        }
    };
    html! {
        details {
            summary { "The curve as a table" }
            @for (family, curve) in curves_of(families) {
                (wide(&format!("The curve of {}", name(family.format)), &table(family, curve)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;
    use crate::report::samples;

    #[test]
    fn the_largest_jumps_are_named() {
        let report = samples::report();
        expect!["the quality jumps most at 270° to 0° (+3.0), 0° to 90° (−1.0), 90° to 180° (−1.0); the picture shimmers most at 270° to 0° (3.50), 180° to 270° (2.50), 90° to 180° (1.50); it becomes lighter or darker most at 0° to 90° (+0.250), 90° to 180° (+0.250), 180° to 270° (+0.250)."].assert_eq(&jumps(&report.plan, &report.families[2].steps));
    }

    #[test]
    fn every_frame_has_a_row_and_every_format_its_columns() {
        let report = samples::report();
        let (title, families) = spins(&report).swap_remove(0);
        expect!["standard, with preview"].assert_eq(&title);
        let table = frames_table(&report, &families).into_string();
        assert_eq!(table.matches("<tr>").count(), 5);
        expect![[r#"<th scope="row">0° &lt;img src=x onerror=alert(1)&gt;0.png</th><td>1000</td><td>70.0</td><td>1000</td><td>70.0</td></tr>"#]].assert_eq(table.split("<tr>").nth(2).unwrap_or_default());
    }

    #[test]
    fn a_curve_marks_what_was_published_and_the_budget() {
        let report = samples::report();
        let (title, families) = spins(&report).swap_remove(0);
        let svg = curve_plot(&title, &families).svg().into_string();
        assert_eq!(svg.matches("point marked").count(), 2);
        let titles: Vec<&str> =
            svg.split("<title>").skip(1).filter_map(|rest| rest.split('<').next()).collect();
        expect![[r#"
            standard: the budget leaves 1.2 kB for each frame
            AVIF, level 80: 0.6 kB a frame, SSIMULACRA2 50.0
            AVIF, level 110: 1.2 kB a frame, SSIMULACRA2 70.0
            AVIF, level 140: 2.4 kB a frame, SSIMULACRA2 80.0
            AVIF, all of standard as published: 1.1 kB a frame, SSIMULACRA2 68.5"#]]
        .assert_eq(&titles[..5].join("\n"));
    }
}
