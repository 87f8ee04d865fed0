//! The worst frame of each family and format beside what it was made from.

use assets_pipeline::measure::MeasuredFamily;
use maud::{Markup, html};

use super::{
    Report,
    charts::angle,
    words::{data_uri, kilobytes, name, verdict},
};

/// Ways to look at two pictures; the first is taken until another one is chosen. The style sheet knows
/// the values.
const VIEWS: [(&str, &str); 4] = [
    ("beside", "side by side"),
    ("published", "published"),
    ("source", "source"),
    ("difference", "difference \u{d7} 8"),
];
/// Screen pixels for a pixel.
const ZOOMS: [u32; 3] = [1, 2, 4];

/// All of them. Radio buttons choose view and zoom: with two of them and the arrow keys the eye flips
/// between published frame and source.
pub(super) fn comparisons(report: &Report) -> Markup {
    html! { @for (index, family) in report.families.iter().enumerate() { (comparison(report, index, family)) } }
}

fn comparison(report: &Report, index: usize, family: &MeasuredFamily) -> Markup {
    let frame = &family.frames[family.worst];
    let (width, height) = family.size;
    let angle = angle(&report.plan, frame.position);
    let what = format!("{} in {}", family.fullest, name(family.format));
    let published = data_uri(family.format.media_type(), &frame.bytes);
    let source = data_uri("image/webp", &family.worst_source);
    html! {
        figure.comparison {
            figcaption {
                b { (what) } ", " (angle) ", from " code { (report.files[frame.position]) } ": "
                (kilobytes(frame.bytes.len() as f64)) ", SSIMULACRA2 " (format!("{:.1}", frame.score))
                ", " (verdict(frame.score)) "."
            }
            (choice("view", index, VIEWS.iter().map(|(value, label)| ((*value).to_owned(), (*label).to_owned()))))
            (choice("zoom", index, ZOOMS.iter().map(|zoom| (zoom.to_string(), format!("{zoom} : 1")))))
            div.wide tabindex="0" role="region" aria-label=(format!("Worst frame of {what}"))
                style=(format!("--width:{width};--height:{height}")) {
                div.pictures {
                    img.published src=(published) width=(width) height=(height) decoding="async"
                        alt=(format!("Published, {angle}"));
                    img.source src=(source) width=(width) height=(height) decoding="async"
                        alt=(format!("Source, prepared at the same size, {angle}"));
                }
            }
        }
    }
}

fn choice(kind: &str, index: usize, options: impl Iterator<Item = (String, String)>) -> Markup {
    html! {
        fieldset.choice {
            legend { (kind) }
            @for (nth, (value, label)) in options.enumerate() {
                label {
                    input type="radio" name=(format!("{kind}-{index}")) value=(value) checked[nth == 0];
                    span { (label) }
                }
            }
        }
    }
}
