//! Building a version's manifest.

use std::collections::BTreeMap;

use assets_pipeline::{
    pack::renditions::{Rendition, Renditions, TierRenditions},
    plan::Plan,
    prepare::Prepared,
};

use crate::domain::{
    figures::SetFigures,
    manifest::{self, Bare, Manifest, PackEntry, Quality, SCHEMA, Tier, Turn, Urls, View},
    names::ConfigId,
    namespace::Namespace,
};

/// Says what a version holds and where it lies.
pub fn build_manifest(
    configuration: &ConfigId,
    version: i64,
    namespace: Namespace,
    prepared: &Prepared,
    renditions: &Renditions,
) -> Manifest {
    let crop = prepared.crop;
    let plan = &prepared.plan;
    Manifest {
        schema: SCHEMA.to_owned(),
        configuration: configuration.clone(),
        version,
        turn: Turn { frames: plan.turn },
        view: View {
            source: prepared.source_size.into(),
            crop: [crop.left, crop.top, crop.width(), crop.height()],
        },
        ground: prepared.ground.to_string(),
        placeholder: prepared.placeholder.clone(),
        colour: prepared.colour.to_string(),
        hero: plan.degree(plan.hero),
        urls: Urls::of(namespace),
        tiers: renditions.tiers.iter().map(|(key, renditions)| (*key, tier(plan, renditions))).collect(),
    }
}

/// Says what is known of each frame.
pub fn build_figures(manifest: &Manifest, renditions: &Renditions) -> Vec<SetFigures> {
    let mut figures = SetFigures::of(manifest);
    for set in &mut figures {
        let Some(encoded) = renditions.sets.iter().find(|encoded| encoded.digest == set.set) else {
            continue;
        };
        for frame in &mut set.frames {
            let score = encoded.frames.get(&frame.degree).map(|frame| frame.score);
            frame.quality = score.map(|score| (score * 100.0).round() / 100.0);
        }
    }
    figures
}

fn tier(plan: &Plan, tier: &TierRenditions) -> Tier {
    let angle = |position: &usize| (plan.angle(*position) * 1000.0).round() / 1000.0;
    let whole = tier.positions.iter().all(|position| (360 * position).is_multiple_of(plan.turn));
    let loaded = |rendition: &Rendition| rendition.packs.iter().map(|pack| pack.bytes.len() as u64).sum();
    let formats: BTreeMap<_, _> =
        tier.formats.iter().map(|(format, rendition)| (*format, build_rendition(rendition))).collect();
    Tier {
        frames: tier.positions.len(),
        degrees: tier.positions.iter().map(|position| plan.degree(*position)).collect(),
        angles: (!whole).then(|| tier.positions.iter().map(angle).collect()),
        budget: tier.max_bytes,
        load_bytes: tier.formats.iter().map(|(format, rendition)| (*format, loaded(rendition))).collect(),
        formats,
    }
}

fn build_rendition(rendition: &Rendition) -> manifest::Rendition {
    let tenths = |score: f64| (score * 10.0).round() / 10.0;
    let quality = rendition.quality;
    manifest::Rendition {
        set: rendition.set,
        size: rendition.size.into(),
        bytes: rendition.bytes,
        quality: Quality {
            metric: "ssimulacra2".to_owned(),
            mean: tenths(quality.mean),
            min: tenths(quality.min),
            spread: Some(tenths(quality.spread)),
            step: Some(tenths(quality.step)),
        },
        packs: rendition
            .packs
            .iter()
            .map(|pack| PackEntry {
                pack: pack.digest,
                degrees: pack.degrees.clone(),
                lengths: pack.lengths.clone(),
            })
            .collect(),
        bare: rendition.bare.as_ref().map(Bare::of),
    }
}
