//! The figures of a report for scripts.

use assets_pipeline::{
    measure::{MeasuredFamily, curve::Curve},
    plan::Plan,
};
use serde_json::{Value, json};

use super::{Report, TierLine};

/// Everything that the page shows, but for pictures.
pub fn figures(report: &Report) -> Value {
    let settings = &report.settings;
    let costs = &report.costs;
    let stages = costs.stages.iter().map(|cost| {
        json!({
            "stage": cost.stage.as_str(),
            "wall_seconds": rounded(cost.wall.as_secs_f64()),
            "cpu_seconds": rounded(cost.cpu.as_secs_f64()),
        })
    });
    json!({
        "source": report.source,
        "made": report.made,
        "girasol": env!("CARGO_PKG_VERSION"),
        "encoders": report.encoders(),
        "settings": {
            "digest": report.settings_digest(),
            "hero": settings.hero_degrees,
            "start": settings.start_degrees,
            "clockwise": settings.clockwise,
            "ground": settings.ground.map(|ground| ground.to_string()),
            "denoise": settings.denoise,
            "engine": settings.engine,
            "effort": settings.effort,
            "table": settings.table,
        },
        "turn": { "frames": report.plan.turn, "size": [report.source_size.0, report.source_size.1] },
        "crop": [report.crop.left, report.crop.top, report.crop.width(), report.crop.height()],
        "ground": report.ground.to_string(),
        "colour": report.colour.to_string(),
        "hero": report.plan.degree(report.plan.hero),
        "tiers": report.tiers().iter().map(tier).collect::<Vec<_>>(),
        "families": report.families.iter().map(|one| family(report, one)).collect::<Vec<_>>(),
        "costs": {
            "threads": costs.threads,
            "encodes": costs.encodes,
            "published": report.published(),
            "encodes_a_frame": rounded(costs.encodes as f64 / report.published().max(1) as f64),
            "peak_bytes": costs.peak_bytes,
            "stages": stages.collect::<Vec<_>>(),
        },
        "remarks": report.remarks,
    })
}

fn tier(line: &TierLine) -> Value {
    json!({
        "tier": line.tier,
        "format": line.format,
        "frames": line.frames,
        "size": [line.size.0, line.size.1],
        "bytes": line.bytes,
        "whole_bytes": line.whole_bytes,
        "budget": line.max_bytes,
        "quality": {
            "metric": "ssimulacra2",
            "mean": rounded(line.quality.mean),
            "min": rounded(line.quality.min),
            "spread": rounded(line.quality.spread),
            "step": rounded(line.quality.step),
        },
    })
}

fn family(report: &Report, family: &MeasuredFamily) -> Value {
    let plan = &report.plan;
    let frames = family.frames.iter().map(|frame| {
        json!({
            "degree": plan.degree(frame.position),
            "angle": rounded(plan.angle(frame.position)),
            "file": report.files[frame.position],
            "bytes": frame.bytes.len(),
            "score": rounded(frame.score),
            "tiers": frame.tiers,
        })
    });
    let steps = family.steps.iter().map(|step| {
        json!({
            "from": plan.degree(step.from),
            "to": plan.degree(step.to),
            "score": rounded(step.score),
            "shimmer": rounded(step.shimmer),
            "brightness": rounded(step.brightness),
        })
    });
    json!({
        "family": family.family,
        "format": family.format,
        "size": [family.size.0, family.size.1],
        "set": family.set,
        "fullest": family.fullest,
        "frames": frames.collect::<Vec<_>>(),
        "worst": plan.degree(family.frames[family.worst].position),
        "flicker": steps.collect::<Vec<_>>(),
        "curve": family.curve.as_ref().map(|one| curve(plan, one)),
    })
}

fn curve(plan: &Plan, curve: &Curve) -> Value {
    let points = curve.points.iter().map(|point| {
        json!({
            "level": point.level,
            "bytes": rounded(point.bytes),
            "score": rounded(point.score),
            "encode_seconds": rounded(point.encoding.as_secs_f64()),
            "score_seconds": rounded(point.scoring.as_secs_f64()),
        })
    });
    json!({
        "degrees": curve.positions.iter().map(|position| plan.degree(*position)).collect::<Vec<_>>(),
        "points": points.collect::<Vec<_>>(),
        "working": { "bytes": rounded(curve.working_bytes), "score": rounded(curve.working_score) },
        "budget": rounded(curve.budget),
    })
}

/// Three digits are finer than anything measured here.
fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
