//! Every published frame as a thumbnail.

use assets_pipeline::measure::{MeasuredFamily, MeasuredFrame};
use maud::{Markup, html};

use super::{
    Report,
    charts::angle,
    words::{data_uri, kilobytes, name, tiers},
};

/// One sheet for each family and format, of which one is shown at a time; radio buttons choose, so that
/// keys work and nothing needs a script.
pub(super) fn contact_sheets(report: &Report) -> Markup {
    // What most visitors see is shown first.
    let shown = report.families.iter().position(|family| family.frames.len() > 1).unwrap_or(0);
    html! {
        div.switch {
            @for (index, family) in report.families.iter().enumerate() {
                @let id = format!("sheet-{index}");
                input type="radio" name="sheet" id=(id) checked[index == shown];
                label for=(id) { (family.fullest) " " b { (name(family.format)) } }
            }
            div.panels {
                @for family in &report.families { (sheet(report, family)) }
            }
        }
    }
}

fn sheet(report: &Report, family: &MeasuredFamily) -> Markup {
    let bytes: usize = family.frames.iter().map(|frame| frame.bytes.len()).sum();
    let (width, height) = family.size;
    html! {
        section.sheet aria-label=(format!("{} in {}", tiers(family), name(family.format))) {
            p.quiet {
                (family.frames.len()) " frames of " (width) " x " (height) " pixels, "
                (kilobytes(bytes as f64)) " together, for " (tiers(family)) "; set " code { (family.set) } "."
            }
            div.frames {
                @for (index, frame) in family.frames.iter().enumerate() { (thumbnail(report, family, index, frame)) }
            }
        }
    }
}

fn thumbnail(report: &Report, family: &MeasuredFamily, index: usize, frame: &MeasuredFrame) -> Markup {
    let (width, height) = family.size;
    let (is_hero, is_worst) = (frame.position == report.plan.hero, index == family.worst);
    let angle = angle(&report.plan, frame.position);
    let file = &report.files[frame.position];
    let figures = format!("{}, SSIMULACRA2 {:.1}", kilobytes(frame.bytes.len() as f64), frame.score);
    html! {
        figure.frame .hero[is_hero] .worst[is_worst] tabindex="0" data-degree=(report.plan.degree(frame.position))
            title=(format!("{angle}, from {file}: {figures}")) {
            img src=(data_uri(family.format.media_type(), &frame.bytes)) width=(width) height=(height)
                loading="lazy" decoding="async" alt=(format!("{angle}, from {file}"));
            figcaption {
                b { (angle) }
                @if is_hero { span.tag { "hero" } }
                @if is_worst { span.tag.bad { "worst" } }

                @if !frame.tiers.contains(&family.fullest) { span.note { (only(frame)) } }
                span.figures { (kilobytes(frame.bytes.len() as f64)) " \u{b7} " (format!("{:.1}", frame.score)) }
            }
        }
    }
}

/// The tiers of a frame that the fullest tier does not show.
fn only(frame: &MeasuredFrame) -> String {
    let tiers: Vec<&str> = frame.tiers.iter().map(|tier| tier.as_str()).collect();
    format!("{} only", tiers.join(", "))
}
