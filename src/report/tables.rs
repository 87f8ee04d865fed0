//! Tables of figures: tiers, costs and settings.

use std::time::Duration;

use assets_pipeline::{
    measure::{MeasuredFamily, curve::Curve},
    progress::Stage,
};
use maud::{Markup, html};

use super::{
    Costs, Report, TierLine,
    wide::wide,
    words::{kilobytes, name},
};

/// Frames, bytes and quality of each tier.
pub(super) fn tier_table(lines: &[TierLine]) -> Markup {
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" { "tier" } th scope="col" { "format" } th scope="col" { "frames" }
                    th scope="col" { "pixels" } th scope="col" { "bytes" } th scope="col" { "of budget" }
                    th scope="col" { "whole files" }
                    th scope="col" { "quality" } th scope="col" { "worst" } th scope="col" { "spread" }
                    th scope="col" { "largest step" }
                }
            }
            tbody { @for line in lines { (tier_row(line)) } }
        }
    };
    html! {
        (wide("Tiers", &table))
        p.quiet {
            "Bytes are those that viewers load, with what all frames of an AVIF set have in common once; older viewers load whole \
             files. Quality is SSIMULACRA2 against the resized original, the mean of the tier's frames: 90 cannot be told \
             apart, 70 is good, 50 is passable. The spread is the standard deviation round the turn; the largest step is between \
             a frame and the next one."
        }
    }
}

fn tier_row(line: &TierLine) -> Markup {
    let share = line.bytes as f64 / line.max_bytes.max(1) as f64;
    html! {
        tr {
            th scope="row" { (line.tier) }
            td.word { (name(line.format)) }
            td { (line.frames) }
            td { (line.size.0) " x " (line.size.1) }
            td { (kilobytes(line.bytes as f64)) }
            td {
                (kilobytes(line.max_bytes as f64)) ", " (format!("{:.0}%", share * 100.0))
                meter value=(format!("{share:.3}")) min="0" max="1" { (format!("{:.0}%", share * 100.0)) }
            }
            td { (kilobytes(line.whole_bytes as f64)) }
            @for value in [line.quality.mean, line.quality.min, line.quality.spread, line.quality.step] {
                td { (format!("{value:.1}")) }
            }
        }
    }
}

/// Time, memory and encodes.
pub(super) fn costs(report: &Report) -> Markup {
    let Costs { threads, encodes, peak_bytes, stages } = &report.costs;
    let published = report.published();
    let pipeline = || stages.iter().filter(|cost| cost.stage != Stage::Measure);
    let wall: f64 = pipeline().map(|cost| cost.wall.as_secs_f64()).sum();
    let cpu: f64 = pipeline().map(|cost| cost.cpu.as_secs_f64()).sum();
    let row = |name: &str, wall: f64, cpu: f64| {
        html! {
            tr {
                th scope="row" { (name) }
                td { (format!("{wall:.1} s")) }
                td { (format!("{cpu:.1} s")) }
                td { (format!("{:.1}", if wall > 0.0 { cpu / wall } else { 0.0 })) }
            }
        }
    };
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" { "stage" } th scope="col" { "wall time" } th scope="col" { "CPU time" }
                    th scope="col" { "cores busy" }
                }
            }
            tbody {
                @for cost in stages.iter().filter(|cost| cost.stage != Stage::Measure) {
                    (row(cost.stage.as_str(), cost.wall.as_secs_f64(), cost.cpu.as_secs_f64()))
                }
            }
            tfoot {
                (row("together", wall, cpu))
                @for cost in stages.iter().filter(|cost| cost.stage == Stage::Measure) {
                    (row("this report besides", cost.wall.as_secs_f64(), cost.cpu.as_secs_f64()))
                }
            }
        }
    };
    html! {
        dl.facts {
            (fact("Threads", &html! { (threads) }))
            (fact("Encodes", &html! {
                (encodes) " for " (published) " published frames, "
                (format!("{:.2}", *encodes as f64 / published.max(1) as f64)) " a frame"
            }))
            (fact("Speed", &html! {
                (format!("{:.2}", published as f64 / cpu.max(0.001))) " published frames a second of CPU time"
            }))
            @if *peak_bytes > 0 {
                (fact("Memory", &html! { (format!("{:.0} MiB at most", *peak_bytes as f64 / f64::from(1 << 20))) }))
            }
        }
        (wide("Time by stage", &table))
        p.quiet {
            "Every encode is decoded and scored at once, so that scoring counts in the stages above. One frame takes, by the clock:"
        }
        (wide("Time of one frame", &frame_times(report)))
    }
}

/// One encode near the published level, on one thread.
fn frame_times(report: &Report) -> Markup {
    let near = |family: &MeasuredFamily| family.curve.as_ref().and_then(Curve::nearest).copied();
    let milliseconds = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1000.0);
    html! {
        table {
            thead {
                tr {
                    th scope="col" { "tier" } th scope="col" { "format" } th scope="col" { "encode" }
                    th scope="col" { "decode and score" }
                }
            }
            tbody {
                @for (family, point) in report.families.iter().filter_map(|one| Some((one, near(one)?))) {
                    tr {
                        th scope="row" { (family.fullest) }
                        td.word { (name(family.format)) }
                        td { (milliseconds(point.encoding)) }
                        td { (milliseconds(point.scoring)) }
                    }
                }
            }
        }
    }
}

/// What the frames were encoded by.
pub(super) fn settings(report: &Report) -> Markup {
    let settings = &report.settings;
    let direction = if settings.clockwise { "clockwise" } else { "counter-clockwise" };
    let ground =
        settings.ground.map_or_else(|| "as the frames have it".to_owned(), |ground| ground.to_string());
    let table = html! {
        table {
            thead {
                tr {
                    th scope="col" { "tier" } th scope="col" { "frames aimed at" } th scope="col" { "at most" }
                    th scope="col" { "longer side" }
                }
            }
            tbody {
                @for (tier, spec) in &settings.table.tiers {
                    tr {
                        th scope="row" { (tier) }
                        td { (spec.frames) }
                        td { (kilobytes(spec.max_bytes as f64)) }
                        td {
                            @if let Some(sizes) = settings.table.sizes.get(&tier.family()) {
                                @for (index, format) in settings.table.formats.iter().enumerate() {
                                    @if index > 0 { ", " }
                                    (name(*format)) " " (sizes.px(*format)) " px"
                                }
                            }
                        }
                    }
                }
            }
        }
    };
    html! {
        dl.facts {
            (fact("Hero", &html! { (settings.hero_degrees) "\u{b0} asked for" }))
            (fact("Start", &html! { "the first frame is at " (settings.start_degrees) "\u{b0}" }))
            (fact("Direction", &html! { (direction) " seen from above" }))
            (fact("Ground", &html! { (ground) }))
            (fact("Denoise", &html! { (if settings.denoise { "yes" } else { "no" }) }))
            (fact("Effort", &html! { (settings.effort) }))
            (fact("Encoders", &html! { (report.encoders()) }))
            (fact("Digest", &html! { code { (report.settings_digest()) } }))
        }
        (wide("Tier table", &table))
    }
}

/// One line of a list of facts.
pub(super) fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}
