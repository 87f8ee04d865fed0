//! The whole way from raw frames to renditions, in the steps that can be published one by one.

use crate::{
    IngestError,
    encode::Encoder,
    encode::cache::EncodeCache,
    encode::family::{EncodedFamily, FamilyEncoder, Tally, Workshop},
    pack::renditions::{Renditions, build_renditions},
    plan::tiers::{Family, Format, TierKey},
    prepare::Prepared,
    progress::{Progress, Stage},
    settings::Settings,
};
use rayon::prelude::*;

/// Encodes for a frame that are foretold to progress bars.
const ENCODES_A_FRAME: f64 = 1.4;

/// The tiers of an early version.
pub const EARLY_TIERS: [TierKey; 2] = [TierKey::Still, TierKey::Preview];

/// A turn on its way to being encoded: first [`Spin::encode_preview`], then [`Spin::encode_rest`].
pub struct Spin<'a> {
    workshop: Workshop<'a>,
    stills: Vec<FamilyEncoder<'a>>,
    spins: Vec<FamilyEncoder<'a>>,
}

impl<'a> Spin<'a> {
    /// Starts on a prepared turn.
    pub fn new(
        prepared: &'a Prepared,
        settings: &'a Settings,
        cache: &'a dyn EncodeCache,
        tally: &'a Tally,
        progress: &'a dyn Progress,
    ) -> Result<Self, IngestError> {
        let workshop = Workshop { prepared, settings, cache, tally, progress };
        let encoder = |format: &Format| FamilyEncoder::new(workshop, Family::Spin, settings.encoder(*format));
        let spins = settings.table.formats.iter().map(encoder).collect::<Result<_, _>>()?;
        Ok(Self { workshop, stills: Vec::new(), spins })
    }

    /// Encodes the still and the preview: what goes live first.
    pub fn encode_preview(&mut self) -> Result<Renditions, IngestError> {
        let plan = &self.workshop.prepared.plan;
        let preview = &plan.tiers[&TierKey::Preview];
        let frames = (preview.len() + 1) * self.workshop.settings.table.formats.len();
        self.begin(Stage::EncodePreview, frames);
        let hero = [plan.hero];
        self.spins.par_iter_mut().try_for_each(|spin| spin.tune(preview))?;
        // The still has too few frames to tell, and nothing but one of the spin's.
        let still =
            |spin: &FamilyEncoder<'a>| FamilyEncoder::new(self.workshop, Family::Still, spin.encoder());
        self.stills = self.spins.iter().map(still).collect::<Result<_, _>>()?;
        let (stills, spins) = rayon::join(
            || self.stills.par_iter_mut().try_for_each(|still| still.settle(&hero)),
            || self.spins.par_iter_mut().try_for_each(|spin| spin.settle(preview)),
        );
        stills.and(spins)?;
        let families = finish(self.stills.iter().chain(&self.spins))?;
        Ok(self.build(&families, &EARLY_TIERS))
    }

    /// Encodes everything else, and builds the whole version.
    pub fn encode_rest(mut self) -> Result<Renditions, IngestError> {
        let workshop = self.workshop;
        let plan = &workshop.prepared.plan;
        let (spin, hd) = (plan.family(Family::Spin), plan.family(Family::Hd));
        let encoders: Vec<Encoder> = self.spins.iter().map(FamilyEncoder::encoder).collect();
        let frames = spin.len() + hd.len() - plan.tiers[&TierKey::Preview].len();
        self.begin(Stage::EncodeRest, frames * encoders.len());
        let (spins, hds) = rayon::join(
            || self.spins.par_iter_mut().try_for_each(|encoder| encoder.settle(&spin)),
            || {
                if hd.is_empty() {
                    return Ok(Vec::new());
                }
                encoders
                    .par_iter()
                    .map(|encoder| {
                        let mut family = FamilyEncoder::new(workshop, Family::Hd, *encoder)?;
                        family.settle(&hd)?;
                        Ok(family)
                    })
                    .collect::<Result<Vec<_>, IngestError>>()
            },
        );
        spins?;
        let families = finish(self.stills.iter().chain(&self.spins).chain(&hds?))?;
        Ok(self.build(&families, &TierKey::ALL))
    }

    fn begin(&self, stage: Stage, frames: usize) {
        let encodes = (frames as f64 * ENCODES_A_FRAME).ceil() as usize;
        self.workshop.progress.begin(stage, encodes);
    }

    fn build(&self, families: &[EncodedFamily], keys: &[TierKey]) -> Renditions {
        build_renditions(&self.workshop.prepared.plan, &self.workshop.settings.table, families, keys)
    }
}

fn finish<'e, 'a: 'e>(
    encoders: impl Iterator<Item = &'e FamilyEncoder<'a>>,
) -> Result<Vec<EncodedFamily>, IngestError> {
    let encoders: Vec<_> = encoders.collect();
    encoders.into_par_iter().map(FamilyEncoder::finish).collect()
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use super::*;
    use crate::{
        encode::{Effort, cache::NoCache, family::Tally},
        plan::tiers::TierTable,
        prepare::prepare,
        progress::Silent,
        read::{limits::Limits, source::Source, survey::survey},
    };

    #[test]
    fn a_preview_that_has_all_frames_stays_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/ring-yellow-gold");
        for degree in (0..360).step_by(30) {
            let name = format!("{degree:03}.webp");
            fs::copy(fixture.join(&name), folder.path().join(name)).unwrap();
        }
        let mut table = TierTable { formats: vec![Format::Avif], ..TierTable::default() };
        for size in table.sizes.values_mut() {
            size.avif_px = 96;
        }
        for key in [TierKey::Preview, TierKey::Standard, TierKey::Hd] {
            table.tiers.get_mut(&key).unwrap().max_bytes = 12_000;
        }
        for effort in Effort::ALL {
            let settings = Settings { table: table.clone(), effort: *effort, ..Settings::default() };
            let limits = Limits::default();
            let source = Source::open(folder.path(), &limits).unwrap();
            let survey = survey(&source, &limits, None).unwrap();
            let prepared = prepare(&source, &survey, &settings, &limits, &Silent).unwrap();
            let tally = Tally::default();
            let mut spin = Spin::new(&prepared, &settings, &NoCache, &tally, &Silent).unwrap();
            let early = spin.encode_preview().unwrap();
            let full = spin.encode_rest().unwrap();
            let avif = |renditions: &Renditions, key| renditions.tiers[&key].formats[&Format::Avif].clone();
            let preview = avif(&early, TierKey::Preview);
            for key in [TierKey::Preview, TierKey::Standard] {
                let later = avif(&full, key);
                assert_eq!(later.packs[0].digest, preview.packs[0].digest, "{key} at the effort {effort}");
                assert_eq!(later.quality, preview.quality, "{key} at the effort {effort}");
            }
        }
    }
}
