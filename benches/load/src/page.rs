//! The tables of `benches/load.md`, and the page with plots.

use std::fmt::Write as _;

use crate::{
    budgets::{Outcome, most_mib},
    catalog::Kind,
    figures::{Figures, Times, ms},
    process::slope_per_hour,
    scenarios::Held,
    visits::Whole,
};

/// What a scenario was measured by, in rows of cells.
struct Rows(Vec<[String; 5]>);

fn rows(outcome: &Outcome) -> Rows {
    let mut rows = Vec::new();
    let mut row = |name: &str, own: Option<&Times>, peer: Option<&Times>, ratio: Option<f64>| {
        let Some(own) = own.filter(|times| !times.is_empty()) else { return };
        let three = |times: &Times| {
            let [half, most, nearly_all] = [0.5, 0.95, 0.99].map(|quantile| ms(times, quantile));
            format!("{half:.2} / {most:.2} / {nearly_all:.2}")
        };
        let ratio = ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}"));
        rows.push([
            name.to_owned(),
            own.len().to_string(),
            three(own),
            peer.map_or_else(String::new, three),
            ratio,
        ]);
    };
    let (own, peer) = (&outcome.girasol, &outcome.nginx);
    for kind in Kind::ALL {
        row(kind.name(), own.kinds.get(&kind), peer.kinds.get(&kind), outcome.ratio(kind));
    }
    for whole in Whole::ALL {
        row(whole.name(), own.wholes.get(&whole), peer.wholes.get(&whole), outcome.ratio_of_whole(whole));
    }
    Rows(rows)
}

/// What is said of a scenario beside its rows.
fn sentences(outcome: &Outcome) -> Vec<String> {
    let (own, peer) = (&outcome.girasol, &outcome.nginx);
    let rate = |figures: &Figures| figures.requests as f64 / figures.seconds;
    let (at_peer, of_peer) = if peer.requests > 0 {
        let (rate, times) = (rate(peer), outcome.cpu_ratio());
        (format!("; nginx {rate:.0} requests a second"), format!(", {times:.2} times nginx's"))
    } else {
        (String::new(), String::new())
    };
    let mut said = vec![
        format!(
            "{} visits and {} requests in {:.0} s ({:.0} requests and {:.1} MB a second){at_peer}.",
            own.visits,
            own.requests,
            own.seconds,
            rate(own),
            own.bytes as f64 / own.seconds / 1e6,
        ),
        format!(
            "{} failed, {} shed. Processor time of a request: {:.0} µs{of_peer}.",
            own.failed,
            own.shed,
            own.cpu_per_request(),
        ),
    ];
    if outcome.scenario.held == Held::Stable {
        let held = outcome.figures().into_iter().map(|(what, value)| format!("{what} {value:.2}"));
        said.push(format!("Held: {}.", held.collect::<Vec<_>>().join(", ")));
    }
    let slope = slope_per_hour(&own.memory)
        .filter(|_| own.seconds >= 600.0)
        .map_or_else(String::new, |slope| format!(", growing by {slope:.1} MiB an hour in the second half"));
    said.push(format!("Resident memory: {:.0} MiB at the most{slope}.", most_mib(own)));
    said.push(format!(
        "The generator began visits {:.2} ms late (99 of a hundred at most), which counts in the times of both.",
        ms(&own.late, 0.99)
    ));
    if own.published > 0 {
        said.push(format!("Artists published {} sets meanwhile.", own.published));
    }
    said.extend(own.failures.iter().map(|why| format!("Failed: `{why}`.")));
    said
}

const HEAD: [&str; 5] = ["", "answers", "ms: P50 / P95 / P99", "nginx", "ratio of P50"];

/// The part of `benches/load.md` between the marks.
pub(crate) fn markdown(outcomes: &[Outcome], over: &[String]) -> String {
    let mut text = String::new();
    for outcome in outcomes {
        let Outcome { scenario, .. } = outcome;
        writeln!(text, "### {}\n\n{}.\n", scenario.name, capital(scenario.what)).unwrap();
        writeln!(text, "| {} |\n|---|---:|---:|---:|---:|", HEAD.join(" | ")).unwrap();
        for row in rows(outcome).0 {
            writeln!(text, "| {} |", row.join(" | ")).unwrap();
        }
        text.push('\n');
        for sentence in sentences(outcome) {
            writeln!(text, "- {sentence}").unwrap();
        }
        text.push('\n');
    }
    if over.is_empty() {
        text.push_str("Everything is within its budget.\n");
    } else {
        text.push_str("Over budget:\n\n");
        for one in over {
            writeln!(text, "- {one}").unwrap();
        }
    }
    text
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

const STYLE: &str = "
:root { color-scheme: light dark; --own: #b8860b; --peer: #708090; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem; text-align: right; } th:first-child, td:first-child { text-align: left; }
figure { display: inline-block; margin: 1rem 2rem 1rem 0; } figcaption { font-size: .85rem; }
svg { width: 26rem; max-width: 100%; border: 1px solid #8884; } svg text { font: 11px system-ui; fill: currentColor; }
.own { stroke: var(--own); } .peer { stroke: var(--peer); } polyline { fill: none; stroke-width: 2; }
.over { color: #c22; }
";

/// A page of its own, without anything from elsewhere.
pub(crate) fn html(outcomes: &[Outcome], over: &[String]) -> String {
    let mut page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width'>\
         <title>Girasol under load</title><style>{STYLE}</style><h1>Girasol under load</h1>\
         <p><b style='color:var(--own)'>Girasol</b> and <b style='color:var(--peer)'>nginx</b> with the same bytes."
    );
    for one in over {
        write!(page, "<p class=over>Over budget: {}", escaped(one)).unwrap();
    }
    for outcome in outcomes {
        write!(page, "<h2>{}</h2><p>{}.<table><tr>", outcome.scenario.name, capital(outcome.scenario.what))
            .unwrap();
        for head in HEAD {
            write!(page, "<th>{head}").unwrap();
        }
        for row in rows(outcome).0 {
            page.push_str("<tr>");
            for cell in row {
                write!(page, "<td>{cell}").unwrap();
            }
        }
        page.push_str("</table>");
        for sentence in sentences(outcome) {
            write!(page, "<p>{}", escaped(&sentence)).unwrap();
        }
        page.push_str("<div>");
        for kind in Kind::ALL {
            let (own, peer) = (outcome.girasol.kinds.get(&kind), outcome.nginx.kinds.get(&kind));
            if let (Some(own), Some(peer)) = (own, peer) {
                page.push_str(&figure(kind.name(), &quantiles(own, peer)));
            }
        }
        let memory =
            Plot { lines: vec![("own", outcome.girasol.memory.clone())], unit: "MiB", marks: Vec::new() };
        page.push_str(&figure("memory, by seconds", &memory));
        page.push_str("</div>");
    }
    page
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;")
}

struct Plot {
    /// Class and points of each line.
    lines: Vec<(&'static str, Vec<(f64, f64)>)>,
    unit: &'static str,
    /// Places on the horizontal axis, and what they are called.
    marks: Vec<(f64, &'static str)>,
}

/// Times by quantile, each step on the axis a tenth of those above it.
fn quantiles(own: &Times, peer: &Times) -> Plot {
    const STEPS: u32 = 60;
    let place = |step: u32| f64::from(step) / f64::from(STEPS) * 3.0;
    let line = |times: &Times| {
        let at = |step| (place(step), ms(times, 1.0 - 10_f64.powf(-place(step))));
        (0..=STEPS).map(at).collect::<Vec<_>>()
    };
    let marks = vec![(0.301, "P50"), (1.0, "P90"), (2.0, "P99"), (3.0, "P99.9")];
    Plot { lines: vec![("own", line(own)), ("peer", line(peer))], unit: "ms", marks }
}

fn figure(title: &str, plot: &Plot) -> String {
    const WIDE: f64 = 400.0;
    const HIGH: f64 = 180.0;
    let points = || plot.lines.iter().flat_map(|(_, points)| points);
    let right = points().map(|at| at.0).fold(0.0, f64::max).max(1e-9);
    let top = points().map(|at| at.1).fold(0.0, f64::max).max(1e-9) * 1.1;
    let place = |(x, y): (f64, f64)| {
        format!("{:.1},{:.1}", 10.0 + x / right * (WIDE - 20.0), HIGH - y / top * (HIGH - 20.0))
    };
    let mut svg = format!("<figure><svg viewBox='0 0 {WIDE} {}' role=img aria-label='{title}'>", HIGH + 20.0);
    for (class, points) in &plot.lines {
        let points: Vec<String> = points.iter().map(|at| place(*at)).collect();
        write!(svg, "<polyline class={class} points='{}'/>", points.join(" ")).unwrap();
    }
    write!(svg, "<text x=12 y=14>{:.1} {}</text>", top / 1.1, plot.unit).unwrap();
    for (at, name) in &plot.marks {
        let x = 10.0 + at / right * (WIDE - 20.0);
        write!(svg, "<text x={x:.0} y={} text-anchor=end>{name}</text>", HIGH + 14.0).unwrap();
    }
    write!(svg, "</svg><figcaption>{title}</figcaption></figure>").unwrap();
    svg
}
