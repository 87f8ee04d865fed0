//! The page: one file that needs no other.

use assets_pipeline::{plan::tiers::Family, prepare::colour::Rgb, prepare::ground::Ground};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    Report, charts,
    comparison::comparisons,
    contact_sheet::contact_sheets,
    tables::{costs, fact, settings, tier_table},
    words::{data_uri, name, verdict},
};

/// What the page may do: show what is in it.
const POLICY: &str =
    "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'";

/// The report as HTML.
pub fn page(report: &Report) -> String {
    let title = format!("{}: what became of its frames", report.source);
    let markup = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) }
                style { (PreEscaped(include_str!("report.css"))) }
            }
            // Where frames are transparent, they are shown on what stands for their ground.
            body style=(format!("--ground:{}", report.ground.colour())) {
                header { (head(report)) }
                main {
                    (section("tiers", "Tiers", "", &tier_table(&report.tiers())))
                    @if !report.remarks.is_empty() {
                        (section("remarks", "Remarks", "", &html! {
                            ul { @for remark in &report.remarks { li { (remark) } } }
                        }))
                    }
                    (section("frames", "Frames", FRAMES, &contact_sheets(report)))
                    (section("turn", "Round the turn", TURN, &charts::turns(report)))
                    (section("curve", "Quality for bytes", CURVE, &charts::curves(report)))
                    (section("worst", "The worst frames", WORST, &comparisons(report)))
                    (section("flicker", "Flicker", FLICKER, &charts::flicker(report)))
                    (section("costs", "Time and memory", "", &costs(report)))
                    (section("settings", "Settings", "", &settings(report)))
                }
                dialog #large aria-label="Frame" {
                    img alt="";
                    p {}
                    form method="dialog" { button { "Close" } }
                }
                script { (PreEscaped(include_str!("report.js"))) }
            }
        }
    };
    markup.into_string()
}

const FRAMES: &str = "These are the very files that visitors get. Enter or a click shows one at full size; there, \
    the arrow keys turn the piece.";
const TURN: &str = "The larger mark is the worst frame. The budget line is what the ceiling leaves for each frame if \
    all take the same.";
const CURVE: &str = "SSIMULACRA2 against bytes a frame, of five frames spread over the turn and encoded at several levels. \
    The larger mark is what was published: the mean of all frames of the fullest tier.";
const WORST: &str = "The frame with the lowest score, beside the pixels that it was encoded from: cut out, on its \
    ground, at the published size. Choose a view and use the arrow keys to flip between them.";
const FLICKER: &str = "What changes from a frame to the next one though the piece did not. The error image of a \
    frame is its luma less that of its source; shimmer is the mean change of its pixels, brightness the change of \
    its mean, both in 8-bit steps.";

fn section(id: &str, title: &str, intro: &str, body: &Markup) -> Markup {
    html! {
        section id=(id) {
            h2 { (title) }
            @if !intro.is_empty() { p.intro { (intro) } }
            (body)
        }
    }
}

fn head(report: &Report) -> Markup {
    let (width, height) = report.source_size;
    let (crop, ground) = (report.crop, report.ground);
    let still = report.families.iter().find(|family| family.family == Family::Still);
    html! {
        @if let Some((still, frame)) = still.and_then(|still| Some((still, still.frames.first()?))) {
            img.still src=(data_uri(still.format.media_type(), &frame.bytes)) width=(still.size.0)
                height=(still.size.1) alt=(format!("The still, {}", charts::angle(&report.plan, frame.position)));
        }
        div {
            h1 { (report.source) }
            p.lead { (summary(report)) }
            dl.facts {
                (fact("Turn", &html! { (report.plan.turn) " frames of " (width) " x " (height) " pixels" }))
                (fact("Crop", &html! {
                    (crop.width()) " x " (crop.height()) " pixels, " (crop.left) " from the left and "
                    (crop.top) " from the top"
                }))
                (fact("Hero", &html! {
                    (charts::angle(&report.plan, report.plan.hero)) ", " code { (report.files[report.plan.hero]) }
                }))
                (fact("Ground", &match ground {
                    Ground::Colour(colour) => swatch(colour),
                    Ground::Transparent => html! { "transparent" },
                }))
                (fact("Colour", &swatch(report.colour)))
                (fact("Made", &html! { (report.made) " UTC by Girasol " (env!("CARGO_PKG_VERSION")) }))
            }
            nav aria-label="Sections" {
                @for (id, title) in [
                    ("tiers", "Tiers"), ("frames", "Frames"), ("turn", "Round the turn"), ("curve", "Quality for bytes"),
                    ("worst", "The worst frames"), ("flicker", "Flicker"), ("costs", "Time and memory"),
                    ("settings", "Settings"),
                ] { a href=(format!("#{id}")) { (title) } }
            }
        }
    }
}

fn swatch(colour: Rgb) -> Markup {
    html! { span.swatch style=(format!("background:{colour}")) {} code { (colour) } }
}

/// The whole report in two sentences.
fn summary(report: &Report) -> String {
    let over = report.tiers().iter().filter(|line| line.bytes > line.max_bytes).count();
    let within = if over == 0 {
        "Every tier is within its bytes.".to_owned()
    } else {
        format!("{over} tiers are over their bytes.")
    };
    let worst = report.families.iter().map(|family| (family, &family.frames[family.worst]));
    let worst = worst.min_by(|(_, a), (_, b)| a.score.total_cmp(&b.score));
    let worst = worst.map(|(family, frame)| {
        format!(
            " The poorest frame is at {} in the {} of {}: SSIMULACRA2 {:.1}, {}.",
            charts::angle(&report.plan, frame.position),
            name(family.format),
            family.fullest,
            frame.score,
            verdict(frame.score),
        )
    });
    within + &worst.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::samples;

    #[test]
    fn names_and_remarks_are_text_and_never_markup() {
        let html = page(&samples::report());
        for hostile in ["<b>ring", "<img src=x", "<script>alert", "</ul><script>"] {
            assert!(!html.contains(hostile), "{hostile}");
        }
        assert!(html.contains(
            "<title>&lt;b&gt;ring &amp; &quot;co&quot;&lt;/b&gt;: what became of its frames</title>"
        ));
        assert!(html.contains("<li>&lt;/ul&gt;&lt;script&gt;alert(1)&lt;/script&gt;</li>"));
        assert_eq!(html.matches("<script").count(), 1);
    }

    #[test]
    fn every_link_leads_to_a_section_and_every_id_is_there_once() {
        let html = page(&samples::report());
        let values = |start: &str| -> Vec<String> {
            html.split(start).skip(1).filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
        };
        let mut ids = values(" id=\"");
        assert!(values(" href=\"#").iter().all(|link| ids.contains(link)));
        let count = ids.len();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), count);
    }

    #[test]
    fn the_summary_names_the_poorest_frame() {
        expect_test::expect!["Every tier is within its bytes. The poorest frame is at 270° in the AVIF of standard: SSIMULACRA2 67.0, passable."].assert_eq(&summary(&samples::report()));
    }
}
