//! From raw frames to the pixels that are encoded.

pub mod alpha_bleed;
pub mod colour;
pub mod denoise;
pub mod flatten;
pub mod ground;
pub mod placeholder;
pub mod resize;
pub mod still;

use std::{
    collections::{BTreeMap, HashMap},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};

use image::RgbaImage;
use rayon::prelude::*;

use crate::{
    IngestError,
    gate::{Pass, WORKING},
    picture::Picture,
    plan::Plan,
    plan::tiers::{Family, Format},
    prepare::colour::Rgb,
    prepare::flatten::flatten,
    prepare::ground::{Bounds, Edge, Ground, edge, subject},
    prepare::placeholder::{THUMB_PX, dominant_colour, thumb_hash},
    prepare::resize::{CutOut, fitted},
    prepare::still::{JPEG_PX, encode_jpeg},
    progress::{Progress, Stage},
    read::decode::{Decoded, decode},
    read::limits::Limits,
    read::remark::{self, Remark},
    read::source::Source,
    read::survey::{Survey, SurveyedFrame},
    settings::Settings,
};

/// A plain ground is moved by so much at most: further, the piece's edges and shadows would show it.
const FLATTENED: u8 = 24;
/// Room around the piece, as a share of the longer side of its bounds.
const MARGIN: f64 = 0.03;

/// A turn whose frames are cut out, on their ground, and at every size that is published.
#[derive(Debug)]
pub struct Prepared {
    /// Which frames go where.
    pub plan: Plan,
    /// Width and height of the raw frames in pixels.
    pub source_size: (u32, u32),
    /// What is kept of the raw frames: the same for all of them.
    pub crop: Bounds,
    /// What the piece lies on.
    pub ground: Ground,
    /// ThumbHash of the hero frame, base64.
    pub placeholder: String,
    /// The piece's dominant colour.
    pub colour: Rgb,
    /// The hero frame as a JPEG file.
    pub jpeg: Vec<u8>,
    /// What the artist may want to know.
    pub remarks: Vec<String>,
    sizes: BTreeMap<(Family, Format), (u32, u32)>,
    frames: HashMap<(usize, (u32, u32)), Arc<Picture>>,
}

impl Prepared {
    /// Width and height in pixels of the frames of a family in a format.
    pub fn size(&self, family: Family, format: Format) -> (u32, u32) {
        self.sizes.get(&(family, format)).copied().unwrap_or((1, 1))
    }

    /// The pixels of a position that the family shows.
    pub fn frame(&self, position: usize, size: (u32, u32)) -> Result<Arc<Picture>, IngestError> {
        self.frames.get(&(position, size)).cloned().ok_or(IngestError::NotPrepared { position })
    }
}

/// Decodes the frames that any tier shows, finds the piece in them, and cuts it out at every size.
pub fn prepare(
    source: &Source,
    survey: &Survey,
    settings: &Settings,
    limits: &Limits,
    progress: &dyn Progress,
) -> Result<Prepared, IngestError> {
    let turn = survey.frames.len();
    let plan = Plan::new(turn, settings.hero_degrees, &settings.table);
    let used = plan.used();
    progress.begin(Stage::Prepare, 2 * used.len());

    let decoder = Decoder {
        source,
        survey,
        settings,
        limits,
        progress,
        kept: Mutex::default(),
        kept_bytes: AtomicU64::new(0),
    };
    let looked_at: Vec<(Seen, Vec<Remark>)> = used
        .par_iter()
        .map(|&position| {
            let _room = decoder.room_to_decode(position);
            let Decoded { image: frame, remarks, .. } = decoder.decode(position)?;
            let edge = edge(&frame);
            let bounds = subject(&frame, edge);
            decoder.keep(position, frame);
            progress.step();
            Ok(((edge, bounds), remarks))
        })
        .collect::<Result<_, IngestError>>()?;
    let (seen, of_decoding): (Vec<Seen>, Vec<Vec<Remark>>) = looked_at.into_iter().unzip();
    let mut assumed = decoder.named(&used, &of_decoding);

    let (width, height) = survey.size;
    let bounds = seen.iter().filter_map(|(_, bounds)| *bounds).reduce(Bounds::union);
    let bounds = bounds.ok_or(IngestError::NothingToSee)?;
    let margin = (f64::from(bounds.width().max(bounds.height())) * MARGIN).ceil() as u32;
    let crop = bounds.grown(margin, width, height);
    // The hero is among the used frames.
    let hero_edge =
        used.iter().zip(&seen).find(|(p, _)| **p == plan.hero).map_or(Edge::Transparent, |(_, s)| s.0);
    let (ground, remark) = choose_ground(settings.ground, hero_edge)?;

    let mut sizes = BTreeMap::new();
    for (family, spec) in &settings.table.sizes {
        for &format in &settings.table.formats {
            sizes.insert((*family, format), fitted(crop, spec.px(format)));
        }
    }
    let sides = sizes.values().map(|(width, height)| (*width).max(*height));
    let largest_px = sides.fold(JPEG_PX, u32::max);
    let families = Family::ALL.map(|family| (family, plan.family(family)));
    let edges: HashMap<usize, Edge> = used.iter().copied().zip(seen.iter().map(|(edge, _)| *edge)).collect();
    let cut: Vec<Cut> = used
        .par_iter()
        .map(|&position| {
            let _room = decoder.room_to_cut_out(position, largest_px);
            let frame = flattened(decoder.take(position)?, edges[&position], ground);
            let colour = (position == plan.hero).then(|| dominant_colour(&frame, bounds, hero_edge));
            let cut_out = CutOut::new(frame, crop, ground, settings.denoise);
            let mut wanted: Vec<(u32, u32)> = families
                .iter()
                .filter(|(_, positions)| positions.binary_search(&position).is_ok())
                .flat_map(|(family, _)| {
                    settings.table.formats.iter().map(|format| sizes[&(*family, *format)])
                })
                .collect();
            wanted.sort_unstable();
            wanted.dedup();
            let frames = wanted.into_iter().map(|size| (size, Arc::new(cut_out.resized(size)))).collect();
            let hero = if let Some(colour) = colour {
                // Neither can be transparent.
                let small = cut_out.resized(fitted(crop, THUMB_PX)).on(ground.colour());
                let large = cut_out.resized(fitted(crop, JPEG_PX)).on(ground.colour());
                Some(Hero { placeholder: thumb_hash(&small), colour, jpeg: encode_jpeg(&large)? })
            } else {
                None
            };
            progress.step();
            Ok(Cut { position, frames, hero })
        })
        .collect::<Result<_, IngestError>>()?;

    let mut frames = HashMap::new();
    let mut hero = None;
    for cut in cut {
        frames.extend(cut.frames.into_iter().map(|(size, image)| ((cut.position, size), image)));
        hero = hero.or(cut.hero);
    }
    let hero = hero.ok_or(IngestError::NotPrepared { position: plan.hero })?;
    assumed.extend(remarks(&seen).into_iter().chain(remark));
    Ok(Prepared {
        source_size: survey.size,
        crop,
        ground,
        placeholder: hero.placeholder,
        colour: hero.colour,
        jpeg: hero.jpeg,
        remarks: assumed,
        sizes,
        frames,
        plan,
    })
}

/// A frame on exactly the ground that was chosen, where its own is plain.
pub(crate) fn flattened(mut frame: RgbaImage, edge: Edge, ground: Ground) -> RgbaImage {
    if let (Edge::Plain(found), Ground::Colour(wanted)) = (edge, ground) {
        flatten(&mut frame, found, wanted);
    }
    frame
}

/// What lies around the piece, and where the piece lies.
type Seen = (Edge, Option<Bounds>);

struct Cut {
    position: usize,
    frames: Vec<((u32, u32), Arc<Picture>)>,
    hero: Option<Hero>,
}

struct Hero {
    placeholder: String,
    colour: Rgb,
    jpeg: Vec<u8>,
}

/// Decodes frames by position, and keeps some.
struct Decoder<'a> {
    source: &'a Source,
    survey: &'a Survey,
    settings: &'a Settings,
    limits: &'a Limits,
    progress: &'a dyn Progress,
    kept: Mutex<HashMap<usize, RgbaImage>>,
    kept_bytes: AtomicU64,
}

impl Decoder<'_> {
    /// Waits until there is memory to decode one more frame.
    fn room_to_decode(&self, position: usize) -> Pass<'_> {
        WORKING.enter(self.raw(position).header.decode_bytes())
    }

    /// Waits until there is memory to decode one more frame, and then to cut it out at no more than so many pixels.
    fn room_to_cut_out(&self, position: usize, px: u32) -> Pass<'_> {
        let header = &self.raw(position).header;
        let cut_out = CutOut::bytes(header.size(), px, self.settings.denoise);
        WORKING.enter(header.decode_bytes().max(cut_out))
    }

    fn raw(&self, position: usize) -> &SurveyedFrame {
        &self.survey.frames[self.settings.raw_frame(position, self.survey.frames.len())]
    }

    /// What was assumed of the frames at these positions, as sentences: in the order of their files.
    fn named(&self, positions: &[usize], remarks: &[Vec<Remark>]) -> Vec<String> {
        let place = |position| self.settings.raw_frame(position, self.survey.frames.len());
        let mut of_files: Vec<(usize, &[Remark])> = positions
            .iter()
            .zip(remarks)
            .map(|(&position, remarks)| (place(position), &remarks[..]))
            .collect();
        of_files.sort_unstable_by_key(|(place, _)| *place);
        let name = |place: usize| self.survey.frames[place].name.as_str();
        remark::sentences(of_files.into_iter().map(|(place, remarks)| (place, name(place), remarks)))
    }

    fn decode(&self, position: usize) -> Result<Decoded, IngestError> {
        if self.progress.is_stopped() {
            return Err(IngestError::Stopped);
        }
        let frame = self.raw(position);
        let bytes = self.source.read(frame.entry)?;
        Ok(decode(&frame.name, &bytes, self.limits)?)
    }

    fn keep(&self, position: usize, frame: RgbaImage) {
        let bytes = frame.as_raw().len() as u64;
        if self.kept_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes <= self.limits.max_kept_bytes {
            self.kept.lock().unwrap_or_else(PoisonError::into_inner).insert(position, frame);
        }
    }

    fn take(&self, position: usize) -> Result<RgbaImage, IngestError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).remove(&position);
        kept.map_or_else(|| Ok(self.decode(position)?.image), Ok)
    }
}

/// What the frames are laid on: what was asked for, as far as the frames allow it.
fn choose_ground(wanted: Option<Ground>, hero: Edge) -> Result<(Ground, Option<String>), IngestError> {
    let shown = match hero {
        Edge::Transparent => Rgb::WHITE,
        Edge::Plain(colour) | Edge::Busy(colour) => colour,
    };
    match (wanted, hero) {
        (None, _) => Ok((Ground::Colour(shown), None)),
        (Some(Ground::Transparent), Edge::Plain(_) | Edge::Busy(_)) => Err(IngestError::Opaque),
        (Some(wanted), Edge::Transparent) => Ok((wanted, None)),
        (Some(wanted), Edge::Plain(_)) if apart(wanted.colour(), shown) <= FLATTENED => Ok((wanted, None)),
        (Some(wanted), _) => {
            let remark = format!(
                "The frames are opaque and show {shown}, which cannot be made {wanted}: their own ground was kept"
            );
            Ok((Ground::Colour(shown), Some(remark)))
        }
    }
}

fn apart(a: Rgb, b: Rgb) -> u8 {
    a.0.iter().zip(b.0).map(|(a, b)| a.abs_diff(b)).max().unwrap_or(0)
}

fn remarks(seen: &[Seen]) -> Vec<String> {
    let mut remarks = Vec::new();
    let transparent = seen.iter().filter(|(edge, _)| *edge == Edge::Transparent).count();
    if transparent > 0 && transparent < seen.len() {
        remarks.push(format!(
            "{transparent} of {} frames have a transparent ground and the others do not: the ground may flicker",
            seen.len()
        ));
    }
    let empty = seen.iter().filter(|(_, bounds)| bounds.is_none()).count();
    if empty > 0 {
        remarks.push(format!("{empty} of {} frames show nothing but ground", seen.len()));
    }
    if matches!(seen.first(), Some((Edge::Busy(_), _))) {
        remarks.push("The ground is uneven, so the frames were not cropped to the piece".to_owned());
    }
    remarks
}
