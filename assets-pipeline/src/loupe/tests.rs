use std::{convert::Infallible, path::Path};

use image::{DynamicImage, ImageFormat, Rgba, RgbaImage};

use super::*;
use crate::{
    encode::{cache::NoCache, family::Tally},
    plan,
    prepare::{colour::Rgb, prepare},
    progress::Silent,
    read::survey::survey,
};

/// Levels 10 to 60, each worth a point: the score is the level and this.
fn search(first: Level, score_at_0: f64) -> (Option<Level>, Vec<Level>) {
    let mut levels = Settings::default().encoder(Format::Webp).levels();
    (levels.lowest, levels.highest, levels.slopes.score) = (10, 60, 1.0);
    let mut asked = Vec::new();
    let found = least(levels, first, |level| {
        asked.push(level);
        Ok::<_, Infallible>(Encoded { bytes: vec![0; level.into()], score: score_at_0 + f64::from(level) })
    });
    (found.unwrap().map(|(level, _)| level), asked)
}

#[test]
fn the_lowest_level_is_found_that_is_good_enough() {
    assert_eq!(search(30, 45.0), (Some(40), vec![30, 40]));
    assert_eq!(search(55, 45.0), (Some(40), vec![55, 40]));
    assert_eq!(search(40, 45.0), (Some(40), vec![40]));
    assert_eq!(search(60, 80.0), (Some(10), vec![60, 10]), "the lowest is more than enough");
    assert_eq!(search(30, 20.0), (None, vec![30, 60]), "no level is enough");
}

#[test]
fn a_search_ends_where_levels_bring_other_than_was_foretold() {
    let levels = Settings::default().encoder(Format::Webp).levels();
    for slope in [0.02, 0.3, 3.0] {
        let mut asked = Vec::new();
        let (level, _) = least(levels, levels.first, |level| {
            assert!(!asked.contains(&level), "{asked:?} and {level} again");
            asked.push(level);
            let score = 84.0 + slope * (f64::from(level) - 120.0);
            Ok::<_, Infallible>(Encoded { bytes: Vec::new(), score })
        })
        .unwrap()
        .unwrap();
        assert!(84.0 + slope * (f64::from(level) - 120.0) >= MIN_SCORE, "{slope}: {level}");
        assert!(asked.len() <= 12, "{slope}: {asked:?}");
    }
}

/// A piece on a plain ground, which moves a little from frame to frame: of metal, or of stripes whose colours change with every
/// pixel.
fn draw(folder: &Path, frames: u32, px: u32, is_striped: bool) {
    for nth in 0..frames {
        let frame = RgbaImage::from_fn(px, px, |x, y| {
            let (left, right) = (px / 4 + nth, px * 3 / 4 + nth);
            if !(left..right).contains(&x) || !(px / 3..px * 2 / 3).contains(&y) {
                return Rgba([250, 250, 250, 255]);
            }
            if is_striped {
                return Rgba(if (x + y) % 2 == 0 { [255, 0, 0, 255] } else { [0, 0, 255, 255] });
            }
            let wave = ((f64::from(x) / 9.0).sin() * (f64::from(y) / 11.0).cos() * 70.0 + 140.0) as u8;
            Rgba([wave, wave, wave - 10, 255])
        });
        let path = folder.join(format!("{nth:03}.png"));
        DynamicImage::from(frame).into_rgb8().save_with_format(path, ImageFormat::Png).unwrap();
    }
}

fn small_settings() -> Settings {
    let mut settings = Settings::default();
    for spec in settings.table.sizes.values_mut() {
        (spec.avif_px, spec.webp_px) = (64, 64);
    }
    settings
}

struct Turn {
    _folder: tempfile::TempDir,
    source: Source,
    survey: Survey,
}

impl Turn {
    fn new(px: u32) -> Self {
        Self::of(px, false)
    }

    fn of(px: u32, is_striped: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        draw(folder.path(), 8, px, is_striped);
        let source = Source::open(folder.path(), &Limits::default()).unwrap();
        let survey = survey(&source, &Limits::default(), None).unwrap();
        Self { _folder: folder, source, survey }
    }

    fn under(&self, settings: &Settings) -> Under {
        let Self { source, survey, .. } = self;
        let prepared = prepare(source, survey, settings, &Limits::default(), &Silent).unwrap();
        let degrees = |position: &usize| (*position, prepared.plan.degree(*position));
        let hd = prepared.plan.family(plan::tiers::Family::Hd);
        let size = prepared.size(plan::tiers::Family::Hd, Format::Avif);
        Under {
            crop: prepared.crop,
            ground: prepared.ground,
            degrees: hd.iter().map(degrees).collect(),
            px: size.0.max(size.1),
        }
    }

    fn make(&self, settings: &Settings, under: &Under) -> Option<Loupe> {
        let (limits, tally) = (Limits::default(), Tally::default());
        let workshop =
            Workshop { settings, limits: &limits, cache: &NoCache, tally: &tally, progress: &Silent };
        make(&self.source, &self.survey, under, workshop).unwrap()
    }
}

#[test]
fn every_frame_lies_over_its_own_and_is_good_enough() {
    let (turn, settings) = (Turn::new(240), small_settings());
    let under = turn.under(&settings);
    let loupe = turn.make(&settings, &under).unwrap();
    assert_eq!(loupe.size, (under.crop.width(), under.crop.height()), "raw frames are not enlarged");
    assert_eq!(loupe.sets.len(), 2);
    for set in &loupe.sets {
        let degrees: Vec<u16> = set.frames.keys().copied().collect();
        assert_eq!(degrees, under.degrees.values().copied().collect::<Vec<_>>());
        for (position, degree) in &under.degrees {
            let frame = &set.frames[degree];
            assert!(frame.score >= MIN_SCORE, "{:?} at {degree}: {}", set.format, frame.score);
            assert_eq!(set.list.frame(*degree, set.format), Some(frame.digest));
            // What is prepared at this size is what was encoded.
            let large = Settings { table: crate::plan::tiers::TierTable::default(), ..settings.clone() };
            let prepared = prepare(&turn.source, &turn.survey, &large, &Limits::default(), &Silent).unwrap();
            let want = prepared.frame(*position, loupe.size).unwrap();
            let shown = decode(set.format, &frame.bytes).unwrap();
            assert!(score(&want, &shown).unwrap() >= MIN_SCORE);
        }
    }
}

#[test]
fn a_format_that_is_not_good_enough_is_left_out() {
    // WebP halves the resolution of colours.
    let (turn, settings) = (Turn::of(160, true), small_settings());
    let formats =
        |loupe: Option<Loupe>| loupe.map(|loupe| loupe.sets.iter().map(|set| set.format).collect::<Vec<_>>());
    let under = turn.under(&settings);
    let made = formats(turn.make(&settings, &under));
    assert!(made.as_deref().is_none_or(|formats| formats == [Format::Avif]), "{made:?}");
    let mut webp = settings;
    webp.table.formats = vec![Format::Webp];
    assert!(turn.make(&webp, &under).is_none());
}

#[test]
fn the_same_frames_give_the_same_loupe_and_stay_within_its_pixels() {
    let (turn, settings) = (Turn::new(160), small_settings());
    let under = turn.under(&settings);
    let digests = |loupe: Loupe| loupe.sets.iter().map(|set| set.digest).collect::<Vec<_>>();
    let first = digests(turn.make(&settings, &under).unwrap());
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(digests(pool.install(|| turn.make(&settings, &under)).unwrap()), first);

    let wide = Under { crop: Bounds::whole(6000, 3000), ..under.clone() };
    assert_eq!(wide.size(), Some((2400, 1200)));
}

#[test]
fn raw_frames_that_show_no_more_than_hd_have_no_loupe() {
    let (turn, settings) = (Turn::new(160), small_settings());
    let under = turn.under(&settings);
    let longer = under.crop.width().max(under.crop.height());
    assert!(turn.make(&settings, &Under { px: longer, ..under.clone() }).is_none());
    assert_eq!(Under { px: longer * 9 / 10, ..under.clone() }.size(), None);
    assert!(Under { px: longer / 2, ground: Ground::Colour(Rgb::WHITE), ..under }.size().is_some());
}
