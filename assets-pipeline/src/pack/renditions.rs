//! From encoded families to what is published: sets, packs and the tiers that draw on them.

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    digest::Digest,
    encode::Encoder,
    encode::family::{EncodedFamily, EncodedFrame},
    pack::{
        Pack, SetList,
        bare::{self, Head},
        build_pack,
        quality::Quality,
    },
    plan::Plan,
    plan::load_order::load_order,
    plan::tiers::{Format, TierKey, TierTable},
};

/// Everything of a version that is stored besides its manifest and its JPEG.
#[derive(Debug, Clone)]
pub struct Renditions {
    /// By tier; a tier is there when it exists in at least one format.
    pub tiers: BTreeMap<TierKey, TierRenditions>,
    /// Each set once.
    pub sets: Vec<Set>,
    /// Each pack once, by digest.
    pub packs: BTreeMap<Digest, Arc<Pack>>,
    /// What the artist may want to know.
    pub remarks: Vec<String>,
    /// Who encoded each format.
    pub encoders: BTreeMap<Format, Encoder>,
}

/// A tier in every format.
#[derive(Debug, Clone)]
pub struct TierRenditions {
    /// Its positions on the turn, ascending.
    pub positions: Vec<usize>,
    /// Ceiling in bytes.
    pub max_bytes: u64,
    /// By format.
    pub formats: BTreeMap<Format, Rendition>,
}

/// A tier in one format.
#[derive(Debug, Clone)]
pub struct Rendition {
    /// The set that it draws on.
    pub set: Digest,
    /// Width and height in pixels.
    pub size: (u32, u32),
    /// Bytes of its own frames.
    pub bytes: u64,
    /// How good its own frames are.
    pub quality: Quality,
    /// What has to be loaded for it, in order.
    pub packs: Vec<Arc<Pack>>,
    /// The same with the head of the frames apart, where that takes fewer bytes.
    pub bare: Option<Bare>,
}

/// A tier whose frames have their head apart.
#[derive(Debug, Clone)]
pub struct Bare {
    /// What the set's frames have in common.
    pub head: Arc<Head>,
    /// Bytes of the tier's own bare frames, and of the head.
    pub bytes: u64,
    /// Bare frames, a pack for each of [`Rendition::packs`].
    pub packs: Vec<Arc<Pack>>,
}

/// A group of frames of one size and format, as it is addressed in URLs.
#[derive(Debug, Clone)]
pub struct Set {
    /// Names it.
    pub digest: Digest,
    /// What it holds.
    pub list: SetList,
    /// Its format.
    pub format: Format,
    /// By degree.
    pub frames: BTreeMap<u16, EncodedFrame>,
}

/// Builds the given tiers from encoded families that hold all of their frames.
pub fn build_renditions(
    plan: &Plan,
    table: &TierTable,
    families: &[EncodedFamily],
    keys: &[TierKey],
) -> Renditions {
    let encoders = families.iter().map(|family| (family.format, family.encoder)).collect();
    let remarks = families.iter().filter_map(|family| family.remark.clone()).collect();
    let mut all =
        Renditions { tiers: BTreeMap::new(), sets: Vec::new(), packs: BTreeMap::new(), remarks, encoders };
    for family in families {
        let of_family: Vec<TierKey> = keys
            .iter()
            .copied()
            .filter(|key| key.family() == family.family && plan.tiers.contains_key(key))
            .collect();
        let mut shown: Vec<usize> = of_family.iter().flat_map(|key| &plan.tiers[key]).copied().collect();
        shown.sort_unstable();
        shown.dedup();
        let frames: BTreeMap<u16, EncodedFrame> = shown
            .iter()
            .filter_map(|position| Some((plan.degree(*position), family.frames.get(position)?.clone())))
            .collect();
        let digests = frames.iter().map(|(degree, frame)| (*degree, frame.digest)).collect();
        let list = SetList::new(family.format, &digests);
        let set = Set { digest: list.digest(), list, format: family.format, frames };
        let bare = BareSet::of(&set);

        // The preview's pack comes first in every tier that draws on its set.
        let preview = plan.tiers.get(&TierKey::Preview).filter(|_| of_family.contains(&TierKey::Preview));
        let preview_pack = preview
            .map(|positions| Arc::new(pack(plan, &set, &load_order(positions, &[], plan.hero, plan.turn))));
        for key in of_family {
            let positions = &plan.tiers[&key];
            let mut packs: Vec<Arc<Pack>> = preview_pack.iter().cloned().collect();
            let before = preview.map_or(&[][..], Vec::as_slice);
            let rest = load_order(positions, before, plan.hero, plan.turn);
            if !rest.is_empty() {
                packs.push(Arc::new(pack(plan, &set, &rest)));
            }
            let degrees: Vec<u16> = positions.iter().map(|position| plan.degree(*position)).collect();
            let own: Vec<&EncodedFrame> =
                degrees.iter().filter_map(|degree| set.frames.get(degree)).collect();
            let bytes = own.iter().map(|frame| frame.bytes.len() as u64).sum();
            let bare = bare.as_ref().map(|bare| bare.tier(&degrees, &packs));
            let bare = bare.filter(|bare| bare.bytes < bytes);
            let of_tier = packs.iter().chain(bare.iter().flat_map(|bare| &bare.packs));
            all.packs.extend(of_tier.map(|pack| (pack.digest, pack.clone())));
            let rendition = Rendition {
                set: set.digest,
                size: family.size,
                bytes,
                quality: Quality::of(&own.iter().map(|frame| frame.score).collect::<Vec<_>>()),
                packs,
                bare,
            };
            let tier = all.tiers.entry(key).or_insert_with(|| TierRenditions {
                positions: positions.clone(),
                max_bytes: table.tiers.get(&key).map_or(0, |spec| spec.max_bytes),
                formats: BTreeMap::new(),
            });
            tier.formats.insert(family.format, rendition);
        }
        all.sets.push(set);
    }
    all
}

/// The frames of a set with their head apart.
struct BareSet {
    head: Arc<Head>,
    /// By degree.
    frames: BTreeMap<u16, Vec<u8>>,
}

impl BareSet {
    /// `None` where the frames have no head in common.
    fn of(set: &Set) -> Option<Self> {
        let (head, frames) = bare::split_all(set.frames.values().map(|frame| &*frame.bytes))?;
        let frames = set.frames.keys().copied().zip(frames).collect();
        Some(Self { head: Arc::new(head), frames })
    }

    /// A tier of these degrees, which loads these packs.
    fn tier(&self, degrees: &[u16], packs: &[Arc<Pack>]) -> Bare {
        let frame = |degree: &u16| Some((*degree, self.frames.get(degree)?.as_slice()));
        let own = degrees.iter().filter_map(frame).map(|(_, bare)| bare.len() as u64);
        let packs = packs.iter().map(|pack| Arc::new(build_pack(pack.degrees.iter().filter_map(frame))));
        Bare {
            head: self.head.clone(),
            bytes: self.head.bytes.len() as u64 + own.sum::<u64>(),
            packs: packs.collect(),
        }
    }
}

fn pack(plan: &Plan, set: &Set, order: &[usize]) -> Pack {
    build_pack(order.iter().filter_map(|position| {
        let degree = plan.degree(*position);
        Some((degree, set.frames.get(&degree)?.bytes.as_ref()))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{plan::tiers::Family, settings::Settings};

    fn family(plan: &Plan, family: Family) -> EncodedFamily {
        let frame = |position: usize| {
            let bytes: Arc<[u8]> = vec![position as u8; 10 + position % 3].into();
            EncodedFrame { digest: Digest::of(&bytes), bytes, score: 60.0 + position as f64 / 100.0 }
        };
        let frames = plan.family(family).into_iter().map(|position| (position, frame(position))).collect();
        EncodedFamily {
            family,
            format: Format::Avif,
            encoder: Settings::default().encoder(Format::Avif),
            size: (64, 48),
            frames,
            remark: None,
        }
    }

    #[test]
    fn tiers_of_a_family_share_a_set_and_the_previews_pack() {
        let table = TierTable::default();
        let plan = Plan::new(360, 0.0, &table);
        let all = build_renditions(&plan, &table, &[family(&plan, Family::Spin)], &TierKey::ALL);
        assert_eq!(all.sets.len(), 1);
        assert_eq!(all.sets[0].frames.len(), 48);
        assert_eq!(all.packs.len(), 3);
        let avif = |key| &all.tiers[&key].formats[&Format::Avif];
        let preview = &avif(TierKey::Preview).packs[0];
        assert_eq!(preview.degrees[..4], [0, 180, 90, 270]);
        for key in [TierKey::Standard, TierKey::Standard24] {
            assert_eq!(avif(key).packs[0].digest, preview.digest);
            let loaded: usize = avif(key).packs.iter().map(|pack| pack.degrees.len()).sum();
            assert_eq!(loaded, plan.tiers[&key].len(), "{key} loads each of its frames once");
        }
    }

    #[test]
    fn an_early_version_has_the_very_pack_of_the_full_one() {
        let table = TierTable::default();
        let plan = Plan::new(360, 0.0, &table);
        let spin = family(&plan, Family::Spin);
        let early = build_renditions(&plan, &table, std::slice::from_ref(&spin), &[TierKey::Preview]);
        let full = build_renditions(&plan, &table, &[spin], &TierKey::ALL);
        let pack = early.packs.keys().next().unwrap();
        assert_eq!(early.packs.len(), 1);
        assert!(full.packs.contains_key(pack));
        assert_ne!(early.sets[0].digest, full.sets[0].digest, "a set is closed");
    }
}
