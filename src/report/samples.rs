//! A small report for tests, without encoding anything.

use std::{sync::Arc, time::Duration};

use assets_pipeline::{
    digest::Digest,
    measure::{
        MeasuredFamily, MeasuredFrame,
        curve::{Curve, CurvePoint},
        flicker::Step,
    },
    plan::Plan,
    plan::tiers::{Family, Format, TierKey},
    prepare::colour::Rgb,
    prepare::ground::{Bounds, Ground},
    progress::Stage,
    settings::Settings,
};

use super::{Costs, Report, StageCost};

/// A turn of four frames whose names are hostile.
pub(super) fn report() -> Report {
    let settings = Settings::default();
    let plan = Plan::new(4, 90.0, &settings.table);
    let stage = |stage, wall, cpu| StageCost {
        stage,
        wall: Duration::from_millis(wall),
        cpu: Duration::from_millis(cpu),
    };
    Report {
        source: "<b>ring & \"co\"</b>".into(),
        made: "2026-03-01 12:00".into(),
        files: (0..4).map(|index| format!("<img src=x onerror=alert(1)>{index}.png")).collect(),
        source_size: (160, 120),
        crop: Bounds { left: 10, top: 20, right: 74, bottom: 68 },
        ground: Ground::Colour(Rgb::WHITE),
        colour: Rgb([201, 168, 106]),
        families: [Family::Still, Family::Spin, Family::Hd]
            .into_iter()
            .flat_map(|family| Format::ALL.map(|format| measured(&plan, family, format)))
            .collect(),
        costs: Costs {
            threads: 2,
            encodes: 27,
            peak_bytes: 64 << 20,
            stages: vec![
                stage(Stage::Check, 100, 150),
                stage(Stage::Prepare, 400, 750),
                stage(Stage::Measure, 1000, 2000),
            ],
        },
        remarks: vec!["</ul><script>alert(1)</script>".into()],
        plan,
        settings,
    }
}

fn measured(plan: &Plan, family: Family, format: Format) -> MeasuredFamily {
    let positions = plan.family(family);
    let shows = |position: usize| {
        let shown = plan.tiers.iter().filter(|(key, at)| key.family() == family && at.contains(&position));
        shown.map(|(key, _)| *key).collect()
    };
    let frames: Vec<MeasuredFrame> = positions
        .iter()
        .map(|&position| MeasuredFrame {
            position,
            bytes: Arc::from(vec![position as u8; 1000 + 100 * position]),
            score: 70.0 - position as f64,
            tiers: shows(position),
        })
        .collect();
    let count = frames.len();
    let step = |index: usize| Step {
        from: positions[index],
        to: positions[(index + 1) % count],
        score: if index + 1 == count { 3.0 } else { -1.0 },
        brightness: 0.25,
        shimmer: 0.5 + index as f64,
    };
    let curve = Curve {
        positions: positions.clone(),
        points: [(80, 600.0, 50.0), (110, 1200.0, 70.0), (140, 2400.0, 80.0)]
            .map(|(level, bytes, score)| CurvePoint {
                level,
                bytes,
                score,
                encoding: Duration::from_millis(50),
                scoring: Duration::from_millis(20),
            })
            .to_vec(),
        working_bytes: 1150.0,
        working_score: 68.5,
        budget: 1250.0,
    };
    MeasuredFamily {
        head: None,
        encoder: Settings::default().encoder(format),
        family,
        format,
        size: (64, 48),
        set: Digest::of(family.as_str().as_bytes()),
        fullest: match family {
            Family::Still => TierKey::Still,
            Family::Spin => TierKey::Standard,
            Family::Hd => TierKey::Hd,
        },
        worst: count - 1,
        worst_source: vec![7; 30],
        steps: if count > 1 { (0..count).map(step).collect() } else { Vec::new() },
        curve: (count > 1).then_some(curve),
        frames,
    }
}
