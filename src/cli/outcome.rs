//! The result of an ingest, for people and for scripts.

use std::{fmt::Write as _, time::Duration};

use assets_pipeline::plan::tiers::TierKey;
use serde_json::json;

use crate::{
    domain::{
        gain::Gain,
        manifest::{Manifest, Rendition, Tier},
    },
    ingest::{Checked, Order, Outcome, Report},
};

/// The report as a table and a sentence.
pub(super) fn text(report: &Report, took: Duration) -> String {
    let Report { configuration, manifest, outcome, encoded, reused, .. } = report;
    let version = manifest.version;
    let mut text = table(manifest);
    let sentence = match outcome {
        Outcome::Unchanged => {
            format!(
                "Nothing to do: version {version} of {configuration} is live and was made from the same frames."
            )
        }
        Outcome::Published if *encoded == 0 && *reused == 0 => {
            format!(
                "Nothing was encoded again: version {version} of {configuration} was made from the same frames, and is live now."
            )
        }
        Outcome::Published => match report.preview {
            Some(preview) => format!(
                "Version {version} of {configuration} is live. Version {preview} was its preview, which visitors saw while \
                 the rest was encoded."
            ),
            None => format!("Version {version} of {configuration} is live."),
        },
        Outcome::Ready => format!(
            "Version {version} of {configuration} is ready. Make it live: girasol publish {configuration} {version}"
        ),
        Outcome::NotBetter => {
            format!("More effort improved nothing: version {version} of {configuration} stays live.")
        }
        Outcome::Overtaken => format!(
            "Version {version} of {configuration} is ready, but another version went live during the ingest and stays \
             live. Make this one live: girasol publish {configuration} {version}"
        ),
    };
    let _ = write!(text, "\n{sentence}");
    if !report.gains.is_empty() {
        let _ = write!(text, "\nQuality compared with the former live version:");
        for Gain { tier, format, before, after } in &report.gains {
            let _ = write!(
                text,
                "\n  {tier:<12} {format:<6} {before:>5.1} -> {after:.1} ({:+.1})",
                after - before
            );
        }
    }
    if *encoded + *reused > 0 {
        let _ = write!(text, "\n{encoded} encodes");
        if *reused > 0 {
            let _ = write!(text, ", {reused} more reused from an interrupted ingest");
        }
        let _ = write!(text, "; {:.1} s.", took.as_secs_f64());
    }
    text
}

/// The report as one JSON object.
pub(super) fn json(report: &Report, took: Duration) -> String {
    let outcome = match report.outcome {
        Outcome::Published => "published",
        Outcome::Ready => "ready",
        Outcome::Overtaken => "overtaken",
        Outcome::Unchanged => "unchanged",
        Outcome::NotBetter => "not-better",
    };
    let gain = |gain: &Gain| {
        json!({
            "tier": gain.tier,
            "format": gain.format,
            "before": gain.before,
            "after": gain.after,
        })
    };
    json!({
        "outcome": outcome,
        "configuration": report.configuration,
        "version": report.manifest.version,
        "preview": report.preview,
        "digest": report.digest,
        "manifest": report.manifest,
        "encoded": report.encoded,
        "reused": report.reused,
        "seconds": (took.as_secs_f64() * 1000.0).round() / 1000.0,
        "remarks": report.remarks,
        "gains": report.gains.iter().map(gain).collect::<Vec<_>>(),
    })
    .to_string()
}

/// The plan of a dry run, for people.
pub(super) fn plan_text(checked: &Checked, order: &Order) -> String {
    let Checked { survey, plan, .. } = checked;
    let (width, height) = survey.size;
    let mut text = format!("{} frames of {width} x {height} pixels are good.\n\n", survey.frames.len());
    let _ = writeln!(text, "{:<12} {:>6}  {:>9}", "tier", "frames", "at most");
    for (key, positions) in &plan.tiers {
        let max_bytes = order.settings.table.tiers.get(key).map_or(0, |spec| spec.max_bytes);
        let _ = writeln!(text, "{key:<12} {:>6}  {:>9}", positions.len(), kilobytes(max_bytes));
    }
    for remark in &survey.remarks {
        let _ = write!(text, "\nnote: {remark}");
    }
    if !survey.ignored.is_empty() {
        let _ = write!(text, "\nnote: not used, since they are no frames: {}", survey.ignored.join(", "));
    }
    text.push_str("\nA dry run: nothing was encoded.");
    text
}

/// The plan of a dry run, as one JSON object.
pub(super) fn plan_json(checked: &Checked, order: &Order) -> String {
    let Checked { survey, plan, .. } = checked;
    let tiers: serde_json::Map<_, _> = plan
        .tiers
        .iter()
        .map(|(key, positions)| {
            let max_bytes = order.settings.table.tiers.get(key).map_or(0, |spec| spec.max_bytes);
            (key.to_string(), json!({ "frames": positions.len(), "max_bytes": max_bytes }))
        })
        .collect();
    json!({
        "outcome": "checked",
        "frames": survey.frames.len(),
        "size": [survey.size.0, survey.size.1],
        "hero": plan.degree(plan.hero),
        "tiers": tiers,
        "remarks": survey.remarks,
        "ignored": survey.ignored,
    })
    .to_string()
}

fn table(manifest: &Manifest) -> String {
    let mut text = format!(
        "{:<12} {:<6} {:>6}  {:>11}  {:>19}  {:>5}  {:>11}  {:>13}  {:>6}  {:>4}\n",
        "tier",
        "format",
        "frames",
        "pixels",
        "bytes of budget",
        "",
        "whole files",
        "quality (min)",
        "spread",
        "step"
    );
    for key in TierKey::ALL {
        let Some(tier) = manifest.tiers.get(&key) else { continue };
        for (format, rendition) in &tier.formats {
            row(&mut text, key, tier, format.as_str(), rendition);
        }
    }
    text
}

fn row(text: &mut String, key: TierKey, tier: &Tier, format: &str, rendition: &Rendition) {
    let [width, height] = rendition.size;
    let bytes = rendition.loaded_bytes();
    let share = bytes as f64 / tier.budget as f64 * 100.0;
    let _ = writeln!(
        text,
        "{key:<12} {format:<6} {:>6}  {:>11}  {:>8} of {:>7}  {share:>4.0}%  {:>11}  {:>5.1} ({:.1})  {:>6}  {:>4}",
        tier.frames,
        format!("{width} x {height}"),
        kilobytes(bytes),
        kilobytes(tier.budget),
        kilobytes(rendition.bytes),
        rendition.quality.mean,
        rendition.quality.min,
        tenths(rendition.quality.spread),
        tenths(rendition.quality.step),
    );
}

/// Versions that were made before these were measured have none.
fn tenths(value: Option<f64>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.1}"))
}

fn kilobytes(bytes: u64) -> String {
    format!("{:.1} kB", bytes as f64 / 1000.0)
}
